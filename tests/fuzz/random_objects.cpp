// SPDX-License-Identifier: Apache-2.0
#include "random_objects.hpp"

#include <map>

namespace ksail::fuzz {
namespace {

Json selector(Random &r) {
  Json labels = {{"app", random_name(r)}};
  if (r.percent(20)) labels["tier"] = r.pick({"front", "back"});
  return Json{{"matchLabels", labels}};
}

Json pod_template(Random &r) {
  Json metadata = Json::object();
  if (r.percent(80)) metadata["labels"] = {{"app", random_name(r)}};
  if (r.percent(15)) metadata["annotations"] = random_pairs(r);
  if (r.percent(5)) metadata["creationTimestamp"] = nullptr;
  Json result = Json::object();
  if (!metadata.empty() || r.percent(20)) result["metadata"] = metadata;
  result["spec"] = random_pod_spec(r);
  return result;
}

Json env(Random &r) {
  Json list = Json::array();
  for (auto n = r.between(1, 3); n > 0; --n) {
    Json item = {{"name", r.pick({"A", "B", "PATH_X", "URL", "N"})}};
    switch (r.below(6)) {
    case 0:
      item["valueFrom"] = {{"configMapKeyRef", {{"name", random_name(r)}, {"key", random_key(r)}}}};
      break;
    case 1:
      item["valueFrom"] = {{"secretKeyRef", {{"name", random_name(r)}, {"key", random_key(r)}}}};
      break;
    case 2:
      item["valueFrom"] = {{"fieldRef", {{"fieldPath", "metadata.name"}}}};
      break;
    case 3:
      item["value"] = r.pick({"$(VAR_A)", "http://$(VAR_B):80/$(VAR_A)", "$$(VAR_A)", "$(A)"});
      break;
    default:
      item["value"] = random_value(r);
    }
    list.push_back(item);
  }
  return list;
}

Json ports(Random &r, const char *number) {
  Json list = Json::array();
  for (auto n = r.between(1, 3); n > 0; --n) {
    Json item = {{number, r.pick(std::vector<int>{80, 443, 8080, 53})}};
    if (r.percent(50)) item["name"] = r.pick({"http", "https", "dns"});
    if (r.percent(35)) item["protocol"] = r.pick({"TCP", "UDP"});
    list.push_back(item);
  }
  return list;
}

Json container(Random &r) {
  Json c = {{"name", r.pick({"web", "side", "init", "db"})}};
  if (r.percent(95)) c["image"] = random_image(r);
  if (r.percent(40)) c["env"] = env(r);
  if (r.percent(15))
    c["envFrom"] = Json::array({r.percent(50) ? Json{{"configMapRef", {{"name", random_name(r)}}}}
                                              : Json{{"secretRef", {{"name", random_name(r)}}}}});
  if (r.percent(40)) c["ports"] = ports(r, "containerPort");
  if (r.percent(20)) c["args"] = {"--x=" + random_key(r), "$(VAR_A)", "--name=$(VAR_B).$(VAR_C)"};
  if (r.percent(10)) c["command"] = {"sh", "-c", "echo a\necho b\n"};
  if (r.percent(20)) c["resources"] = {{"limits", {{"cpu", raw(r.pick({"1", "0.5", "500m"}))}, {"memory", "1Gi"}}}};
  if (r.percent(25)) c["volumeMounts"] = Json::array({{{"name", random_name(r)}, {"mountPath", r.pick({"/a", "/b"})}}});
  if (r.percent(5)) c["securityContext"] = Json::object();
  return c;
}

Json containers(Random &r) {
  Json list = Json::array();
  for (auto n = r.between(1, 2); n > 0; --n)
    list.push_back(container(r));
  return list;
}

Json volume(Random &r) {
  Json v = {{"name", random_name(r)}};
  switch (r.below(6)) {
  case 0:
    v["configMap"] = {{"name", random_name(r)}};
    break;
  case 1:
    v["secret"] = {{"secretName", random_name(r)}};
    break;
  case 2:
    v["persistentVolumeClaim"] = {{"claimName", random_name(r)}};
    break;
  case 3:
    v["projected"] = {{"sources", Json::array({{{"configMap", {{"name", random_name(r)}}}},
                                               {{"secret", {{"name", random_name(r)}}}}})}};
    break;
  case 4:
    v["image"] = {{"reference", random_image(r)}};
    break;
  default:
    v["emptyDir"] = Json::object();
  }
  return v;
}

Json role_rules(Random &r) {
  Json rule = {{"apiGroups", {""}}, {"resources", {r.pick({"secrets", "configmaps", "pods"})}}, {"verbs", {"get"}}};
  if (r.percent(60)) rule["resourceNames"] = {random_name(r), random_name(r)};
  return Json::array({rule});
}

Json subjects(Random &r) {
  Json list = Json::array();
  for (auto n = r.between(1, 2); n > 0; --n) {
    Json s = {{"kind", r.pick({"ServiceAccount", "ServiceAccount", "User", "Group"})},
              {"name", r.percent(30) ? "default" : random_name(r)}};
    if (r.percent(60)) s["namespace"] = random_namespace(r);
    list.push_back(s);
  }
  return list;
}

Json ingress_spec(Random &r, bool v1) {
  const Json backend = v1 ? Json{{"service", {{"name", random_name(r)}, {"port", {{"number", 80}}}}}}
                          : Json{{"serviceName", random_name(r)}, {"servicePort", 80}};
  Json rule = {{"host", r.pick({"a.example.com", "$(VAR_A).example.com"})},
               {"http", {{"paths", Json::array({{{"path", "/"}, {"pathType", "Prefix"}, {"backend", backend}}})}}}};
  Json spec = {{"rules", Json::array({rule})}};
  if (r.percent(40)) spec["tls"] = Json::array({{{"hosts", {"a.example.com"}}, {"secretName", random_name(r)}}});
  if (r.percent(20)) spec[v1 ? "defaultBackend" : "backend"] = backend;
  if (r.percent(20)) spec["ingressClassName"] = random_name(r);
  return spec;
}

Json webhooks(Random &r) {
  return Json::array(
      {{{"name", "a.example.com"},
        {"clientConfig",
         {{"service", {{"name", random_name(r)}, {"namespace", random_namespace(r)}, {"path", "/x"}}}}}}});
}

Json custom_resource_definition(Random &r) {
  Json spec = {{"group", "example.com"},
               {"names", {{"kind", "Widget"}, {"plural", "widgets"}}},
               {"scope", "Namespaced"},
               {"versions", Json::array({{{"name", "v1"}, {"served", true}, {"storage", true}}})}};
  if (r.percent(40))
    spec["conversion"] = {
        {"strategy", "Webhook"},
        {"webhook", {{"clientConfig", {{"service", {{"name", random_name(r)}, {"namespace", random_namespace(r)}}}}}}}};
  return spec;
}

Json widget(Random &r) {
  Json spec = {{"size", random_value(r)},
               {"configRef", {{"name", random_name(r)}}},
               {"parts", Json::array({{{"name", "a"}, {"v", random_value(r)}}, {{"name", "b"}}})}};
  if (r.percent(30)) spec["template"] = {{"spec", random_pod_spec(r)}};
  if (r.percent(20)) spec["selector"] = {{"matchLabels", {{"app", random_name(r)}}}};
  return spec;
}

Json data(Random &r, bool base64) {
  Json map = Json::object();
  for (auto n = r.between(0, 3); n > 0; --n)
    map[random_key(r)] = base64 ? Json(r.pick({"cQ==", "aGVsbG8=", ""})) : random_value(r);
  return map;
}

/// Everything of a workload but its kind.
Json workload_spec(Random &r, bool replicas) {
  Json spec = Json::object();
  if (replicas && r.percent(60)) spec["replicas"] = r.between(0, 5);
  if (r.percent(85)) spec["selector"] = selector(r);
  spec["template"] = pod_template(r);
  return spec;
}

using Make = void (*)(Random &, Json &);
const std::map<std::string, Make> kMakers = {
    {"v1 Pod", [](Random &r, Json &o) { o["spec"] = random_pod_spec(r); }},
    {"v1 PodTemplate", [](Random &r, Json &o) { o["template"] = pod_template(r); }},
    {"apps/v1 Deployment",
     [](Random &r, Json &o) {
       o["spec"] = workload_spec(r, true);
       if (r.percent(20)) o["spec"]["strategy"] = {{"type", "Recreate"}};
     }},
    {"apps/v1 ReplicaSet", [](Random &r, Json &o) { o["spec"] = workload_spec(r, true); }},
    {"apps/v1 DaemonSet", [](Random &r, Json &o) { o["spec"] = workload_spec(r, false); }},
    {"apps/v1 StatefulSet",
     [](Random &r, Json &o) {
       o["spec"] = workload_spec(r, true);
       o["spec"]["serviceName"] = random_name(r);
       if (r.percent(40))
         o["spec"]["volumeClaimTemplates"] = Json::array(
             {{{"metadata", {{"name", random_name(r)}}}, {"spec", {{"storageClassName", random_name(r)}}}}});
     }},
    {"v1 ReplicationController",
     [](Random &r, Json &o) {
       o["spec"] = workload_spec(r, true);
       o["spec"]["selector"] = {{"app", random_name(r)}};
     }},
    {"batch/v1 Job", [](Random &r, Json &o) { o["spec"] = workload_spec(r, false); }},
    {"batch/v1 CronJob",
     [](Random &r, Json &o) {
       o["spec"] = {{"schedule", "* * * * *"}, {"jobTemplate", {{"spec", {{"template", pod_template(r)}}}}}};
     }},
    {"batch/v1beta1 CronJob",
     [](Random &r, Json &o) { o["spec"] = {{"jobTemplate", {{"spec", {{"template", pod_template(r)}}}}}}; }},
    {"v1 Service",
     [](Random &r, Json &o) {
       o["spec"] = {{"ports", ports(r, "port")}};
       if (r.percent(80)) o["spec"]["selector"] = {{"app", random_name(r)}};
     }},
    {"v1 ConfigMap",
     [](Random &r, Json &o) {
       if (r.percent(90)) o["data"] = data(r, false);
       if (r.percent(10)) o["immutable"] = true;
     }},
    {"v1 Secret",
     [](Random &r, Json &o) {
       if (r.percent(80)) o["data"] = data(r, true);
       if (r.percent(20)) o["stringData"] = data(r, false);
       if (r.percent(50)) o["type"] = "Opaque";
     }},
    {"v1 ServiceAccount",
     [](Random &r, Json &o) {
       if (r.percent(30)) o["imagePullSecrets"] = Json::array({{{"name", random_name(r)}}});
       if (r.percent(20)) o["secrets"] = Json::array({{{"name", random_name(r)}}});
     }},
    {"v1 Namespace", [](Random &, Json &) {}},
    {"v1 PersistentVolumeClaim",
     [](Random &r, Json &o) { o["spec"] = {{"storageClassName", random_name(r)}, {"volumeName", random_name(r)}}; }},
    {"v1 PersistentVolume",
     [](Random &r, Json &o) {
       o["spec"] = {{"storageClassName", random_name(r)}, {"nfs", {{"server", "$(VAR_A)"}, {"path", "/"}}}};
     }},
    {"storage.k8s.io/v1 StorageClass",
     [](Random &r, Json &o) {
       o["provisioner"] = "example.com/x";
       if (r.percent(40)) o["parameters"] = {{"secretName", random_name(r)}};
     }},
    {"scheduling.k8s.io/v1 PriorityClass", [](Random &, Json &o) { o["value"] = 1000; }},
    {"networking.k8s.io/v1 IngressClass", [](Random &, Json &o) { o["spec"] = {{"controller", "example.com/x"}}; }},
    {"rbac.authorization.k8s.io/v1 Role", [](Random &r, Json &o) { o["rules"] = role_rules(r); }},
    {"rbac.authorization.k8s.io/v1 ClusterRole",
     [](Random &r, Json &o) {
       o["rules"] = role_rules(r);
       if (r.percent(20)) o["aggregationRule"] = {{"clusterRoleSelectors", Json::array({selector(r)})}};
     }},
    {"rbac.authorization.k8s.io/v1 RoleBinding",
     [](Random &r, Json &o) {
       o["roleRef"] = {{"apiGroup", "rbac.authorization.k8s.io"},
                       {"kind", r.pick({"Role", "ClusterRole"})},
                       {"name", random_name(r)}};
       o["subjects"] = subjects(r);
     }},
    {"rbac.authorization.k8s.io/v1 ClusterRoleBinding",
     [](Random &r, Json &o) {
       o["roleRef"] = {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "ClusterRole"}, {"name", random_name(r)}};
       o["subjects"] = subjects(r);
     }},
    {"networking.k8s.io/v1 Ingress", [](Random &r, Json &o) { o["spec"] = ingress_spec(r, true); }},
    {"networking.k8s.io/v1beta1 Ingress", [](Random &r, Json &o) { o["spec"] = ingress_spec(r, false); }},
    {"networking.k8s.io/v1 NetworkPolicy",
     [](Random &r, Json &o) {
       o["spec"] = {{"podSelector", r.percent(70) ? selector(r) : Json::object()}};
       if (r.percent(50))
         o["spec"]["ingress"] = Json::array({{{"from", Json::array({{{"podSelector", selector(r)}}})}}});
     }},
    {"policy/v1 PodDisruptionBudget",
     [](Random &r, Json &o) { o["spec"] = {{"minAvailable", 1}, {"selector", selector(r)}}; }},
    {"autoscaling/v2 HorizontalPodAutoscaler",
     [](Random &r, Json &o) {
       o["spec"] = {
           {"scaleTargetRef",
            {{"apiVersion", "apps/v1"}, {"kind", r.pick({"Deployment", "StatefulSet"})}, {"name", random_name(r)}}},
           {"maxReplicas", 3}};
     }},
    {"apiregistration.k8s.io/v1 APIService",
     [](Random &r, Json &o) {
       o["spec"] = {{"service", {{"name", random_name(r)}, {"namespace", random_namespace(r)}}}};
     }},
    {"admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration",
     [](Random &r, Json &o) { o["webhooks"] = webhooks(r); }},
    {"admissionregistration.k8s.io/v1 MutatingWebhookConfiguration",
     [](Random &r, Json &o) { o["webhooks"] = webhooks(r); }},
    {"apiextensions.k8s.io/v1 CustomResourceDefinition",
     [](Random &r, Json &o) { o["spec"] = custom_resource_definition(r); }},
    {"example.com/v1 Widget", [](Random &r, Json &o) { o["spec"] = widget(r); }},
};

} // namespace

std::string random_kind(Random &r) {
  if (r.percent(60)) {
    return r.pick({"apps/v1 Deployment", "apps/v1 Deployment", "apps/v1 StatefulSet", "v1 Service", "v1 ConfigMap",
                   "v1 Secret", "v1 ServiceAccount", "rbac.authorization.k8s.io/v1 RoleBinding",
                   "example.com/v1 Widget"});
  }
  auto at = kMakers.begin();
  std::advance(at, r.below(kMakers.size()));
  return at->first;
}

Json random_object(Random &r, const std::string &kind, const std::string &name, const std::string &ns) {
  const auto space = kind.find(' ');
  Json metadata = {{"name", name}};
  if (!ns.empty()) metadata["namespace"] = ns;
  if (r.percent(35)) metadata["labels"] = random_pairs(r);
  if (r.percent(20)) metadata["annotations"] = random_pairs(r);
  if (r.percent(2)) metadata["annotations"] = Json::object();
  if (r.percent(2)) metadata["creationTimestamp"] = nullptr;
  if (r.percent(3)) metadata["finalizers"] = {"a.example.com/x", "b"};
  if (r.percent(2)) metadata["annotations"]["config.kubernetes.io/local-config"] = r.pick({"true", "false"});
  Json object = {{"apiVersion", kind.substr(0, space)}, {"kind", kind.substr(space + 1)}, {"metadata", metadata}};
  if (const auto maker = kMakers.find(kind); maker != kMakers.end()) {
    maker->second(r, object);
  }
  return object;
}

std::string random_name(Random &r) { return r.pick({"web", "api", "db", "cache", "settings", "keys"}); }
std::string random_namespace(Random &r) { return r.pick({"shop", "prod", "default", "system"}); }
std::string random_key(Random &r) {
  return r.pick({"a", "b", "color", "size", "app.properties", "k8s.io-x", "n", "Y2", "url"});
}

std::string random_image(Random &r) {
  std::string image = r.pick({"nginx", "busybox", "reg.io/shop/web", "reg.io:5000/shop/web", "web", "localhost/x"});
  if (r.percent(70)) image += ":" + r.pick({"1.0", "latest", "v2-alpine", "1"});
  if (r.percent(10)) image += "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  return image;
}

Json random_value(Random &r) {
  if (r.percent(45)) return r.pick({"red", "a b", "x=1,y=2", "http://example.com:80/x?y=1", "value-1", "B"});
  if (r.percent(30))
    return r.pick({"",
                   "1",
                   "true",
                   "yes",
                   "010",
                   "1e3",
                   "0x1F",
                   "1:30",
                   "2001-01-01",
                   "~",
                   "null",
                   " x",
                   "x ",
                   "- a",
                   "a: b",
                   "#c",
                   "'q'",
                   "\"q\"",
                   "*star",
                   "&and",
                   "{a}",
                   "a #b",
                   "a\nb\n",
                   "line one\n  line two",
                   "t\tb",
                   "é",
                   "日本語",
                   "😀",
                   "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"});
  if (r.percent(50))
    return raw(r.pick({"yes", "on", "y", "N", "1_000", "0o17", "010", "1.50", "2001-01-01", "1e3", ".5", "0b1"}));
  switch (r.below(4)) {
  case 0:
    return r.percent(50);
  case 1:
    return r.between(0, 100000);
  case 2:
    return 0.25 * static_cast<double>(r.below(100));
  default:
    return r.percent(30) ? Json(nullptr) : Json(9007199254740991);
  }
}

Json random_pairs(Random &r) {
  Json map = Json::object();
  for (auto n = r.between(1, 3); n > 0; --n) {
    map[r.pick({"app", "tier", "team", "example.com/x", "version", "n"})] =
        r.percent(90) ? Json(r.pick({"web", "front", "a", "b", "1", "true", "x y", ""})) : random_value(r);
  }
  return map;
}

Json random_pod_spec(Random &r) {
  Json spec = Json::object();
  if (r.percent(10)) spec["initContainers"] = containers(r);
  spec["containers"] = containers(r);
  if (r.percent(40)) {
    spec["volumes"] = Json::array();
    for (auto n = r.between(1, 2); n > 0; --n)
      spec["volumes"].push_back(volume(r));
  }
  if (r.percent(25)) spec["serviceAccountName"] = random_name(r);
  if (r.percent(10)) spec["imagePullSecrets"] = Json::array({{{"name", random_name(r)}}});
  if (r.percent(8)) spec["priorityClassName"] = random_name(r);
  if (r.percent(8)) spec["tolerations"] = Json::array({{{"key", "a"}, {"operator", "Exists"}}});
  if (r.percent(8))
    spec["topologySpreadConstraints"] = Json::array(
        {{{"topologyKey", "zone"}, {"whenUnsatisfiable", "DoNotSchedule"}, {"labelSelector", selector(r)}}});
  if (r.percent(8))
    spec["affinity"] = {
        {"podAntiAffinity",
         {{"requiredDuringSchedulingIgnoredDuringExecution",
           Json::array({{{"labelSelector", selector(r)}, {"topologyKey", "kubernetes.io/hostname"}}})}}}};
  if (r.percent(5)) spec["hostAliases"] = Json::array({{{"ip", "10.0.0.1"}, {"hostnames", {"a"}}}});
  if (r.percent(5)) spec["nodeSelector"] = random_pairs(r);
  return spec;
}

} // namespace ksail::fuzz

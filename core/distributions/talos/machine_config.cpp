// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos/machine_config.hpp"

#include "kubernetes/base64.hpp"

namespace ksail::talos {

namespace {

using kubernetes::encode_base64;

/// The authority of the field; a worker gets no key, but an empty text in its place.
YamlNode authority(const pki::KeyPair &pair, bool with_key) {
  return mapping({{"crt", text(encode_base64(pair.certificate_pem))},
                  {"key", with_key ? text(encode_base64(pair.key_pem)) : YamlNode::string("")}});
}

std::string host_of(const std::string &url) {
  auto begin = url.find("://");
  begin = begin == std::string::npos ? 0 : begin + 3;
  if (begin < url.size() && url[begin] == '[') return url.substr(begin + 1, url.find(']', begin) - begin - 1);
  return url.substr(begin, url.find_first_of(":/", begin) - begin);
}

YamlNode features(Contract contract, bool kube_prism) {
  YamlNode node = YamlNode::mapping();
  if (contract.minor <= 11) {
    node.set("rbac", boolean(true));
    node.set("stableHostname", boolean(true));
    node.set("apidCheckExtKeyUsage", boolean(true));
  }
  node.set("diskQuotaSupport", boolean(true));
  node.set("kubePrism", mapping({{"enabled", boolean(kube_prism)}, {"port", number(7445)}}));
  node.set("hostDNS", mapping({{"enabled", boolean(true)}, {"forwardKubeDNSToHost", boolean(true)}}));
  return node;
}

YamlNode install(const ClusterConfig &cluster) {
  YamlNode node = YamlNode::mapping();
  if (!cluster.install_disk.empty()) node.set("disk", text(cluster.install_disk));
  if (!cluster.install_image.empty()) node.set("image", text(cluster.install_image));
  node.set("wipe", boolean(false));
  if (cluster.contract.minor >= 12) node.set("grubUseUKICmdline", boolean(true));
  return node;
}

YamlNode machine(const ClusterConfig &cluster, const SecretsBundle &secrets, const NodeImages &images,
                 bool control_plane) {
  YamlNode node = YamlNode::mapping();
  node.set("type", text(control_plane ? "controlplane" : "worker"));
  node.set("token", text(secrets.trustd_token));
  node.set("ca", authority(secrets.os, control_plane));
  node.set("certSANs", texts(cluster.cert_sans));
  YamlNode kubelet = mapping({{"image", text(images.kubelet)},
                              {"defaultRuntimeSeccompProfileEnabled", boolean(true)},
                              {"disableManifestsDirectory", boolean(true)}});
  if (cluster.quick_control_plane && control_plane)
    kubelet.set("extraConfig", mapping({{"httpCheckFrequency", text("1s")}, {"syncFrequency", text("10s")}}));
  node.set("kubelet", std::move(kubelet));
  if (cluster.contract.minor <= 12) node.set("network", YamlNode::mapping());
  node.set("install", install(cluster));
  if (!cluster.mirrors.empty() && cluster.contract.minor <= 11) {
    YamlNode mirrors = YamlNode::mapping();
    for (const auto &mirror : cluster.mirrors)
      mirrors.set(mirror.registry, mapping({{"endpoints", texts(mirror.endpoints)}}));
    node.set("registries", mapping({{"mirrors", std::move(mirrors)}}));
  }
  node.set("features", features(cluster.contract, cluster.kube_prism));
  if (control_plane)
    node.set("nodeLabels",
             mapping({{"node.kubernetes.io/exclude-from-external-load-balancers", YamlNode::string("")}}));
  return node;
}

/// Pods may be restricted or baseline by default, as Talos sets it.
YamlNode admission_control() {
  YamlNode defaults = mapping({{"audit", text("restricted")},
                               {"audit-version", text("latest")},
                               {"enforce", text("baseline")},
                               {"enforce-version", text("latest")},
                               {"warn", text("restricted")},
                               {"warn-version", text("latest")}});
  YamlNode exemptions = mapping({{"namespaces", sequence({text("kube-system")})},
                                 {"runtimeClasses", YamlNode::sequence()},
                                 {"usernames", YamlNode::sequence()}});
  YamlNode configuration = mapping({{"apiVersion", text("pod-security.admission.config.k8s.io/v1alpha1")},
                                    {"defaults", std::move(defaults)},
                                    {"exemptions", std::move(exemptions)},
                                    {"kind", text("PodSecurityConfiguration")}});
  return sequence({mapping({{"name", text("PodSecurity")}, {"configuration", std::move(configuration)}})});
}

YamlNode api_server(const ClusterConfig &cluster, const NodeImages &images) {
  YamlNode node = mapping({{"image", text(images.api_server)}});
  std::vector<std::string> names = cluster.cert_sans;
  if (cluster.contract.minor <= 11) names.insert(names.begin(), host_of(cluster.endpoint));
  if (!names.empty()) node.set("certSANs", texts(names));
  if (cluster.contract.minor <= 11) node.set("disablePodSecurityPolicy", boolean(true));
  node.set("admissionControl", admission_control());
  node.set("auditPolicy", mapping({{"apiVersion", text("audit.k8s.io/v1")},
                                   {"kind", text("Policy")},
                                   {"rules", sequence({mapping({{"level", text("Metadata")}})})}}));
  return node;
}

/// What starts together with the API server and asks it for its own configuration at once.
YamlNode before_the_api_server(const ClusterConfig &cluster, const std::string &image) {
  YamlNode node = mapping({{"image", text(image)}});
  if (cluster.quick_control_plane)
    node.set("extraArgs", mapping({{"authentication-tolerate-lookup-failure", YamlNode::string("true")}}));
  return node;
}

YamlNode network(const ClusterConfig &cluster) {
  YamlNode node = YamlNode::mapping();
  if (cluster.cni != "flannel") {
    YamlNode cni = mapping({{"name", text(cluster.cni)}});
    if (!cluster.cni_urls.empty()) cni.set("urls", texts(cluster.cni_urls));
    node.set("cni", std::move(cni));
  }
  node.set("dnsDomain", text(cluster.dns_domain));
  node.set("podSubnets", texts(cluster.pod_subnets));
  node.set("serviceSubnets", texts(cluster.service_subnets));
  return node;
}

YamlNode discovery() {
  YamlNode registries =
      mapping({{"kubernetes", mapping({{"disabled", boolean(true)}})}, {"service", YamlNode::mapping()}});
  return mapping({{"enabled", boolean(true)}, {"registries", std::move(registries)}});
}

YamlNode cluster_section(const ClusterConfig &cluster, const SecretsBundle &secrets, const NodeImages &images,
                         bool control_plane) {
  YamlNode node = YamlNode::mapping();
  node.set("id", text(secrets.cluster_id));
  node.set("secret", text(secrets.cluster_secret));
  node.set("controlPlane", mapping({{"endpoint", text(cluster.endpoint)}}));
  node.set("clusterName", text(cluster.cluster_name));
  node.set("network", network(cluster));
  node.set("token", text(secrets.bootstrap_token));
  if (control_plane) {
    if (!secrets.secretbox_secret.empty()) node.set("secretboxEncryptionSecret", text(secrets.secretbox_secret));
    if (!secrets.aescbc_secret.empty()) node.set("aescbcEncryptionSecret", text(secrets.aescbc_secret));
  }
  node.set("ca", authority(secrets.k8s, control_plane));
  if (!control_plane) {
    node.set("discovery", discovery());
    return node;
  }
  node.set("aggregatorCA", authority(secrets.aggregator, true));
  node.set("serviceAccount", mapping({{"key", text(encode_base64(secrets.service_account_key))}}));
  node.set("apiServer", api_server(cluster, images));
  node.set("controllerManager", before_the_api_server(cluster, images.controller_manager));
  node.set("proxy", mapping({{"image", text(images.proxy)}}));
  node.set("scheduler", before_the_api_server(cluster, images.scheduler));
  node.set("discovery", discovery());
  YamlNode etcd = YamlNode::mapping();
  if (!images.etcd.empty()) etcd.set("image", text(images.etcd));
  etcd.set("ca", authority(secrets.etcd, true));
  node.set("etcd", std::move(etcd));
  if (!images.coredns.empty()) node.set("coreDNS", mapping({{"image", text(images.coredns)}}));
  if (!cluster.inline_manifests.empty()) {
    YamlNode manifests = YamlNode::sequence();
    for (const auto &[name, contents] : cluster.inline_manifests)
      manifests.items.push_back(mapping({{"name", text(name)}, {"contents", YamlNode::string(contents)}}));
    node.set("inlineManifests", std::move(manifests));
  }
  if (cluster.allow_scheduling_on_control_planes) node.set("allowSchedulingOnControlPlanes", boolean(true));
  return node;
}

} // namespace

Documents machine_config(const ClusterConfig &cluster, const SecretsBundle &secrets, MachineType type) {
  const bool control_plane = type == MachineType::controlplane;
  // The images that Talos' own generator writes down; the others stay away, and the Talos that boots takes its own.
  NodeImages images = node_images(cluster.contract, cluster.kubernetes_version);
  images.etcd = cluster.images.etcd;
  images.coredns = cluster.images.coredns;
  for (const auto field : {&NodeImages::kubelet, &NodeImages::api_server, &NodeImages::controller_manager,
                           &NodeImages::scheduler, &NodeImages::proxy})
    if (!(cluster.images.*field).empty()) images.*field = cluster.images.*field;

  Documents documents;
  YamlNode main = mapping({{"version", text("v1alpha1")}, {"debug", boolean(false)}, {"persist", boolean(true)}});
  main.set("machine", machine(cluster, secrets, images, control_plane));
  main.set("cluster", cluster_section(cluster, secrets, images, control_plane));
  documents.push_back(std::move(main));
  if (cluster.contract.minor >= 12) {
    documents.push_back(
        mapping({{"apiVersion", text("v1alpha1")}, {"kind", text("HostnameConfig")}, {"auto", text("stable")}}));
    for (const auto &mirror : cluster.mirrors) {
      YamlNode endpoints = YamlNode::sequence();
      for (const auto &url : mirror.endpoints)
        endpoints.items.push_back(mapping({{"url", text(url)}}));
      documents.push_back(mapping({{"apiVersion", text("v1alpha1")},
                                   {"kind", text("RegistryMirrorConfig")},
                                   {"name", text(mirror.registry)},
                                   {"endpoints", std::move(endpoints)}}));
    }
  }
  return documents;
}

} // namespace ksail::talos

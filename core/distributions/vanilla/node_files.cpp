// SPDX-License-Identifier: Apache-2.0
#include "distributions/vanilla/node_files.hpp"

#include "distributions/registries.hpp"
#include "distributions/vanilla/node_scripts.hpp"

namespace ksail::vanilla {

namespace {

constexpr const char *image_layers = "/kind/ksail/image-layers";

nlohmann::json node_settings(const ClusterSpec &spec, const NodeIdentity &node) {
  using nlohmann::json;
  // systemd is the first process, and pods are containers in a container: what they write needs a real file system.
  json settings = {
      {"hostname", node.name},
      {"privileged", true},
      {"tty", true},
      {"init", false},
      {"cgroup_namespace", "private"},
      {"security_options", {"seccomp=unconfined", "apparmor=unconfined"}},
      {"tmpfs", {"/tmp", "/run"}},
      {"volumes",
       {std::string(snapshotter_folder) + ":empty", "/var/lib/kubelet", "/var/log", "/var/local-path-provisioner"}},
      {"mounts", json::array({{{"source", "/lib/modules"}, {"target", "/lib/modules"}, {"options", {"ro"}}}})},
      {"address", node.address},
      // A node comes up with the host again, unless it was stopped; "on-failure" would start it even then, as systemd
      // ends with another code than 0.
      {"restart", {{"policy", "unless-stopped"}}}};
  if (node.control_plane) {
    settings["volumes"].push_back("/var/lib/etcd");
    settings["env"] = {{"KUBECONFIG", "/etc/kubernetes/admin.conf"}};
    // Behind a load balancer it is that which has the port that was asked for.
    settings["ports"] = json::array({{{"container", api_port},
                                      {"host", spec.control_planes == 1 ? spec.api_host_port : 0},
                                      {"host_address", spec.api_host_address},
                                      {"protocol", "tcp"}}});
  }
  return settings;
}

} // namespace

void add_file(NodeTemplate &node, std::string path, std::string content, unsigned mode) {
  NodeFile file;
  file.path = std::move(path);
  file.content = std::move(content);
  file.mode = mode;
  node.files.push_back(std::move(file));
}

void add_link(NodeTemplate &node, std::string path, std::string target) {
  NodeFile file;
  file.path = std::move(path);
  file.symlink = std::move(target);
  node.files.push_back(std::move(file));
}

void add_script(NodeTemplate &node, const std::string &name, const std::string &description, std::string text,
                bool blocking, const std::string &before) {
  const std::string script = std::string(script_folder) + "/" + name;
  const std::string unit = "ksail-" + name + ".service";
  add_file(node, script, std::move(text), 0755);
  add_file(node, "/etc/systemd/system/" + unit, unit_text(description, script, blocking, before));
  add_link(node, "/etc/systemd/system/multi-user.target.wants/" + unit, "/etc/systemd/system/" + unit);
}

NodeTemplate node_template(const ConfigInput &config, const NodeIdentity &identity, const std::string &image) {
  NodeTemplate node;
  node.name = identity.name;
  node.role = identity.control_plane ? "control-plane" : "worker";
  node.image = image;
  node.settings = node_settings(config.spec, identity);
  return node;
}

void add_kubelet_files(NodeTemplate &node, const ConfigInput &config, const NodeIdentity &identity,
                       const std::string &ca_pem, const pki::KeyPair &client, const std::string &pod_range) {
  if (!identity.control_plane) add_file(node, "/etc/kubernetes/pki/ca.crt", ca_pem);
  // The kubelet renews this certificate by itself, into a new file beside it.
  const std::string pem = "/var/lib/kubelet/pki/kubelet-client-initial.pem";
  add_file(node, pem, client.certificate_pem + client.key_pem, 0600);
  add_link(node, "/var/lib/kubelet/pki/kubelet-client-current.pem", pem);
  add_file(node, "/etc/kubernetes/kubelet.conf",
           kubelet_kubeconfig_text(config.spec.name, identity.name, "https://" + config.endpoint, ca_pem), 0600);
  add_file(node, "/var/lib/kubelet/config.yaml", kubelet_config(config));
  add_file(node, "/var/lib/kubelet/instance-config.yaml",
           "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\ncontainerRuntimeEndpoint: "
           "unix:///run/containerd/containerd.sock\n");
  add_file(node, "/var/lib/kubelet/kubeadm-flags.env", kubelet_flags(identity));
  add_file(node, "/kind/kubeadm.conf", kubeadm_config(config, identity), 0600);
  add_file(node, image_layers, image_layers_script(), 0755);
  add_file(node, "/etc/systemd/system/containerd.service.d/20-ksail.conf",
           std::string("[Service]\nExecStartPre=") + image_layers + "\n");
  // Without the runtime the kubelet would only fail and be started again a second later.
  add_file(node, "/etc/systemd/system/kubelet.service.d/20-ksail.conf", "[Unit]\nAfter=containerd.service\n");
  for (auto &file : containerd_registry_files(config.spec))
    node.files.push_back(std::move(file));
  if (!pod_range.empty()) add_file(node, "/etc/cni/net.d/10-kindnet.conflist", cni_config(pod_range));
}

void add_worker_files(NodeTemplate &node, const std::string &service_address, const std::string &api_address) {
  add_script(node, "detour", "The API server's Service until kube-proxy is there",
             detour_script(service_address, api_address), false, "");
  add_script(node, "join", "Waiting for the API server", worker_script(api_address), true, "kubelet.service");
}

} // namespace ksail::vanilla

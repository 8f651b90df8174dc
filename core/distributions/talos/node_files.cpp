// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos/node_files.hpp"

#include "distributions/vanilla/kubeadm_config.hpp"
#include "kubernetes/base64.hpp"

namespace ksail::talos {

namespace {

constexpr const char *certificate_file = "/var/lib/kubelet/pki/kubelet-client-current.pem";

NodeFile file(std::string path, unsigned mode, std::string content) {
  NodeFile made;
  made.path = std::move(path);
  made.mode = mode;
  made.content = std::move(content);
  return made;
}

} // namespace

Result<std::vector<NodeFile>> kubelet_files(const SecretsBundle &secrets, const std::string &node_name) {
  auto client = issue_kubelet_client(secrets, node_name);
  if (!client) return client.error();
  // The kubelet renews the certificate by itself: a new file, and a link in place of the first name. It refuses to put
  // a link where a file is, hence a link from the beginning.
  const std::string pem = "/var/lib/kubelet/pki/kubelet-client-initial.pem";
  using nlohmann::json;
  const json cluster = {{"certificate-authority-data", kubernetes::encode_base64(secrets.k8s.certificate_pem)},
                        {"server", "https://localhost:6443"}};
  const json user = {{"client-certificate", certificate_file}, {"client-key", certificate_file}};
  const json config = {
      {"apiVersion", "v1"},
      {"kind", "Config"},
      {"clusters", json::array({{{"name", "default-cluster"}, {"cluster", cluster}}})},
      {"users", json::array({{{"name", "default-auth"}, {"user", user}}})},
      {"contexts", json::array({{{"name", "default-context"},
                                 {"context", {{"cluster", "default-cluster"}, {"user", "default-auth"}}}}})},
      {"current-context", "default-context"}};
  std::vector<NodeFile> files;
  files.push_back(file(pem, 0600, client->certificate_pem + client->key_pem));
  NodeFile link;
  link.path = certificate_file;
  link.symlink = pem;
  files.push_back(std::move(link));
  files.push_back(file("/etc/kubernetes/kubeconfig-kubelet", 0600, config.dump(2) + "\n"));
  return files;
}

NodeFile network_file(const std::string &pod_range) {
  return file("/etc/cni/net.d/10-kindnet.conflist", 0644, vanilla::cni_config(pod_range));
}

} // namespace ksail::talos

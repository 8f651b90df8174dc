// SPDX-License-Identifier: Apache-2.0
#include "distributions/vanilla/credentials.hpp"

#include "distributions/addresses.hpp"
#include "kubernetes/base64.hpp"

namespace ksail::vanilla {

namespace {

pki::CertificateRequest client_request(std::string name, std::vector<std::string> organizations) {
  pki::CertificateRequest request;
  request.common_name = std::move(name);
  request.organizations = std::move(organizations);
  request.client = true;
  return request;
}

using Files = std::vector<std::pair<std::string, std::string>>;

/// Issues and appends <name>.crt and <name>.key.
Result<void> add(Files &files, const pki::Authority &authority, const std::string &name,
                 const pki::CertificateRequest &request) {
  auto pair = authority.issue(request);
  if (!pair) return pair.error();
  files.emplace_back(name + ".crt", std::move(pair->certificate_pem));
  files.emplace_back(name + ".key", std::move(pair->key_pem));
  return {};
}

} // namespace

Result<Credentials> Credentials::create(const CredentialsInput &input) {
  auto cluster = pki::Authority::create("kubernetes");
  if (!cluster) return cluster.error();
  auto front_proxy = pki::Authority::create("front-proxy-ca");
  if (!front_proxy) return front_proxy.error();
  auto etcd = pki::Authority::create("etcd-ca");
  if (!etcd) return etcd.error();
  const auto shared = [](pki::Authority &authority) {
    return std::make_shared<const pki::Authority>(std::move(authority));
  };
  Credentials made(input, shared(*cluster), shared(*front_proxy), shared(*etcd));
  auto signing = pki::make_signing_key();
  if (!signing) return signing.error();
  made.service_accounts_ = std::move(*signing);
  auto admin = made.cluster_->issue(client_request("kubernetes-admin", {"kubeadm:cluster-admins"}));
  if (!admin) return admin.error();
  made.admin_ = std::move(*admin);
  auto super = made.cluster_->issue(client_request("kubernetes-super-admin", {"system:masters"}));
  if (!super) return super.error();
  made.super_ = std::move(*super);
  return made;
}

Result<Files> Credentials::control_plane_files(const NodeIdentity &node) const {
  auto services = parse_subnet(input_.service_subnet);
  if (!services) return services.error();
  auto service_address = address_in(*services, 1);
  if (!service_address) return service_address.error();

  Files files;
  files.emplace_back("ca.crt", cluster_->certificate_pem());
  files.emplace_back("ca.key", cluster_->key_pem());
  files.emplace_back("front-proxy-ca.crt", front_proxy_->certificate_pem());
  files.emplace_back("front-proxy-ca.key", front_proxy_->key_pem());
  files.emplace_back("etcd/ca.crt", etcd_->certificate_pem());
  files.emplace_back("etcd/ca.key", etcd_->key_pem());
  files.emplace_back("sa.key", service_accounts_.private_pem);
  files.emplace_back("sa.pub", service_accounts_.public_pem);

  pki::CertificateRequest api;
  api.common_name = "kube-apiserver";
  api.server = true;
  api.dns_names = {
      node.name,  "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
      "localhost"};
  if (input_.endpoint_host != node.name) api.dns_names.push_back(input_.endpoint_host);
  api.ip_addresses = {*service_address, node.address, "127.0.0.1"};
  if (input_.api_host_address != "127.0.0.1" && input_.api_host_address != "0.0.0.0")
    api.ip_addresses.push_back(input_.api_host_address);

  pki::CertificateRequest member;
  member.common_name = node.name;
  member.server = true;
  member.client = true;
  member.dns_names = {node.name, "localhost"};
  member.ip_addresses = {node.address, "127.0.0.1", "::1"};

  const std::pair<const char *, pki::CertificateRequest> clients[] = {
      {"apiserver-kubelet-client", client_request("kube-apiserver-kubelet-client", {"kubeadm:cluster-admins"})},
  };
  if (auto r = add(files, *cluster_, "apiserver", api); !r) return r.error();
  for (const auto &[name, request] : clients)
    if (auto r = add(files, *cluster_, name, request); !r) return r.error();
  if (auto r = add(files, *front_proxy_, "front-proxy-client", client_request("front-proxy-client", {})); !r)
    return r.error();
  if (auto r = add(files, *etcd_, "etcd/server", member); !r) return r.error();
  if (auto r = add(files, *etcd_, "etcd/peer", member); !r) return r.error();
  if (auto r = add(files, *etcd_, "etcd/healthcheck-client", client_request("kube-etcd-healthcheck-client", {})); !r)
    return r.error();
  if (auto r = add(files, *etcd_, "apiserver-etcd-client", client_request("kube-apiserver-etcd-client", {})); !r)
    return r.error();
  return files;
}

Result<pki::KeyPair> Credentials::kubelet_client(const std::string &node) const {
  return issue_kubelet_client(*cluster_, node);
}

Result<pki::KeyPair> Credentials::component_client(const std::string &user) const {
  return cluster_->issue(client_request(user, {}));
}

Result<pki::KeyPair> issue_kubelet_client(const pki::Authority &authority, const std::string &node) {
  return authority.issue(client_request("system:node:" + node, {"system:nodes"}));
}

std::string kubeconfig_text(const std::string &cluster, const std::string &user, const std::string &context,
                            const std::string &server, const std::string &ca_pem, const pki::KeyPair &client) {
  using kubernetes::encode_base64;
  return "apiVersion: v1\nkind: Config\nclusters:\n- name: \"" + cluster +
         "\"\n  cluster:\n    certificate-authority-data: " + encode_base64(ca_pem) + "\n    server: \"" + server +
         "\"\ncontexts:\n- name: \"" + context + "\"\n  context:\n    cluster: \"" + cluster + "\"\n    user: \"" +
         user + "\"\ncurrent-context: \"" + context + "\"\nusers:\n- name: \"" + user +
         "\"\n  user:\n    client-certificate-data: " + encode_base64(client.certificate_pem) +
         "\n    client-key-data: " + encode_base64(client.key_pem) + "\n";
}

std::string kubelet_kubeconfig_text(const std::string &cluster, const std::string &node, const std::string &server,
                                    const std::string &ca_pem) {
  const std::string user = "system:node:" + node;
  const std::string context = user + "@" + cluster;
  const char *pem = "/var/lib/kubelet/pki/kubelet-client-current.pem";
  return "apiVersion: v1\nkind: Config\nclusters:\n- name: \"" + cluster +
         "\"\n  cluster:\n    certificate-authority-data: " + kubernetes::encode_base64(ca_pem) + "\n    server: \"" +
         server + "\"\ncontexts:\n- name: \"" + context + "\"\n  context:\n    cluster: \"" + cluster +
         "\"\n    user: \"" + user + "\"\ncurrent-context: \"" + context + "\"\nusers:\n- name: \"" + user +
         "\"\n  user:\n    client-certificate: " + pem + "\n    client-key: " + pem + "\n";
}

} // namespace ksail::vanilla

// SPDX-License-Identifier: Apache-2.0
// Every key and certificate of a kubeadm cluster, made before a node exists.
#pragma once

#include "distributions/pki/certificate_authority.hpp"

#include <memory>
#include <string>
#include <vector>

namespace ksail::vanilla {

struct NodeIdentity {
  std::string name;
  std::string address;
  bool control_plane = false;
};

struct CredentialsInput {
  std::string endpoint_host;    ///< control plane endpoint inside the network
  std::string api_host_address; ///< where the API server is published
  std::string service_subnet;
};

/// What is the same for all nodes. Subjects are kubeadm's (RBAC depends on them).
class Credentials {
public:
  static Result<Credentials> create(const CredentialsInput &input);

  /// kubeadm's file set below /etc/kubernetes/pki of one control plane: path relative to it, and content.
  Result<std::vector<std::pair<std::string, std::string>>> control_plane_files(const NodeIdentity &node) const;
  Result<pki::KeyPair> kubelet_client(const std::string &node) const;
  Result<pki::KeyPair> component_client(const std::string &user) const; ///< system:kube-scheduler, ...
  const pki::Authority &authority() const { return *cluster_; }
  const pki::KeyPair &admin() const { return admin_; }       ///< group kubeadm:cluster-admins
  const pki::KeyPair &super_admin() const { return super_; } ///< group system:masters: works before RBAC does

private:
  using Shared = std::shared_ptr<const pki::Authority>;
  Credentials(CredentialsInput input, Shared cluster, Shared front_proxy, Shared etcd)
      : input_(std::move(input)), cluster_(std::move(cluster)), front_proxy_(std::move(front_proxy)),
        etcd_(std::move(etcd)) {}
  CredentialsInput input_;
  Shared cluster_, front_proxy_, etcd_; ///< never change, so that copies may share them
  pki::SigningKey service_accounts_;
  pki::KeyPair admin_, super_;
};

/// The certificate by which the API server knows a node's kubelet.
Result<pki::KeyPair> issue_kubelet_client(const pki::Authority &authority, const std::string &node);

/// A kubeconfig with one cluster, user and context.
std::string kubeconfig_text(const std::string &cluster, const std::string &user, const std::string &context,
                            const std::string &server, const std::string &ca_pem, const pki::KeyPair &client);
/// The kubelet's own: its certificate lies in a file that the kubelet renews.
std::string kubelet_kubeconfig_text(const std::string &cluster, const std::string &node, const std::string &server,
                                    const std::string &ca_pem);

} // namespace ksail::vanilla

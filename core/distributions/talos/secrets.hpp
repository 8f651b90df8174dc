// SPDX-License-Identifier: Apache-2.0
// The secrets of a Talos cluster, in the form that `talosctl gen secrets` writes and reads, so that either program can
// go on with what the other began.
//
// Source of the form: siderolabs/talos, pkg/machinery/config/generate/secrets (v1.9 to v1.13). Threads: any; pure but
// for random numbers. Errors are Code::config and name the field; they never hold what the field holds.
#pragma once

#include "distributions/pki/certificate_authority.hpp"

#include <ksail/sdk/result.hpp>

#include <string>
#include <vector>

namespace ksail::talos {

/// PEM texts. An Ed25519 key carries Talos' own label, "ED25519 PRIVATE KEY", as in the file.
struct SecretsBundle {
  std::string cluster_id;     ///< 32 random bytes, base64 with the URL-safe alphabet
  std::string cluster_secret; ///< 32 random bytes, base64
  std::string bootstrap_token;
  std::string trustd_token;
  std::string secretbox_secret; ///< 32 random bytes, base64; one of the two is empty
  std::string aescbc_secret;
  pki::KeyPair etcd, k8s, aggregator, os;
  std::string service_account_key;

  static Result<SecretsBundle> create();
  /// `file` is what errors name. Everything is looked at: tokens, lengths, and that each key is its certificate's.
  static Result<SecretsBundle> parse(std::string_view yaml, const std::string &file);
  /// The same secrets, taken out of the machine configuration of a control plane.
  static Result<SecretsBundle> from_machine_config(std::string_view yaml, const std::string &file);
  std::string to_yaml() const;

  /// What is wrong with it, by the names that secrets.yaml has for the fields.
  Result<void> check(const std::string &file) const;
};

/// What may be done with the Talos API, as organizations of a client's certificate.
inline constexpr const char *role_admin = "os:admin";
inline constexpr const char *role_operator = "os:operator";
inline constexpr const char *role_reader = "os:reader";
inline constexpr const char *role_etcd_backup = "os:etcd:backup";

/// A certificate for clients of the Talos API, valid for a year. Its extended key usage is clientAuth alone: apid
/// ignores the roles of one that could also serve. Its key has the label that OpenSSL reads.
Result<pki::KeyPair> issue_api_client(const SecretsBundle &secrets, const std::vector<std::string> &roles);
/// The administrator of Kubernetes, as Talos itself would sign one.
Result<pki::KeyPair> issue_kubernetes_admin(const SecretsBundle &secrets);
/// The kubelet of a node, as Kubernetes' node authorizer knows it.
Result<pki::KeyPair> issue_kubelet_client(const SecretsBundle &secrets, const std::string &node_name);

} // namespace ksail::talos

// SPDX-License-Identifier: Apache-2.0
// What makes a K3s cluster what it is, made before a node exists: the authorities that K3s would make itself, placed
// where it looks for a user's own (https://docs.k3s.io/cli/certificate, "Using Custom CA Certificates"), an
// administrator's certificate that they signed, and the token. Threads: any.
#pragma once

#include "distributions/pki/certificate_authority.hpp"

#include <string>
#include <utility>
#include <vector>

namespace ksail::k3s {

class Credentials {
public:
  static Result<Credentials> create();

  /// Paths below /var/lib/rancher/k3s/server/tls and contents, for the first server; the others get them from it.
  const std::vector<std::pair<std::string, std::string>> &files() const { return files_; }
  const std::string &server_ca() const { return server_ca_; }
  const pki::KeyPair &admin() const { return admin_; }
  /// For the first server: a secret and nothing else.
  const std::string &secret() const { return secret_; }
  /// For who joins: `K10<SHA-256 of the authority>::server:<secret>`, which pins the server it talks to
  /// (https://docs.k3s.io/cli/token, "Secure" format).
  Result<std::string> full_token() const;

private:
  std::vector<std::pair<std::string, std::string>> files_;
  std::string server_ca_, secret_;
  pki::KeyPair admin_;
};

/// The same from an authority and a secret that exist.
Result<std::string> full_token(const std::string &server_ca_pem, const std::string &secret);

/// One cluster, user and context, all named `context_name`; JSON, which is YAML.
std::string kubeconfig_text(const std::string &context_name, const std::string &server, const std::string &ca_pem,
                            const pki::KeyPair &client);

} // namespace ksail::k3s

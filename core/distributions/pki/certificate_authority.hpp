// SPDX-License-Identifier: Apache-2.0
// Keys and X.509 certificates as Kubernetes components expect them: ECDSA P-256, PEM, SEC 1 keys; and Ed25519 with
// PKCS#8 keys where a distribution wants that. Made in process: a few milliseconds for a whole cluster.
//
// Threads: everything here may be used from any thread; nothing is shared. Keys are never logged. Errors are
// Code::internal with OpenSSL's reason.
#pragma once

#include <ksail/sdk/result.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace ksail::pki {

struct KeyPair {
  std::string certificate_pem;
  std::string key_pem;
};

/// A key without a certificate, e.g. for signing service account tokens.
struct SigningKey {
  std::string private_pem;
  std::string public_pem; ///< SubjectPublicKeyInfo
};
Result<SigningKey> make_signing_key();

enum class KeyType { ecdsa_p256, ed25519 };

/// What stands in the certificate of an authority; the default is what kubeadm writes.
struct AuthorityProfile {
  KeyType key = KeyType::ecdsa_p256;
  std::string common_name;                ///< also its only DNS name; empty: neither
  std::vector<std::string> organizations; ///< may be empty, and the whole subject with it
  std::string key_usage = "critical,digitalSignature,keyEncipherment,keyCertSign"; ///< OpenSSL's notation
  bool extended_key_usage = false;                                                 ///< serverAuth, clientAuth
};

struct CertificateRequest {
  std::string common_name; ///< empty: none
  std::vector<std::string> organizations;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses; ///< IPv4 or IPv6, textual
  bool server = false;                   ///< extended key usage
  bool client = false;
  bool key_encipherment = true; ///< key usage beside digitalSignature
  std::chrono::hours validity{24 * 365};
};

class Authority {
public:
  /// A new self-signed authority that lives ten years, as kubeadm's do.
  static Result<Authority> create(const std::string &common_name);
  static Result<Authority> create(const AuthorityProfile &profile);
  /// One that exists already, both as PEM. Code::config when either text cannot be read, the key is not the
  /// certificate's, or the certificate is none of an authority.
  static Result<Authority> load(const std::string &certificate_pem, const std::string &key_pem);
  Authority(Authority &&) noexcept;
  Authority &operator=(Authority &&) noexcept;
  ~Authority();

  /// The new key is of the authority's own type.
  Result<KeyPair> issue(const CertificateRequest &request) const;
  const std::string &certificate_pem() const;
  const std::string &key_pem() const;

private:
  struct Impl;
  explicit Authority(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// "sha256:<hex>" of the certificate's public key, as `kubeadm join --discovery-token-ca-cert-hash` wants it.
Result<std::string> public_key_hash(const std::string &certificate_pem);

} // namespace ksail::pki

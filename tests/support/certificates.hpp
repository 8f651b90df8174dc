// SPDX-License-Identifier: Apache-2.0
// Certificates made when the tests run, so that none expires in the tree.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace ksail::test {

enum class KeyKind { ecdsa, rsa, ed25519 };
enum class Lifetime { now, past, future };

struct Identity {
  std::string certificate_pem;
  std::string key_pem;
};

class Authority {
public:
  explicit Authority(const std::string &name);
  ~Authority();
  Authority(const Authority &) = delete;
  Authority &operator=(const Authority &) = delete;

  std::string certificate_pem() const;
  /// `names` as in subjectAltName: "DNS:example", "IP:127.0.0.1".
  Identity issue(const std::string &subject, const std::vector<std::string> &names, KeyKind kind = KeyKind::ecdsa,
                 Lifetime lifetime = Lifetime::now) const;
  /// An authority that this one has signed.
  std::unique_ptr<Authority> intermediate(const std::string &name) const;

private:
  struct Material;
  explicit Authority(std::unique_ptr<Material> material);
  std::unique_ptr<Material> material_;
};

/// "test authority", which all tests share: to make one takes longer than the tests.
const Authority &authority();
/// Of a server at localhost and 127.0.0.1, by that authority.
const Identity &server_identity();

} // namespace ksail::test

// SPDX-License-Identifier: Apache-2.0
#include "distributions/k3s/credentials.hpp"

#include "kubernetes/base64.hpp"

#include <nlohmann/json.hpp>

#include <openssl/evp.h>
#include <openssl/rand.h>

namespace ksail::k3s {

namespace {

std::string hex(const unsigned char *bytes, std::size_t size) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

} // namespace

Result<Credentials> Credentials::create() {
  Credentials made;
  const auto add = [&made](const std::string &name, const std::string &common_name) -> Result<pki::Authority> {
    auto authority = pki::Authority::create(common_name);
    if (!authority) return authority.error();
    made.files_.emplace_back(name + ".crt", authority->certificate_pem());
    made.files_.emplace_back(name + ".key", authority->key_pem());
    return authority;
  };
  auto servers = add("server-ca", "k3s-server-ca");
  if (!servers) return servers.error();
  auto clients = add("client-ca", "k3s-client-ca");
  if (!clients) return clients.error();
  for (const auto &[name, common_name] :
       {std::pair("request-header-ca", "k3s-request-header-ca"), std::pair("etcd/server-ca", "etcd-server-ca"),
        std::pair("etcd/peer-ca", "etcd-peer-ca")})
    if (auto added = add(name, common_name); !added) return added.error();
  auto accounts = pki::make_signing_key();
  if (!accounts) return accounts.error();
  made.files_.emplace_back("service.key", accounts->private_pem);

  pki::CertificateRequest admin;
  admin.common_name = "system:admin";
  admin.organizations = {"system:masters"};
  admin.client = true;
  auto issued = clients->issue(admin);
  if (!issued) return issued.error();
  made.admin_ = std::move(*issued);
  made.server_ca_ = servers->certificate_pem();

  unsigned char bytes[24];
  if (::RAND_bytes(bytes, sizeof bytes) != 1)
    return Error(Code::internal, "no random numbers are to be had for the cluster's token");
  made.secret_ = hex(bytes, sizeof bytes);
  return made;
}

Result<std::string> Credentials::full_token() const { return k3s::full_token(server_ca_, secret_); }

Result<std::string> full_token(const std::string &server_ca_pem, const std::string &secret) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (::EVP_Digest(server_ca_pem.data(), server_ca_pem.size(), digest, &size, ::EVP_sha256(), nullptr) != 1)
    return Error(Code::internal, "the digest of the cluster's authority cannot be made");
  return "K10" + hex(digest, size) + "::server:" + secret;
}

std::string kubeconfig_text(const std::string &context_name, const std::string &server, const std::string &ca_pem,
                            const pki::KeyPair &client) {
  using kubernetes::encode_base64;
  using nlohmann::ordered_json;
  const auto named = [&](const char *kind, ordered_json value) {
    ordered_json entry = {{"name", context_name}};
    entry[kind] = std::move(value);
    return ordered_json::array({std::move(entry)});
  };
  ordered_json config;
  config["apiVersion"] = "v1";
  config["kind"] = "Config";
  config["clusters"] = named("cluster", {{"certificate-authority-data", encode_base64(ca_pem)}, {"server", server}});
  config["contexts"] = named("context", {{"cluster", context_name}, {"user", context_name}});
  config["current-context"] = context_name;
  config["users"] = named("user", {{"client-certificate-data", encode_base64(client.certificate_pem)},
                                   {"client-key-data", encode_base64(client.key_pem)}});
  return config.dump(2) + "\n";
}

} // namespace ksail::k3s

// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos/secrets.hpp"

#include "distributions/talos/key_label.hpp"
#include "kubernetes/base64.hpp"
#include "kubernetes/certificate.hpp"
#include "kubernetes/yaml_tree.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <array>

namespace ksail::talos {

namespace {

using kubernetes::decode_base64;
using kubernetes::encode_base64;
using kubernetes::YamlNode;

constexpr std::size_t secret_bytes = 32;

Error no_random() { return Error(Code::internal, "no random numbers are to be had for the cluster's secrets"); }

/// 32 random bytes in base64.
Result<std::string> random_secret() {
  std::array<unsigned char, secret_bytes> bytes{};
  if (::RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return no_random();
  return encode_base64(std::string_view(reinterpret_cast<const char *>(bytes.data()), bytes.size()));
}

/// `count` letters and digits, every one as likely as the others.
Result<std::string> random_text(std::size_t count) {
  static constexpr std::string_view letters = "0123456789abcdefghijklmnopqrstuvwxyz";
  constexpr unsigned char fair = 252; // the largest multiple of 36 in a byte
  std::string text;
  while (text.size() < count) {
    unsigned char byte = 0;
    if (::RAND_bytes(&byte, 1) != 1) return no_random();
    if (byte < fair) text += letters[byte % letters.size()];
  }
  return text;
}

Result<std::string> random_token() {
  auto id = random_text(6);
  if (!id) return id.error();
  auto secret = random_text(16);
  if (!secret) return secret.error();
  return *id + "." + *secret;
}

bool is_token(std::string_view text) {
  if (text.size() != 23 || text[6] != '.') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '.' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); }) &&
         std::count(text.begin(), text.end(), '.') == 1;
}

std::string url_safe(std::string text) {
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}
std::string standard(std::string text) {
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  return text;
}

bool holds_bytes(const std::string &text, std::size_t count) {
  const auto bytes = decode_base64(text);
  return bytes && bytes->size() == count;
}

Result<pki::KeyPair> make_authority(const std::string &organization, pki::KeyType type) {
  pki::AuthorityProfile profile;
  profile.key = type;
  if (!organization.empty()) profile.organizations = {organization};
  profile.key_usage = "critical,digitalSignature,keyCertSign";
  profile.extended_key_usage = true;
  auto authority = pki::Authority::create(profile);
  if (!authority) return authority.error();
  return pki::KeyPair{authority->certificate_pem(), with_talos_label(authority->key_pem())};
}

Error wrong(const std::string &file, const std::string &field, const std::string &what) {
  return Error(Code::config, file + ": " + field + " " + what,
               "a complete one is written by `talosctl gen secrets`, or kept from the cluster's creation");
}

/// Keys whose authorities are not valid now make a cluster in which nobody accepts anybody.
Result<void> check_clock(const std::string &file, const std::string &field, const std::string &certificate_pem) {
  const auto validity = kubernetes::certificate_validity(certificate_pem);
  if (!validity) return wrong(file, field, "has a certificate whose dates cannot be read");
  const auto now = std::chrono::system_clock::now();
  const std::string clock = ", and this machine's clock says " + kubernetes::utc_text(now);
  // The clocks of two machines may differ a little.
  if (now + std::chrono::minutes(5) < validity->not_before)
    return Error(Code::config,
                 file + ": " + field + " has a certificate that is not valid before " +
                     kubernetes::utc_text(validity->not_before) + clock,
                 "compare this machine's clock with that of the machine that made the keys");
  if (now > validity->not_after)
    return Error(Code::config,
                 file + ": " + field + " has a certificate that expired at " +
                     kubernetes::utc_text(validity->not_after) + clock,
                 "set the clock if it is wrong; else new keys are needed");
  return {};
}

/// Reads fields of one file; the first that is wrong is what is reported.
class Reader {
public:
  Reader(const YamlNode &root, const std::string &file) : root_(root), file_(file) {}

  const YamlNode *find(std::string_view path) const {
    const YamlNode *node = &root_;
    while (node && !path.empty()) {
      const auto dot = path.find('.');
      node = node->field(path.substr(0, dot));
      path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    }
    return node;
  }
  std::string text(const std::string &path, bool required) {
    const YamlNode *node = find(path);
    if (node && !node->is_scalar()) fail(path, "is not a text");
    std::string value = node && node->is_scalar() && !node->is_null() ? node->value : std::string();
    if (value.empty() && required) fail(path, "is missing");
    if (value == "******") fail(path, "was left out when the file was written (it reads ******)");
    return value;
  }
  std::string pem(const std::string &path, bool required = true) {
    const std::string value = text(path, required);
    if (value.empty()) return {};
    auto decoded = decode_base64(value);
    if (!decoded || decoded->find("-----BEGIN ") == std::string::npos) {
      fail(path, "is not base64 of a PEM text");
      return {};
    }
    return std::move(*decoded);
  }
  pki::KeyPair pair(const std::string &path) {
    pki::KeyPair pair;
    pair.certificate_pem = pem(path + ".crt");
    pair.key_pem = pem(path + ".key");
    return pair;
  }
  const Error *failure() const { return failure_ ? &*failure_ : nullptr; }

private:
  void fail(const std::string &path, const std::string &what) {
    if (!failure_) failure_ = wrong(file_, path, what);
  }
  const YamlNode &root_;
  const std::string &file_;
  std::optional<Error> failure_;
};

Result<YamlNode> bundle_root(std::string_view yaml, const std::string &file) {
  auto tree = kubernetes::parse_yaml_tree(yaml, file);
  if (!tree) return tree.error();
  if (!*tree || !(*tree)->is_mapping())
    return Error(Code::config, file + ": holds no mapping", "it is the file that `talosctl gen secrets` writes");
  return std::move(**tree);
}

/// Where a file has what a bundle is made of.
struct Fields {
  const char *bootstrap_token, *secretbox_secret, *aescbc_secret, *trustd_token;
  const char *etcd, *k8s, *aggregator, *service_account_key, *os;
};
constexpr Fields bundle_fields = {"secrets.bootstraptoken",
                                  "secrets.secretboxencryptionsecret",
                                  "secrets.aescbcencryptionsecret",
                                  "trustdinfo.token",
                                  "certs.etcd",
                                  "certs.k8s",
                                  "certs.k8saggregator",
                                  "certs.k8sserviceaccount.key",
                                  "certs.os"};
constexpr Fields machine_config_fields = {"cluster.token",
                                          "cluster.secretboxEncryptionSecret",
                                          "cluster.aescbcEncryptionSecret",
                                          "machine.token",
                                          "cluster.etcd.ca",
                                          "cluster.ca",
                                          "cluster.aggregatorCA",
                                          "cluster.serviceAccount.key",
                                          "machine.ca"};

Result<SecretsBundle> read_bundle(Reader &reader, const Fields &fields, const std::string &file) {
  SecretsBundle read;
  read.cluster_id = reader.text("cluster.id", true);
  read.cluster_secret = reader.text("cluster.secret", true);
  read.bootstrap_token = reader.text(fields.bootstrap_token, true);
  read.secretbox_secret = reader.text(fields.secretbox_secret, false);
  read.aescbc_secret = reader.text(fields.aescbc_secret, false);
  read.trustd_token = reader.text(fields.trustd_token, true);
  read.etcd = reader.pair(fields.etcd);
  read.k8s = reader.pair(fields.k8s);
  read.aggregator = reader.pair(fields.aggregator);
  read.service_account_key = reader.pem(fields.service_account_key);
  read.os = reader.pair(fields.os);
  if (const Error *failure = reader.failure()) return *failure;
  if (auto checked = read.check(file); !checked) return checked.error();
  return read;
}

YamlNode plain(std::string text) {
  YamlNode node = YamlNode::string(std::move(text));
  node.plain = true;
  return node;
}

YamlNode certificates(const pki::KeyPair &pair) {
  YamlNode node = YamlNode::mapping();
  node.set("crt", plain(encode_base64(pair.certificate_pem)));
  node.set("key", plain(encode_base64(pair.key_pem)));
  return node;
}

} // namespace

Result<SecretsBundle> SecretsBundle::create() {
  SecretsBundle made;
  for (std::string *const secret : {&made.cluster_id, &made.cluster_secret, &made.secretbox_secret}) {
    auto text = random_secret();
    if (!text) return text.error();
    *secret = std::move(*text);
  }
  made.cluster_id = url_safe(std::move(made.cluster_id));
  for (std::string *const token : {&made.bootstrap_token, &made.trustd_token}) {
    auto text = random_token();
    if (!text) return text.error();
    *token = std::move(*text);
  }
  const auto authority = [](pki::KeyPair &to, const std::string &organization, pki::KeyType type) -> Result<void> {
    auto pair = make_authority(organization, type);
    if (!pair) return pair.error();
    to = std::move(*pair);
    return {};
  };
  if (auto done = authority(made.etcd, "etcd", pki::KeyType::ecdsa_p256); !done) return done.error();
  if (auto done = authority(made.k8s, "kubernetes", pki::KeyType::ecdsa_p256); !done) return done.error();
  if (auto done = authority(made.aggregator, "", pki::KeyType::ecdsa_p256); !done) return done.error();
  if (auto done = authority(made.os, "talos", pki::KeyType::ed25519); !done) return done.error();
  // Talos makes RSA-4096 here since 1.7, which takes seconds; the API server takes P-256 as well, and signs faster with
  // it.
  auto accounts = pki::make_signing_key();
  if (!accounts) return accounts.error();
  made.service_account_key = std::move(accounts->private_pem);
  return made;
}

Result<SecretsBundle> SecretsBundle::parse(std::string_view yaml, const std::string &file) {
  auto root = bundle_root(yaml, file);
  if (!root) return root.error();
  Reader reader(*root, file);
  return read_bundle(reader, bundle_fields, file);
}

Result<SecretsBundle> SecretsBundle::from_machine_config(std::string_view yaml, const std::string &file) {
  auto root = bundle_root(yaml, file);
  if (!root) return root.error();
  Reader reader(*root, file);
  const std::string type = reader.text("machine.type", true);
  if (!type.empty() && type != "controlplane" && type != "init")
    return Error(Code::config, file + ": machine.type is " + type + ", whose configuration holds no keys",
                 "take that of a control plane");
  return read_bundle(reader, machine_config_fields, file);
}

Result<void> SecretsBundle::check(const std::string &file) const {
  if (!holds_bytes(standard(cluster_id), secret_bytes))
    return wrong(file, "cluster.id", "is not base64 (URL-safe alphabet) of 32 bytes");
  if (!holds_bytes(cluster_secret, secret_bytes)) return wrong(file, "cluster.secret", "is not base64 of 32 bytes");
  if (!is_token(bootstrap_token))
    return wrong(file, "secrets.bootstraptoken", "is not a token of the form xxxxxx.xxxxxxxxxxxxxxxx");
  if (!is_token(trustd_token))
    return wrong(file, "trustdinfo.token", "is not a token of the form xxxxxx.xxxxxxxxxxxxxxxx");
  if (secretbox_secret.empty() == aescbc_secret.empty())
    return wrong(file, "secrets",
                 "holds " + std::string(secretbox_secret.empty() ? "neither" : "both") +
                     " of secretboxencryptionsecret and aescbcencryptionsecret");
  if (!secretbox_secret.empty() && !holds_bytes(secretbox_secret, secret_bytes))
    return wrong(file, "secrets.secretboxencryptionsecret", "is not base64 of 32 bytes");
  if (!aescbc_secret.empty() && !holds_bytes(aescbc_secret, secret_bytes))
    return wrong(file, "secrets.aescbcencryptionsecret", "is not base64 of 32 bytes");
  for (const auto &[field, pair] : {std::pair("certs.etcd", &etcd), std::pair("certs.k8s", &k8s),
                                    std::pair("certs.k8saggregator", &aggregator), std::pair("certs.os", &os)}) {
    if (auto authority = pki::Authority::load(pair->certificate_pem, with_openssl_label(pair->key_pem)); !authority)
      return wrong(file, field, "cannot be used: " + authority.error().message);
    if (auto clock = check_clock(file, field, pair->certificate_pem); !clock) return clock.error();
  }
  if (service_account_key.find("PRIVATE KEY-----") == std::string::npos)
    return wrong(file, "certs.k8sserviceaccount.key", "is not a private key");
  return {};
}

std::string SecretsBundle::to_yaml() const {
  YamlNode cluster = YamlNode::mapping();
  cluster.set("id", plain(cluster_id));
  cluster.set("secret", plain(cluster_secret));
  YamlNode secrets = YamlNode::mapping();
  secrets.set("bootstraptoken", YamlNode::string(bootstrap_token));
  if (!secretbox_secret.empty()) secrets.set("secretboxencryptionsecret", plain(secretbox_secret));
  if (!aescbc_secret.empty()) secrets.set("aescbcencryptionsecret", plain(aescbc_secret));
  YamlNode trustd = YamlNode::mapping();
  trustd.set("token", YamlNode::string(trustd_token));
  YamlNode certs = YamlNode::mapping();
  certs.set("etcd", certificates(etcd));
  certs.set("k8s", certificates(k8s));
  certs.set("k8saggregator", certificates(aggregator));
  YamlNode accounts = YamlNode::mapping();
  accounts.set("key", plain(encode_base64(service_account_key)));
  certs.set("k8sserviceaccount", std::move(accounts));
  certs.set("os", certificates(os));
  YamlNode root = YamlNode::mapping();
  root.set("cluster", std::move(cluster));
  root.set("secrets", std::move(secrets));
  root.set("trustdinfo", std::move(trustd));
  root.set("certs", std::move(certs));
  return kubernetes::emit_yaml(root, 0);
}

Result<pki::KeyPair> issue_api_client(const SecretsBundle &secrets, const std::vector<std::string> &roles) {
  auto authority = pki::Authority::load(secrets.os.certificate_pem, with_openssl_label(secrets.os.key_pem));
  if (!authority) return Error(authority.error()).in("the authority of the Talos API");
  pki::CertificateRequest request;
  request.organizations = roles;
  request.client = true;
  request.key_encipherment = false;
  return authority->issue(request);
}

namespace {

Result<pki::KeyPair> issue_kubernetes_client(const SecretsBundle &secrets, const std::string &user,
                                             const std::string &group) {
  auto authority = pki::Authority::load(secrets.k8s.certificate_pem, secrets.k8s.key_pem);
  if (!authority) return Error(authority.error()).in("the authority of Kubernetes");
  pki::CertificateRequest request;
  request.common_name = user;
  request.organizations = {group};
  request.client = true;
  return authority->issue(request);
}

} // namespace

Result<pki::KeyPair> issue_kubernetes_admin(const SecretsBundle &secrets) {
  return issue_kubernetes_client(secrets, "admin", "system:masters");
}

Result<pki::KeyPair> issue_kubelet_client(const SecretsBundle &secrets, const std::string &node_name) {
  return issue_kubernetes_client(secrets, "system:node:" + node_name, "system:nodes");
}

} // namespace ksail::talos

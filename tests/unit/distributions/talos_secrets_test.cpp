// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos/key_label.hpp"
#include "distributions/talos/secrets.hpp"
#include "distributions/talos/talosconfig.hpp"
#include "kubernetes/base64.hpp"
#include "kubernetes/yaml_tree.hpp"

#include "temporary_directory.hpp"
#include "x509.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

using namespace ksail;
using namespace ksail::talos;
using namespace ksail::test;

namespace {

std::string subject(X509 *certificate) {
  BIO *bio = BIO_new(BIO_s_mem());
  X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  char *data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

std::string replaced(std::string text, const std::string &from, const std::string &to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

/// The same authority with other dates, in days from now.
std::string redated(const pki::KeyPair &pair, int first_day, int last_day) {
  const auto certificate = read_certificate(pair.certificate_pem);
  X509_time_adj_ex(X509_getm_notBefore(certificate.get()), first_day, 0, nullptr);
  X509_time_adj_ex(X509_getm_notAfter(certificate.get()), last_day, 0, nullptr);
  BIO *bio = BIO_new_mem_buf(pair.key_pem.data(), static_cast<int>(pair.key_pem.size()));
  EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  BIO_free(bio);
  REQUIRE(X509_sign(certificate.get(), key, EVP_sha256()) > 0);
  EVP_PKEY_free(key);
  bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate.get());
  char *data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

std::string content(const std::string &path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TalosContext context(const std::string &name, const SecretsBundle &secrets) {
  auto client = issue_api_client(secrets, {role_admin});
  REQUIRE(client);
  return TalosContext{name, {"127.0.0.1:40000"}, {"10.5.0.2"}, secrets.os.certificate_pem, *client};
}

} // namespace

TEST_CASE("a Talos secrets bundle has the authorities, tokens and keys that Talos makes") {
  auto made = SecretsBundle::create();
  REQUIRE(made);
  const std::regex token("[a-z0-9]{6}\\.[a-z0-9]{16}");
  CHECK(std::regex_match(made->bootstrap_token, token));
  CHECK(std::regex_match(made->trustd_token, token));
  CHECK(made->bootstrap_token != made->trustd_token);
  CHECK(std::regex_match(made->cluster_id, std::regex("[A-Za-z0-9_-]{43}=")));
  CHECK(kubernetes::decode_base64(made->cluster_secret)->size() == 32);
  CHECK(kubernetes::decode_base64(made->secretbox_secret)->size() == 32);
  CHECK(made->aescbc_secret.empty());

  const auto os = read_certificate(made->os.certificate_pem);
  CHECK(subject(os.get()) == "O=talos");
  CHECK(EVP_PKEY_get_base_id(X509_get0_pubkey(os.get())) == EVP_PKEY_ED25519);
  CHECK(made->os.key_pem.starts_with("-----BEGIN ED25519 PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI"));
  const auto aggregator = read_certificate(made->aggregator.certificate_pem);
  CHECK(subject(aggregator.get()).empty());
  const auto k8s = read_certificate(made->k8s.certificate_pem);
  CHECK(subject(k8s.get()) == "O=kubernetes");
  CHECK(made->k8s.key_pem.starts_with("-----BEGIN EC PRIVATE KEY-----"));
  CHECK(subject(read_certificate(made->etcd.certificate_pem).get()) == "O=etcd");
  for (const auto *pair : {&made->os, &made->aggregator, &made->k8s, &made->etcd}) {
    const auto certificate = read_certificate(pair->certificate_pem);
    CHECK(X509_check_ca(certificate.get()) == 1);
    CHECK(X509_get_key_usage(certificate.get()) == (KU_DIGITAL_SIGNATURE | KU_KEY_CERT_SIGN));
    CHECK(X509_get_extended_key_usage(certificate.get()) == (XKU_SSL_SERVER | XKU_SSL_CLIENT));
    CHECK(X509_verify(certificate.get(), X509_get0_pubkey(certificate.get())) == 1);
  }
}

TEST_CASE("secrets.yaml is read as it was written") {
  auto made = SecretsBundle::create();
  REQUIRE(made);
  const std::string yaml = made->to_yaml();
  auto again = SecretsBundle::parse(yaml, "secrets.yaml");
  REQUIRE(again);
  CHECK(again->to_yaml() == yaml);
  CHECK(again->os.key_pem == made->os.key_pem);
  CHECK(again->cluster_id == made->cluster_id);
}

TEST_CASE("a damaged secrets.yaml is refused with the name of the field and none of its content") {
  auto made = SecretsBundle::create();
  auto other = SecretsBundle::create();
  REQUIRE(made);
  REQUIRE(other);
  const std::string yaml = made->to_yaml();
  const auto refused = [](const std::string &text, const std::string &field) {
    auto parsed = SecretsBundle::parse(text, "secrets.yaml");
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == Code::config);
    CHECK(parsed.error().message.find("secrets.yaml: " + field) == 0);
    return parsed.error().message;
  };
  refused(replaced(yaml, made->bootstrap_token, "short"), "secrets.bootstraptoken");
  refused(replaced(yaml, made->trustd_token, "ABCDEF.0123456789abcdef"), "trustdinfo.token");
  refused(replaced(yaml, made->cluster_id, "AAAA"), "cluster.id");
  refused(replaced(yaml, made->cluster_secret, "no base64 at all!"), "cluster.secret");
  refused(replaced(yaml, made->secretbox_secret, "\"******\""), "secrets.secretboxencryptionsecret");
  const auto key = [](const SecretsBundle &bundle) { return kubernetes::encode_base64(bundle.os.key_pem); };
  const std::string message = refused(replaced(yaml, key(*made), key(*other)), "certs.os");
  CHECK(message.find("does not belong") != std::string::npos);
  CHECK(message.find(key(*other)) == std::string::npos);
  refused(replaced(yaml, kubernetes::encode_base64(made->etcd.certificate_pem), ""), "certs.etcd.crt");
  refused(replaced(yaml, "k8saggregator", "aggregator"), "certs.k8saggregator.crt");
  CHECK_FALSE(SecretsBundle::parse("", "secrets.yaml"));
  CHECK_FALSE(SecretsBundle::parse("[1, 2]", "secrets.yaml"));
  CHECK(SecretsBundle::parse("cluster: [\n", "secrets.yaml").error().message.find("secrets.yaml:2:") == 0);
}

TEST_CASE("authorities that are not valid by this machine's clock are refused with both times") {
  auto made = SecretsBundle::create();
  REQUIRE(made);
  const auto refused = [&](int first_day, int last_day) {
    SecretsBundle other = *made;
    other.k8s.certificate_pem = redated(other.k8s, first_day, last_day);
    auto parsed = SecretsBundle::parse(other.to_yaml(), "secrets.yaml");
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == Code::config);
    CHECK(parsed.error().message.find(" UTC, and this machine's clock says 20") != std::string::npos);
    CHECK(parsed.error().hint.find("clock") != std::string::npos);
    return parsed.error().message;
  };
  CHECK(refused(2, 4).starts_with("secrets.yaml: certs.k8s has a certificate that is not valid before 20"));
  CHECK(refused(-4, -2).starts_with("secrets.yaml: certs.k8s has a certificate that expired at 20"));
}

TEST_CASE("a client of the Talos API holds its roles and may not serve") {
  auto secrets = SecretsBundle::create();
  REQUIRE(secrets);
  auto client = issue_api_client(*secrets, {role_admin, role_reader});
  REQUIRE(client);
  const auto certificate = read_certificate(client->certificate_pem);
  CHECK(subject(certificate.get()) == "O=os:reader,O=os:admin");
  CHECK(X509_get_extended_key_usage(certificate.get()) == XKU_SSL_CLIENT);
  CHECK(X509_get_key_usage(certificate.get()) == KU_DIGITAL_SIGNATURE);
  const auto authority = read_certificate(secrets->os.certificate_pem);
  CHECK(X509_verify(certificate.get(), X509_get0_pubkey(authority.get())) == 1);
  CHECK(client->key_pem.starts_with("-----BEGIN PRIVATE KEY-----"));

  auto admin = issue_kubernetes_admin(*secrets);
  REQUIRE(admin);
  const auto kubernetes = read_certificate(admin->certificate_pem);
  CHECK(subject(kubernetes.get()) == "CN=admin,O=system:masters");
  CHECK(X509_verify(kubernetes.get(), X509_get0_pubkey(read_certificate(secrets->k8s.certificate_pem).get())) == 1);
  auto kubelet = issue_kubelet_client(*secrets, "dev-worker");
  REQUIRE(kubelet);
  CHECK(subject(read_certificate(kubelet->certificate_pem).get()) == "CN=system:node:dev-worker,O=system:nodes");
}

TEST_CASE("a talosconfig is merged by context and read back") {
  auto first = SecretsBundle::create();
  auto second = SecretsBundle::create();
  REQUIRE(first);
  REQUIRE(second);
  const auto one = context("one", *first);
  auto text = with_context("", one, "config");
  REQUIRE(text);
  text = with_context(*text, context("two", *second), "config");
  REQUIRE(text);
  auto current = parse_talosconfig(*text, "config", "");
  REQUIRE(current);
  CHECK(current->name == "two");
  auto again = parse_talosconfig(*text, "config", "one");
  REQUIRE(again);
  CHECK(again->endpoints == one.endpoints);
  CHECK(again->nodes == one.nodes);
  CHECK(again->ca_pem == one.ca_pem);
  CHECK(again->client.key_pem == one.client.key_pem);
  // A cluster made anew takes the place of the old one; there is no one-1.
  text = with_context(*text, context("one", *second), "config");
  REQUIRE(text);
  CHECK(parse_talosconfig(*text, "config", "one")->ca_pem == second->os.certificate_pem);
  CHECK(text->find("one-1") == std::string::npos);
  CHECK(text->find("BFRDI1NTE5") != std::string::npos); // ED25519 in the label, as talosctl writes it

  auto without = without_context(*text, "one", "config");
  REQUIRE(without);
  CHECK_FALSE(parse_talosconfig(*without, "config", "one"));
  CHECK(parse_talosconfig(*without, "config", "two"));
  CHECK(parse_talosconfig(*without, "config", "").error().message == "config: no context is the current one");
  CHECK(without_context(*without, "one", "config").value() == *without);
  CHECK(with_context("- 1\n", one, "config").error().code == Code::config);
}

TEST_CASE("a talosconfig on disk is nobody else's to read") {
  test::TemporaryDirectory folder;
  const std::string file = folder.file("new/config");
  auto secrets = SecretsBundle::create();
  REQUIRE(secrets);
  REQUIRE(merge_talosconfig(file, context("one", *secrets), Deadline::after(std::chrono::seconds(5))));
  struct stat status{};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  REQUIRE(::stat(folder.file("new").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
  CHECK(parse_talosconfig(content(file), file, "one"));
  REQUIRE(remove_from_talosconfig(file, "one", Deadline::after(std::chrono::seconds(5))));
  CHECK_FALSE(parse_talosconfig(content(file), file, "one"));
  CHECK(remove_from_talosconfig(folder.file("nothing/config"), "one", Deadline::never()));
  CHECK_FALSE(std::filesystem::exists(folder.file("nothing")));
}

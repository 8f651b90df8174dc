// SPDX-License-Identifier: Apache-2.0
#include "distributions/pki/certificate_authority.hpp"
#include "x509.hpp"

#include <catch2/catch.hpp>

using namespace ksail;
using namespace ksail::test;

TEST_CASE("a certificate verifies against its authority, with its names and addresses, and against no other") {
  auto authority = pki::Authority::create("kubernetes");
  auto other = pki::Authority::create("kubernetes");
  REQUIRE(authority.has_value());
  REQUIRE(other.has_value());
  pki::CertificateRequest request;
  request.common_name = "kube-apiserver";
  request.organizations = {"group"};
  request.dns_names = {"localhost", "kubernetes.default.svc"};
  request.ip_addresses = {"10.96.0.1", "::1"};
  request.server = true;
  auto pair = authority->issue(request);
  REQUIRE(pair);
  const auto certificate = read_certificate(pair->certificate_pem);
  const auto root = read_certificate(authority->certificate_pem());
  const auto stranger = read_certificate(other->certificate_pem());
  REQUIRE(certificate);
  CHECK(X509_verify(certificate.get(), X509_get0_pubkey(root.get())) == 1);
  CHECK(X509_verify(certificate.get(), X509_get0_pubkey(stranger.get())) != 1);
  CHECK(X509_check_host(certificate.get(), "kubernetes.default.svc", 0, 0, nullptr) == 1);
  CHECK(X509_check_ip_asc(certificate.get(), "10.96.0.1", 0) == 1);
  CHECK(X509_check_ip_asc(certificate.get(), "::1", 0) == 1);
  CHECK(X509_check_ip_asc(certificate.get(), "10.96.0.2", 0) != 1);
  CHECK((X509_get_extended_key_usage(certificate.get()) & XKU_SSL_SERVER) != 0);
  CHECK((X509_get_extended_key_usage(certificate.get()) & XKU_SSL_CLIENT) == 0);
  CHECK(X509_check_ca(root.get()) == 1);
  CHECK(X509_check_ca(certificate.get()) == 0);
}

TEST_CASE("the key belongs to the certificate") {
  auto authority = pki::Authority::create("etcd-ca");
  REQUIRE(authority.has_value());
  pki::CertificateRequest request;
  request.common_name = "member";
  request.client = true;
  auto pair = authority->issue(request);
  REQUIRE(pair);
  BIO *bio = BIO_new_mem_buf(pair->key_pem.data(), static_cast<int>(pair->key_pem.size()));
  EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  CHECK(X509_check_private_key(read_certificate(pair->certificate_pem).get(), key) == 1);
  EVP_PKEY_free(key);
  BIO_free(bio);
}

TEST_CASE("the hash of an authority's key has the form that joins want") {
  auto authority = pki::Authority::create("kubernetes");
  REQUIRE(authority.has_value());
  auto hash = pki::public_key_hash(authority->certificate_pem());
  REQUIRE(hash);
  CHECK(hash->size() == 7 + 64);
  CHECK(hash->starts_with("sha256:"));
  CHECK_FALSE(pki::public_key_hash("no certificate"));
}

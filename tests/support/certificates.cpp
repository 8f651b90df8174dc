// SPDX-License-Identifier: Apache-2.0
#include "certificates.hpp"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace ksail::test {

namespace {

struct Free {
  void operator()(EVP_PKEY *key) const { ::EVP_PKEY_free(key); }
  void operator()(X509 *certificate) const { ::X509_free(certificate); }
  void operator()(BIO *bio) const { ::BIO_free(bio); }
};
template <class T> using Owned = std::unique_ptr<T, Free>;

void must(bool ok, const char *what) {
  if (!ok) throw std::runtime_error(std::string("cannot make a test certificate: ") + what);
}

Owned<EVP_PKEY> make_key(KeyKind kind) {
  EVP_PKEY *key = kind == KeyKind::rsa     ? ::EVP_RSA_gen(2048)
                  : kind == KeyKind::ecdsa ? ::EVP_EC_gen("P-256")
                                           : ::EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  must(key != nullptr, "key");
  return Owned<EVP_PKEY>(key);
}

void extend(X509 *certificate, int what, const std::string &value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  ::X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION *extension = ::X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
  must(extension != nullptr, value.c_str());
  ::X509_add_ext(certificate, extension, -1);
  ::X509_EXTENSION_free(extension);
}

long next_serial() {
  static long serial = 1;
  return serial++;
}

Owned<X509> make_certificate(const std::string &subject, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key,
                             bool authority, const std::vector<std::string> &names, Lifetime lifetime) {
  Owned<X509> certificate(::X509_new());
  ::X509_set_version(certificate.get(), X509_VERSION_3);
  ::ASN1_INTEGER_set(::X509_get_serialNumber(certificate.get()), next_serial());
  const long begin = lifetime == Lifetime::past ? -7200 : lifetime == Lifetime::now ? -3600 : 3600;
  ::X509_gmtime_adj(::X509_getm_notBefore(certificate.get()), begin);
  ::X509_gmtime_adj(::X509_getm_notAfter(certificate.get()), begin + (lifetime == Lifetime::past ? 3600 : 7200));
  X509_NAME *name = ::X509_get_subject_name(certificate.get());
  ::X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char *>(subject.c_str()), -1,
                               -1, 0);
  ::X509_set_issuer_name(certificate.get(), issuer ? ::X509_get_subject_name(issuer) : name);
  ::X509_set_pubkey(certificate.get(), key);
  extend(certificate.get(), NID_basic_constraints, authority ? "critical,CA:TRUE" : "CA:FALSE");
  if (authority) extend(certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  if (!names.empty()) {
    std::string all;
    for (const auto &one : names)
      all += (all.empty() ? "" : ",") + one;
    extend(certificate.get(), NID_subject_alt_name, all);
  }
  EVP_PKEY *signer = issuer_key ? issuer_key : key;
  const EVP_MD *digest = ::EVP_PKEY_get_id(signer) == EVP_PKEY_ED25519 ? nullptr : ::EVP_sha256();
  must(::X509_sign(certificate.get(), signer, digest) > 0, "signature");
  return certificate;
}

std::string text(BIO *bio) {
  char *data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}
std::string pem(X509 *certificate) {
  const Owned<BIO> bio(::BIO_new(::BIO_s_mem()));
  ::PEM_write_bio_X509(bio.get(), certificate);
  return text(bio.get());
}
std::string pem(EVP_PKEY *key) {
  const Owned<BIO> bio(::BIO_new(::BIO_s_mem()));
  ::PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return text(bio.get());
}

} // namespace

struct Authority::Material {
  Owned<EVP_PKEY> key;
  Owned<X509> certificate;
};

Authority::Authority(const std::string &name) : material_(std::make_unique<Material>()) {
  material_->key = make_key(KeyKind::ecdsa);
  material_->certificate = make_certificate(name, material_->key.get(), nullptr, nullptr, true, {}, Lifetime::now);
}
Authority::Authority(std::unique_ptr<Material> material) : material_(std::move(material)) {}
Authority::~Authority() = default;

std::string Authority::certificate_pem() const { return pem(material_->certificate.get()); }

Identity Authority::issue(const std::string &subject, const std::vector<std::string> &names, KeyKind kind,
                          Lifetime lifetime) const {
  const auto key = make_key(kind);
  const auto certificate =
      make_certificate(subject, key.get(), material_->certificate.get(), material_->key.get(), false, names, lifetime);
  Identity identity;
  identity.certificate_pem = pem(certificate.get());
  identity.key_pem = pem(key.get());
  return identity;
}

std::unique_ptr<Authority> Authority::intermediate(const std::string &name) const {
  auto material = std::make_unique<Material>();
  material->key = make_key(KeyKind::ecdsa);
  material->certificate = make_certificate(name, material->key.get(), material_->certificate.get(),
                                           material_->key.get(), true, {}, Lifetime::now);
  return std::unique_ptr<Authority>(new Authority(std::move(material)));
}

const Authority &authority() {
  static const Authority the("test authority");
  return the;
}

const Identity &server_identity() {
  static const Identity the = authority().issue("server", {"DNS:localhost", "IP:127.0.0.1"});
  return the;
}

} // namespace ksail::test

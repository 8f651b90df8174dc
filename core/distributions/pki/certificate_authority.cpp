// SPDX-License-Identifier: Apache-2.0
#include "distributions/pki/certificate_authority.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include <algorithm>

namespace ksail::pki {

namespace {

template <auto Function> struct Free {
  template <class T> void operator()(T *value) const { Function(value); }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Bio = std::unique_ptr<BIO, Free<BIO_free_all>>;

Error failure(const std::string &what) {
  const unsigned long code = ::ERR_get_error();
  const char *reason = code ? ::ERR_reason_error_string(code) : nullptr;
  return Error(Code::internal, "cannot " + what + (reason ? std::string(": ") + reason : std::string()));
}

Key make_key(KeyType type = KeyType::ecdsa_p256) {
  if (type == KeyType::ed25519) return Key(::EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  return Key(::EVP_EC_gen("P-256"));
}

KeyType type_of(EVP_PKEY *key) {
  return ::EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? KeyType::ed25519 : KeyType::ecdsa_p256;
}

/// Ed25519 signs what it is given and takes no digest.
const EVP_MD *digest_for(EVP_PKEY *key) { return type_of(key) == KeyType::ed25519 ? nullptr : ::EVP_sha256(); }

std::string text_of(BIO *bio) {
  char *data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(std::max(size, 0L)));
}

/// An encrypted key is refused; OpenSSL would ask at the terminal.
int no_password(char *, int, int, void *) { return -1; }

Result<std::string> private_pem(EVP_PKEY *key) {
  Bio bio(::BIO_new(::BIO_s_mem()));
  // SEC 1 ("EC PRIVATE KEY"), the form that kubeadm writes and every component reads; Ed25519 keys have none of their
  // own.
  const bool written =
      bio && (type_of(key) == KeyType::ed25519
                  ? ::PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1
                  : ::PEM_write_bio_PrivateKey_traditional(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  if (!written) return failure("write a private key");
  return text_of(bio.get());
}

Result<std::string> certificate_pem_of(X509 *certificate) {
  Bio bio(::BIO_new(::BIO_s_mem()));
  if (!bio || ::PEM_write_bio_X509(bio.get(), certificate) != 1) return failure("write a certificate");
  return text_of(bio.get());
}

bool set_serial(X509 *certificate) {
  std::unique_ptr<BIGNUM, Free<BN_free>> number(::BN_new());
  // 63 random bits: unique for all practical purposes, and positive in every reader.
  return number && ::BN_rand(number.get(), 63, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
         ::BN_to_ASN1_INTEGER(number.get(), ::X509_get_serialNumber(certificate)) != nullptr;
}

bool add_name(X509_NAME *name, const char *field, const std::string &value) {
  return ::X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char *>(value.data()),
                                      static_cast<int>(value.size()), -1, 0) == 1;
}

bool add_extension(X509 *certificate, X509 *issuer, int nid, const std::string &value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  ::X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>> extension(
      ::X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && ::X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_validity(X509 *certificate, std::chrono::hours validity) {
  // Five minutes back: the clocks of a node and of this machine may differ a little.
  return ::X509_gmtime_adj(X509_getm_notBefore(certificate), -300) != nullptr &&
         ::X509_time_adj_ex(X509_getm_notAfter(certificate), static_cast<int>(validity.count() / 24),
                            static_cast<long>(validity.count() % 24) * 3600, nullptr) != nullptr;
}

std::string alternative_names(const std::vector<std::string> &dns, const std::vector<std::string> &addresses) {
  std::string text;
  for (const auto &name : dns)
    text += (text.empty() ? "DNS:" : ",DNS:") + name;
  for (const auto &address : addresses)
    text += (text.empty() ? "IP:" : ",IP:") + address;
  return text;
}

} // namespace

struct Authority::Impl {
  Key key;
  Certificate certificate;
  std::string certificate_pem;
  std::string key_pem;
};

Authority::Authority(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Authority::Authority(Authority &&) noexcept = default;
Authority &Authority::operator=(Authority &&) noexcept = default;
Authority::~Authority() = default;
const std::string &Authority::certificate_pem() const { return impl_->certificate_pem; }
const std::string &Authority::key_pem() const { return impl_->key_pem; }

Result<Authority> Authority::create(const std::string &common_name) {
  AuthorityProfile profile;
  profile.common_name = common_name;
  return create(profile);
}

Result<Authority> Authority::create(const AuthorityProfile &profile) {
  auto impl = std::make_unique<Impl>();
  impl->key = make_key(profile.key);
  impl->certificate.reset(::X509_new());
  X509 *certificate = impl->certificate.get();
  bool made = impl->key && certificate && ::X509_set_version(certificate, X509_VERSION_3) == 1 &&
              set_serial(certificate) && set_validity(certificate, std::chrono::hours(24 * 3650));
  if (made) {
    X509_NAME *subject = ::X509_get_subject_name(certificate);
    for (const auto &organization : profile.organizations)
      made = made && add_name(subject, "O", organization);
    if (!profile.common_name.empty()) made = made && add_name(subject, "CN", profile.common_name);
  }
  made = made && ::X509_set_issuer_name(certificate, ::X509_get_subject_name(certificate)) == 1 &&
         ::X509_set_pubkey(certificate, impl->key.get()) == 1 &&
         add_extension(certificate, certificate, NID_key_usage, profile.key_usage) &&
         (!profile.extended_key_usage ||
          add_extension(certificate, certificate, NID_ext_key_usage, "serverAuth,clientAuth")) &&
         add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE") &&
         add_extension(certificate, certificate, NID_subject_key_identifier, "hash") &&
         (profile.common_name.empty() ||
          add_extension(certificate, certificate, NID_subject_alt_name, "DNS:" + profile.common_name)) &&
         ::X509_sign(certificate, impl->key.get(), digest_for(impl->key.get())) != 0;
  if (!made) {
    std::string name = profile.common_name;
    if (name.empty() && !profile.organizations.empty()) name = profile.organizations.front();
    return failure("make the certificate authority " + name);
  }
  auto pem = certificate_pem_of(certificate);
  if (!pem) return pem.error();
  auto key = private_pem(impl->key.get());
  if (!key) return key.error();
  impl->certificate_pem = std::move(*pem);
  impl->key_pem = std::move(*key);
  return Authority(std::move(impl));
}

Result<Authority> Authority::load(const std::string &certificate_pem, const std::string &key_pem) {
  const auto refused = [](const std::string &what) {
    ::ERR_clear_error();
    return Error(Code::config, what);
  };
  auto impl = std::make_unique<Impl>();
  const Bio certificate(::BIO_new_mem_buf(certificate_pem.data(), static_cast<int>(certificate_pem.size())));
  impl->certificate.reset(certificate ? ::PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!impl->certificate) return refused("the certificate is not one in PEM form");
  const Bio key(::BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())));
  impl->key.reset(key ? ::PEM_read_bio_PrivateKey(key.get(), nullptr, no_password, nullptr) : nullptr);
  if (!impl->key) return refused("the private key is not one in PEM form");
  if (::X509_check_private_key(impl->certificate.get(), impl->key.get()) != 1)
    return refused("the private key does not belong to the certificate");
  if (::X509_check_ca(impl->certificate.get()) == 0) return refused("the certificate is not that of an authority");
  impl->certificate_pem = certificate_pem;
  impl->key_pem = key_pem;
  return Authority(std::move(impl));
}

Result<KeyPair> Authority::issue(const CertificateRequest &request) const {
  const Key key = make_key(type_of(impl_->key.get()));
  const Certificate owned(::X509_new());
  X509 *certificate = owned.get();
  X509 *issuer = impl_->certificate.get();
  bool made = key && certificate && ::X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
              set_validity(certificate, request.validity) &&
              ::X509_set_issuer_name(certificate, ::X509_get_subject_name(issuer)) == 1 &&
              ::X509_set_pubkey(certificate, key.get()) == 1;
  if (made) {
    X509_NAME *subject = ::X509_get_subject_name(certificate);
    for (const auto &organization : request.organizations)
      made = made && add_name(subject, "O", organization);
    if (!request.common_name.empty()) made = made && add_name(subject, "CN", request.common_name);
  }
  std::string usage;
  if (request.server) usage = "serverAuth";
  if (request.client) usage += usage.empty() ? "clientAuth" : ",clientAuth";
  const std::string names = alternative_names(request.dns_names, request.ip_addresses);
  const std::string key_usage = request.key_encipherment ? ",keyEncipherment" : "";
  made = made && add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature" + key_usage) &&
         (usage.empty() || add_extension(certificate, issuer, NID_ext_key_usage, usage)) &&
         add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(certificate, issuer, NID_authority_key_identifier, "keyid") &&
         (names.empty() || add_extension(certificate, issuer, NID_subject_alt_name, names)) &&
         ::X509_sign(certificate, impl_->key.get(), digest_for(impl_->key.get())) != 0;
  if (!made) return failure("issue the certificate " + request.common_name);
  auto pem = certificate_pem_of(certificate);
  if (!pem) return pem.error();
  auto text = private_pem(key.get());
  if (!text) return text.error();
  return KeyPair{std::move(*pem), std::move(*text)};
}

Result<SigningKey> make_signing_key() {
  const Key key = make_key();
  if (!key) return failure("make a signing key");
  auto secret = private_pem(key.get());
  if (!secret) return secret.error();
  Bio bio(::BIO_new(::BIO_s_mem()));
  if (!bio || ::PEM_write_bio_PUBKEY(bio.get(), key.get()) != 1) return failure("write a public key");
  return SigningKey{std::move(*secret), text_of(bio.get())};
}

Result<std::string> public_key_hash(const std::string &certificate_pem) {
  Bio bio(::BIO_new_mem_buf(certificate_pem.data(), static_cast<int>(certificate_pem.size())));
  const Certificate certificate(bio ? ::PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!certificate) return failure("read a certificate");
  unsigned char *encoded = nullptr;
  const int size = ::i2d_PUBKEY(::X509_get0_pubkey(certificate.get()), &encoded);
  if (size <= 0) return failure("read the public key of a certificate");
  unsigned char digest[SHA256_DIGEST_LENGTH];
  ::SHA256(encoded, static_cast<std::size_t>(size), digest);
  ::OPENSSL_free(encoded);
  static constexpr char digits[] = "0123456789abcdef";
  std::string text = "sha256:";
  for (const auto byte : digest)
    text.append({digits[byte >> 4], digits[byte & 15]});
  return text;
}

} // namespace ksail::pki

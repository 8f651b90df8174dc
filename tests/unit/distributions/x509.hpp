// SPDX-License-Identifier: Apache-2.0
// Certificates as OpenSSL sees them.
#pragma once

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace ksail::test {

struct FreeCertificate {
  void operator()(X509 *c) const { X509_free(c); }
};
using Certificate = std::unique_ptr<X509, FreeCertificate>;

inline Certificate read_certificate(const std::string &pem) {
  BIO *bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  Certificate certificate(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
  BIO_free(bio);
  return certificate;
}

} // namespace ksail::test

// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/certificate.hpp"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <ctime>
#include <memory>

namespace ksail::kubernetes {

namespace {

std::optional<std::chrono::system_clock::time_point> time_of(const ASN1_TIME *time) {
  std::tm fields{};
  if (!time || ASN1_TIME_to_tm(time, &fields) != 1) return std::nullopt;
  return std::chrono::system_clock::from_time_t(::timegm(&fields));
}

} // namespace

std::optional<Validity> certificate_validity(const std::string &pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                      BIO_free);
  if (!bio) return std::nullopt;
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr),
                                                                X509_free);
  if (!certificate) {
    ERR_clear_error(); // or the next TLS operation on this thread reports it as its own
    return std::nullopt;
  }
  const auto from = time_of(X509_get0_notBefore(certificate.get()));
  const auto to = time_of(X509_get0_notAfter(certificate.get()));
  if (!from || !to) return std::nullopt;
  return Validity{*from, *to};
}

Result<void> check_client_certificate(const std::string &pem, std::chrono::system_clock::time_point now) {
  const auto validity = certificate_validity(pem);
  if (!validity)
    return Error(Code::unauthenticated, "the client certificate of the kubeconfig cannot be read",
                 "get a new kubeconfig; for a cluster of ksail: `ksail cluster kubeconfig`");
  if (now > validity->not_after)
    return Error(
        Code::unauthenticated, "the client certificate of the kubeconfig expired at " + utc_text(validity->not_after),
        "renew it (on a control plane: `kubeadm certs renew admin.conf`) and fetch the kubeconfig again; for a "
        "cluster of ksail: `ksail cluster kubeconfig`");
  // Clocks of host and cluster may differ a little: a certificate made a moment ago is not refused here.
  if (now + std::chrono::minutes(5) < validity->not_before)
    return Error(Code::unauthenticated,
                 "the client certificate of the kubeconfig is not valid before " + utc_text(validity->not_before),
                 "check this machine's clock");
  return {};
}

std::string utc_text(std::chrono::system_clock::time_point when) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
  std::tm fields{};
  ::gmtime_r(&seconds, &fields);
  std::array<char, 40> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &fields);
  return std::string(text.data(), length);
}

} // namespace ksail::kubernetes

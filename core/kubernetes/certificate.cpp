// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/certificate.hpp"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <ctime>
#include <memory>

namespace ksail::kubernetes {

namespace {

struct Free {
  void operator()(BIO *bio) const { BIO_free(bio); }
  void operator()(ASN1_TIME *time) const { ASN1_TIME_free(time); }
  void operator()(unsigned char *bytes) const { OPENSSL_free(bytes); }
};
template <class T> using Owned = std::unique_ptr<T, Free>;

/// The bytes of a certificate, walked through as far as its dates (RFC 5280 section 4.1). OpenSSL would decode the
/// public key as well, which in version 3.0 takes it two million instructions, and would do so for each command.
class Der {
public:
  Der(const unsigned char *bytes, long size) : at_(bytes), end_(bytes + size) {}

  std::optional<Validity> validity() {
    enter(); // Certificate
    enter(); // TBSCertificate
    if (at_ != end_ && *at_ == version_tag) skip();
    for (int field = 0; field < 3; ++field) // serialNumber, signature, issuer
      skip();
    enter();
    const auto from = time();
    const auto to = time();
    if (!from || !to) return std::nullopt;
    return Validity{*from, *to};
  }

private:
  static constexpr unsigned char version_tag = 0xA0; ///< [0] EXPLICIT

  /// Past the head of what comes; its size. At the end of everything when there is nothing more, or something broken.
  long head() {
    long size = 0;
    int tag = 0;
    int kind = 0;
    if (at_ == end_ || (ASN1_get_object(&at_, &size, &tag, &kind, end_ - at_) & 0x80) != 0) {
      at_ = end_;
      return 0;
    }
    return size;
  }
  void enter() { head(); }
  void skip() {
    const long size = head(); // not before at_ has moved
    at_ += size;
  }
  std::optional<std::chrono::system_clock::time_point> time() {
    const Owned<ASN1_TIME> time(d2i_ASN1_TIME(nullptr, &at_, end_ - at_));
    std::tm fields{};
    if (!time || ASN1_TIME_to_tm(time.get(), &fields) != 1) return std::nullopt;
    return std::chrono::system_clock::from_time_t(::timegm(&fields));
  }

  const unsigned char *at_;
  const unsigned char *end_;
};

} // namespace

std::optional<Validity> certificate_validity(const std::string &pem) {
  const Owned<BIO> source(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  unsigned char *bytes = nullptr;
  long size = 0;
  std::optional<Validity> validity;
  if (source && PEM_bytes_read_bio(&bytes, &size, nullptr, PEM_STRING_X509, source.get(), nullptr, nullptr) == 1) {
    const Owned<unsigned char> freed(bytes);
    validity = Der(bytes, size).validity();
  }
  ERR_clear_error(); // or the next TLS operation on this thread reports what was wrong here as its own
  return validity;
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

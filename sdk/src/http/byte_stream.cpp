// SPDX-License-Identifier: Apache-2.0
#include <ksail/sdk/byte_stream.hpp>

#include "tls_context.hpp"
#include "tls_transport.hpp"
#include "transport.hpp"

#include <openssl/evp.h>

#include <array>

namespace ksail {

namespace {

class TransportStream final : public ByteStream {
public:
  explicit TransportStream(std::shared_ptr<http::Transport> transport) : transport_(std::move(transport)) {}
  ~TransportStream() override { transport_->close(); }
  asio::awaitable<Result<std::size_t>> read_some(char *data, std::size_t size) override {
    return transport_->read_some(data, size);
  }
  asio::awaitable<Result<void>> write_all(std::string_view bytes) override {
    return transport_->write_all(bytes, std::string_view());
  }
  void close() override { transport_->close(); }

private:
  std::shared_ptr<http::Transport> transport_;
};

std::string base64(const unsigned char *bytes, std::size_t size) {
  std::string text(4 * ((size + 2) / 3) + 1, '\0');
  const int length = ::EVP_EncodeBlock(reinterpret_cast<unsigned char *>(text.data()), bytes, static_cast<int>(size));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::string fingerprint_of(const std::string &subject_public_key_info) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (::EVP_Digest(subject_public_key_info.data(), subject_public_key_info.size(), digest.data(), &size, ::EVP_sha256(),
                   nullptr) != 1)
    return {};
  return base64(digest.data(), size);
}

asio::awaitable<Result<std::unique_ptr<ByteStream>>> open(http::Endpoint endpoint, StreamOptions options,
                                                          Deadline deadline) {
  const bool secured = endpoint.transport == http::Endpoint::Transport::tls;
  std::shared_ptr<http::TlsContext> tls;
  if (secured) {
    auto made = http::make_tls_context(endpoint.tls);
    if (!made) co_return made.error();
    tls = *made;
  }
  http::Protocols protocols;
  if (!options.application_protocol.empty()) protocols.push_back(options.application_protocol);
  auto transport = co_await http::connect(endpoint, tls, std::move(protocols), deadline);
  if (!transport) co_return transport.error();
  std::unique_ptr<ByteStream> stream = std::make_unique<TransportStream>(*transport);
  if (!secured) co_return stream;
  const auto chosen = (*transport)->application_protocol();
  if (chosen != options.application_protocol)
    co_return Error(Code::unavailable,
                    endpoint.describe() + " does not speak " + options.application_protocol + " over TLS",
                    "check that the port is the one of the service that is meant");
  if (!options.public_key_fingerprint.empty()) {
    const std::string found = fingerprint_of((*transport)->peer_public_key());
    if (found != options.public_key_fingerprint)
      co_return Error(Code::unauthenticated,
                      "the server at " + endpoint.describe() + " has another public key than expected: " + found,
                      "compare it with what the machine shows on its console");
  }
  co_return stream;
}

} // namespace

asio::awaitable<Result<std::unique_ptr<ByteStream>>> open_byte_stream(http::Endpoint endpoint, StreamOptions options,
                                                                      Deadline deadline) {
  std::string what = "connecting to " + endpoint.describe();
  return with_deadline(open(std::move(endpoint), std::move(options), deadline), deadline, std::move(what));
}

} // namespace ksail

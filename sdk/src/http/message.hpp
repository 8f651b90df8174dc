// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 messages without I/O: request text out of a Request, Response and body pieces out of bytes.
#pragma once

#include <ksail/sdk/http.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace ksail::http {

/// invalid_argument where a field could be taken for two.
Result<void> check_request(const Request &request);
/// The framing is ours to say, and such fields of a request are left out: two different lengths are how requests get
/// smuggled.
bool is_framing(std::string_view name);
/// Whether the message says how long its body is, although that may be empty.
bool tells_length(const Request &request);
/// "10.0.0.1:6443", "[::1]:80"; "localhost" for a unix socket.
std::string authority_of(const Endpoint &endpoint);

/// Request line and header fields up to and with the empty line. invalid_argument where a field could be taken for two.
Result<std::string> request_head(const Request &request, const Endpoint &endpoint, const std::string &user_agent);

/// Reads one response, fed with bytes as they come in pieces of any size.
class ResponseReader {
public:
  explicit ResponseReader(bool answer_to_head);
  ~ResponseReader();
  ResponseReader(ResponseReader &&) noexcept;
  ResponseReader &operator=(ResponseReader &&) noexcept;

  /// Consumes from the front of `bytes`; what belongs to the next message (or to an upgraded stream) is left. A
  /// malformed message is internal.
  Result<std::size_t> feed(std::string_view bytes);
  /// The peer closed: that is the end of a body without a length, and a truncation of every other (unavailable). With
  /// `cut_off` (no TLS goodbye, RFC 9112 section 9.8) it is a truncation of both.
  Result<void> end_of_stream(bool cut_off);
  /// Ready for the next message on the same connection, after an interim answer (1xx).
  void restart();

  bool started() const; ///< at least one byte of the message has come
  bool head_done() const;
  bool done() const;
  bool keep_alive() const;
  bool until_close() const; ///< the head announces neither a length nor chunks
  Response &response();     ///< status, reason, headers; complete once head_done()
  /// Body bytes that came since the last call.
  std::string take_body();
  std::size_t body_size() const; ///< of what was not taken

private:
  struct Parser;
  bool answer_to_head_;
  std::unique_ptr<Parser> parser_;
};

} // namespace ksail::http

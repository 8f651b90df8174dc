// SPDX-License-Identifier: Apache-2.0
#include "message.hpp"

#include "field_name.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/detail/config.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>

#include <algorithm>
#include <cctype>
#include <limits>

namespace ksail::http {

namespace beast = boost::beast;
using boost::system::error_code;

namespace {

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
  });
}
bool is_target(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c != 0x7f; });
}
bool is_field_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

} // namespace

Result<void> check_request(const Request &request) {
  if (!is_token(request.method) || !is_target(request.target))
    return Error(Code::invalid_argument,
                 "the request line is malformed: its method or target holds blanks or controls");
  for (const auto &[name, value] : request.headers.all()) {
    if (is_framing(name)) continue;
    if (!is_token(name) || !is_field_value(value))
      return Error(Code::invalid_argument, "a header field of the request is malformed: its name or value holds line "
                                           "breaks or other controls");
  }
  return {};
}

bool is_framing(std::string_view name) {
  return equal_names(name, "Content-Length") || equal_names(name, "Transfer-Encoding");
}

bool tells_length(const Request &request) {
  return !request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
}

std::string authority_of(const Endpoint &endpoint) {
  if (endpoint.transport == Endpoint::Transport::unix_socket) return "localhost";
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  return (v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

Result<std::string> request_head(const Request &request, const Endpoint &endpoint, const std::string &user_agent) {
  if (auto checked = check_request(request); !checked) return checked.error();
  std::string head;
  head.reserve(512);
  head.append(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\n");
  if (!request.headers.has("Host")) head.append("Host: ").append(authority_of(endpoint)).append("\r\n");
  if (!request.headers.has("User-Agent")) head.append("User-Agent: ").append(user_agent).append("\r\n");
  for (const auto &[name, value] : request.headers.all())
    if (!is_framing(name)) head.append(name).append(": ").append(value).append("\r\n");
  if (request.source)
    head.append("Transfer-Encoding: chunked\r\n");
  else if (tells_length(request))
    head.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  head.append("\r\n");
  return head;
}

struct ResponseReader::Parser final : beast::http::basic_parser<false> {
  Response response;
  std::string body;
  explicit Parser(bool answer_to_head) {
    this->eager(true);
    this->skip(answer_to_head);
    this->body_limit(std::numeric_limits<std::uint64_t>::max());
    this->header_limit(64 * 1024);
  }

  void on_request_impl(beast::http::verb, beast::string_view, beast::string_view, int, error_code &) override {}
  void on_response_impl(int code, beast::string_view reason, int, error_code &ec) override {
    ec = {};
    response.status = code;
    response.reason.assign(reason.data(), reason.size());
  }
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value, error_code &ec) override {
    ec = {};
    response.headers.add(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
  }
  void on_header_impl(error_code &ec) override { ec = {}; }
  void on_body_init_impl(const boost::optional<std::uint64_t> &length, error_code &ec) override {
    ec = {};
    if (length && *length < (16u << 20)) body.reserve(static_cast<std::size_t>(*length));
  }
  std::size_t on_body_impl(beast::string_view piece, error_code &ec) override {
    ec = {};
    body.append(piece.data(), piece.size());
    return piece.size();
  }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code &ec) override { ec = {}; }
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view piece, error_code &ec) override {
    ec = {};
    body.append(piece.data(), piece.size());
    return piece.size();
  }
  void on_finish_impl(error_code &ec) override { ec = {}; }
};

ResponseReader::ResponseReader(bool answer_to_head)
    : answer_to_head_(answer_to_head), parser_(std::make_unique<Parser>(answer_to_head)) {}
ResponseReader::~ResponseReader() = default;
ResponseReader::ResponseReader(ResponseReader &&) noexcept = default;
ResponseReader &ResponseReader::operator=(ResponseReader &&) noexcept = default;

Result<std::size_t> ResponseReader::feed(std::string_view bytes) {
  std::size_t used = 0;
  while (used < bytes.size() && !parser_->is_done()) {
    error_code ec;
    const auto count = parser_->put(boost::asio::buffer(bytes.data() + used, bytes.size() - used), ec);
    used += count;
    if (ec == beast::http::error::need_more) break;
    if (ec) return Error(Code::internal, "the answer is not valid HTTP: " + ec.message());
    if (count == 0) break;
  }
  return used;
}

Result<void> ResponseReader::end_of_stream(bool cut_off) {
  if (parser_->is_done()) return {};
  if (!parser_->got_some()) return Error(Code::unavailable, "the connection was closed before the answer came").retry();
  const Error truncated = Error(Code::unavailable, "the connection was closed in the middle of the answer").retry();
  if (cut_off) return truncated;
  error_code ec;
  parser_->put_eof(ec);
  if (ec) return truncated;
  return {};
}

void ResponseReader::restart() { parser_ = std::make_unique<Parser>(answer_to_head_); }

bool ResponseReader::started() const { return parser_->got_some(); }
bool ResponseReader::until_close() const { return parser_->is_header_done() && parser_->need_eof(); }
bool ResponseReader::head_done() const { return parser_->is_header_done(); }
bool ResponseReader::done() const { return parser_->is_done(); }
bool ResponseReader::keep_alive() const { return parser_->is_done() && parser_->keep_alive(); }
Response &ResponseReader::response() { return parser_->response; }
std::string ResponseReader::take_body() { return std::exchange(parser_->body, std::string()); }
std::size_t ResponseReader::body_size() const { return parser_->body.size(); }

} // namespace ksail::http

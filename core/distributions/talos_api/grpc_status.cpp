// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos_api/grpc_status.hpp"

#include <algorithm>

namespace ksail::talos_api {

namespace {

/// "/machine.MachineService/Version" as people say it.
std::string call_name(std::string_view method) {
  const auto slash = method.rfind('/');
  return "the Talos call " + std::string(slash == std::string_view::npos ? method : method.substr(slash + 1));
}

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

} // namespace

Error status_error(std::string_view method, std::uint32_t status, std::string_view message) {
  const Code code =
      status <= static_cast<std::uint32_t>(Code::unauthenticated) ? static_cast<Code>(status) : Code::unknown;
  std::string text = call_name(method) + " failed";
  if (!message.empty())
    text += ": " + std::string(message);
  else
    text += " with status " + std::to_string(status) + " and no reason";
  Error error(code, std::move(text));
  if (code == Code::permission_denied)
    error.hint = "the roles of the client certificate decide what may be called; os:admin may call everything";
  if (code == Code::unimplemented) error.hint = "this Talos version may be too old or too new for the call";
  error.retryable = code == Code::unavailable;
  return error;
}

Error http_status_error(std::string_view method, int http_status) {
  Code code = Code::unknown;
  switch (http_status) {
  case 400:
    code = Code::internal;
    break;
  case 401:
    code = Code::unauthenticated;
    break;
  case 403:
    code = Code::permission_denied;
    break;
  case 404:
    code = Code::unimplemented;
    break;
  case 429:
  case 502:
  case 503:
  case 504:
    code = Code::unavailable;
    break;
  default:
    break;
  }
  Error error(code,
              call_name(method) + " failed: the answer is HTTP status " + std::to_string(http_status) + " and no gRPC",
              "check that the port is the Talos API's (50000)");
  error.retryable = code == Code::unavailable;
  return error;
}

Error reset_error(std::string_view method, std::uint32_t http2_code) {
  // RFC 9113 section 7; the mapping is gRPC's.
  constexpr std::uint32_t refused_stream = 7, cancel = 8, enhance_your_calm = 11, inadequate_security = 12;
  Code code = Code::internal;
  if (http2_code == refused_stream) code = Code::unavailable;
  if (http2_code == cancel) code = Code::cancelled;
  if (http2_code == enhance_your_calm) code = Code::resource_exhausted;
  if (http2_code == inadequate_security) code = Code::permission_denied;
  Error error(code,
              call_name(method) + " was broken off by the server (HTTP/2 error " + std::to_string(http2_code) + ")");
  // A refused stream was not looked at; of any other it cannot be told.
  error.retryable = http2_code == refused_stream;
  error.outcome_unknown = http2_code != refused_stream;
  return error;
}

std::string decode_message(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
      decoded += static_cast<char>(hex(text[i + 1]) << 4 | hex(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  std::replace_if(decoded.begin(), decoded.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return decoded;
}

std::string timeout_text(std::int64_t milliseconds) {
  constexpr std::int64_t most = 99999999;
  milliseconds = std::max<std::int64_t>(milliseconds, 1);
  if (milliseconds <= most) return std::to_string(milliseconds) + "m";
  const std::int64_t seconds = milliseconds / 1000;
  return std::to_string(std::min(seconds, most)) + "S";
}

} // namespace ksail::talos_api

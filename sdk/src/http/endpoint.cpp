// SPDX-License-Identifier: Apache-2.0
// The small value types of the client: endpoints, header fields, percent-encoding.
#include "field_name.hpp"

#include <ksail/sdk/http.hpp>

#include <algorithm>

namespace ksail::http {

Endpoint Endpoint::unix_socket(std::string path) {
  Endpoint endpoint;
  endpoint.transport = Transport::unix_socket;
  endpoint.path = std::move(path);
  return endpoint;
}

Endpoint Endpoint::tcp(std::string host, std::uint16_t port) {
  Endpoint endpoint;
  endpoint.host = std::move(host);
  endpoint.port = port;
  return endpoint;
}

Endpoint Endpoint::tls_tcp(std::string host, std::uint16_t port, TlsOptions tls) {
  Endpoint endpoint = tcp(std::move(host), port);
  endpoint.transport = Transport::tls;
  endpoint.tls = std::move(tls);
  return endpoint;
}

std::string Endpoint::describe() const {
  if (transport == Transport::unix_socket) return "unix://" + path;
  const bool v6 = host.find(':') != std::string::npos;
  return (transport == Transport::tls ? "https://" : "http://") + (v6 ? "[" + host + "]" : host) + ":" +
         std::to_string(port);
}

void Headers::add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }

void Headers::set(std::string name, std::string value) {
  const auto same = [&](const auto &field) { return equal_names(field.first, name); };
  const auto first = std::find_if(fields_.begin(), fields_.end(), same);
  if (first == fields_.end()) return add(std::move(name), std::move(value));
  first->second = std::move(value);
  fields_.erase(std::remove_if(std::next(first), fields_.end(), same), fields_.end());
}

std::string_view Headers::get(std::string_view name) const {
  for (const auto &field : fields_)
    if (equal_names(field.first, name)) return field.second;
  return {};
}

bool Headers::has(std::string_view name) const {
  return std::any_of(fields_.begin(), fields_.end(), [&](const auto &field) { return equal_names(field.first, name); });
}

std::string encode_component(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                            c == '.' || c == '_' || c == '~';
    const auto byte = static_cast<unsigned char>(c);
    if (unreserved)
      result += c;
    else
      result.append({'%', digits[byte >> 4], digits[byte & 15]});
  }
  return result;
}

} // namespace ksail::http

// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/server_url.hpp"

#include <charconv>

namespace ksail::kubernetes {

Result<ServerUrl> parse_server_url(const std::string &url, bool tls_configured) {
  const auto bad = [&](const std::string &why) {
    return Error(Code::config, "the kubeconfig's server \"" + url + "\" cannot be used: " + why,
                 "write it as https://HOST:PORT");
  };
  ServerUrl out;
  std::string rest = url;
  if (const auto scheme = url.find("://"); scheme != std::string::npos) {
    const std::string word = url.substr(0, scheme);
    if (word != "https" && word != "http") return bad("the scheme is neither https nor http");
    out.tls = word == "https";
    rest = url.substr(scheme + 3);
  } else {
    out.tls = tls_configured;
  }
  out.port = out.tls ? 443 : 80;
  if (const auto slash = rest.find('/'); slash != std::string::npos) {
    out.base_path = rest.substr(slash);
    rest.resize(slash);
  }
  if (out.base_path.find_first_of("?#") != std::string::npos) return bad("it has a query or a fragment");
  while (out.base_path.ends_with('/'))
    out.base_path.pop_back();
  if (rest.find('@') != std::string::npos) return bad("credentials do not belong into it");

  std::string port;
  if (rest.starts_with('[')) {
    const auto close = rest.find(']');
    if (close == std::string::npos) return bad("a bracket is not closed");
    out.host = rest.substr(1, close - 1);
    if (close + 1 < rest.size()) {
      if (rest[close + 1] != ':') return bad("a port was expected behind the bracket");
      port = rest.substr(close + 2);
    }
  } else {
    const auto colon = rest.find(':');
    if (colon != std::string::npos && rest.find(':', colon + 1) != std::string::npos)
      return bad("an IPv6 address needs brackets");
    out.host = rest.substr(0, colon);
    if (colon != std::string::npos) port = rest.substr(colon + 1);
  }
  if (out.host.empty()) return bad("it names no host");
  if (!port.empty()) {
    unsigned number = 0;
    const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (failed != std::errc() || end != port.data() + port.size() || number == 0 || number > 65535)
      return bad("\"" + port + "\" is not a port");
    out.port = static_cast<std::uint16_t>(number);
  }
  return out;
}

} // namespace ksail::kubernetes

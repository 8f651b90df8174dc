// SPDX-License-Identifier: Apache-2.0
#include "distributions/registries.hpp"

#include "manifests/dns_label.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace ksail {

namespace {

constexpr std::string_view example = "for example ghcr.io=http://mirror.local:5000";

/// Basic strings of TOML and double-quoted scalars of YAML know JSON's escapes.
std::string quoted(const std::string &text) { return nlohmann::json(text).dump(); }

bool is_host(std::string_view text) {
  if (text.empty() || text.front() == '.' || text.front() == ':' || text.front() == '-') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == ':' || c == '_';
  });
}

/// http(s)://host[:port][/path], printable, without credentials.
std::string wrong_with_url(std::string_view url) {
  const bool http = url.starts_with("http://"), https = url.starts_with("https://");
  if (!http && !https) return "it does not begin with http:// or https://";
  std::string_view rest = url.substr(http ? 7 : 8);
  const auto authority = rest.substr(0, rest.find('/'));
  if (authority.find('@') != std::string_view::npos) return "it holds credentials, which every pod's node would show";
  if (!is_host(authority)) return "it names no host";
  for (const char c : url)
    if (c <= ' ' || c == '"' || c == '\\' || static_cast<unsigned char>(c) > 0x7e)
      return "it holds characters that no address has";
  return {};
}

std::string without_slash(std::string_view url) {
  while (url.ends_with('/'))
    url.remove_suffix(1);
  return std::string(url);
}

/// What containerd would ask without mirrors. One registry is not where the names of its images say.
std::string upstream_of(const std::string &host) {
  constexpr std::string_view elsewhere = "docker.io/"; // as image names begin
  if (host + "/" == elsewhere) return "https://registry-1." + host;
  return "https://" + host;
}

NodeFile file(std::string path, std::string content) {
  NodeFile made;
  made.path = std::move(path);
  made.content = std::move(content);
  return made;
}

std::string hostname(const LocalRegistry &registry) { return registry.name + ":" + std::to_string(registry_port); }

} // namespace

Result<std::vector<RegistryMirror>> parse_registry_mirrors(std::string_view text) {
  std::vector<RegistryMirror> mirrors;
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (part.empty()) continue;
    const auto fail = [&](const std::string &why) {
      return Error(Code::usage, "the registry mirror '" + std::string(part) + "' cannot be used: " + why,
                   "write HOST=URL, " + std::string(example));
    };
    const auto equals = part.find('=');
    if (equals == std::string_view::npos) return fail("it has no '='");
    const std::string host(part.substr(0, equals));
    const std::string_view url = part.substr(equals + 1);
    if (host != "*" && !is_host(host)) return fail("'" + host + "' is not the host of a registry");
    if (const auto wrong = wrong_with_url(url); !wrong.empty()) return fail(wrong);
    auto found = std::find_if(mirrors.begin(), mirrors.end(), [&](const RegistryMirror &m) { return m.host == host; });
    if (found == mirrors.end()) found = mirrors.insert(mirrors.end(), RegistryMirror{host, {}});
    found->endpoints.push_back(without_slash(url));
  }
  return mirrors;
}

Result<LocalRegistry> parse_local_registry(std::string_view text) {
  LocalRegistry registry;
  if (text.empty()) return registry;
  const auto fail = [&](const std::string &why) {
    return Error(Code::usage, "the local registry '" + std::string(text) + "' cannot be made: " + why,
                 "write NAME:PORT, for example " + std::string(default_local_registry));
  };
  const auto colon = text.find(':');
  registry.name = text.substr(0, colon);
  if (!manifests::is_dns_label(registry.name)) return fail("a name has " + std::string(manifests::dns_label_rule));
  registry.host_port = registry_port;
  if (colon == std::string_view::npos) return registry;
  const std::string_view port = text.substr(colon + 1);
  const auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), registry.host_port);
  if (failure != std::errc() || end != port.data() + port.size() || registry.host_port == 0)
    return fail("'" + std::string(port) + "' is not a port from 1 to 65535");
  return registry;
}

std::vector<RegistryMirror> effective_mirrors(const ClusterSpec &spec) {
  std::vector<RegistryMirror> mirrors = spec.registry_mirrors;
  if (spec.local_registry.name.empty()) return mirrors;
  const std::string inside = hostname(spec.local_registry);
  for (const std::string &host : {"localhost:" + std::to_string(spec.local_registry.host_port), inside}) {
    const bool given =
        std::any_of(mirrors.begin(), mirrors.end(), [&](const RegistryMirror &m) { return m.host == host; });
    if (!given) mirrors.push_back({host, {"http://" + inside}});
  }
  return mirrors;
}

std::string hosts_toml(const RegistryMirror &mirror) {
  std::string text;
  // A registry that is its own mirror speaks plain HTTP: asking it for TLS afterwards would only hide what went wrong.
  const bool own = mirror.endpoints.size() == 1 && mirror.endpoints.front() == "http://" + mirror.host;
  const bool local = mirror.host.starts_with("localhost:") || mirror.host.starts_with("127.0.0.1:");
  if (own || local)
    text = "server = " + quoted(mirror.endpoints.front()) + "\n";
  else if (mirror.host != "*")
    text = "server = " + quoted(upstream_of(mirror.host)) + "\n";
  for (const auto &endpoint : mirror.endpoints) {
    text += "\n[host." + quoted(endpoint) + "]\n  capabilities = [\"pull\", \"resolve\"]\n";
    // A path is that of the API, as a proxying registry has one for each upstream.
    if (endpoint.find("/v2/", endpoint.find("://") + 3) != std::string::npos) text += "  override_path = true\n";
  }
  return text;
}

std::vector<NodeFile> containerd_registry_files(const ClusterSpec &spec) {
  std::vector<NodeFile> files;
  for (const auto &mirror : effective_mirrors(spec))
    files.push_back(file("/etc/containerd/certs.d/" + (mirror.host == "*" ? "_default" : mirror.host) + "/hosts.toml",
                         hosts_toml(mirror)));
  return files;
}

std::vector<NodeFile> k3s_registry_files(const ClusterSpec &spec) {
  const auto mirrors = effective_mirrors(spec);
  if (mirrors.empty()) return {};
  std::string text = "mirrors:\n";
  for (const auto &mirror : mirrors) {
    text += "  " + quoted(mirror.host) + ":\n    endpoint:\n";
    for (const auto &endpoint : mirror.endpoints)
      text += "      - " + quoted(endpoint) + "\n";
  }
  std::vector<NodeFile> files = {file("/etc/rancher/k3s/registries.yaml", std::move(text))};
  files.front().mode = 0600;
  return files;
}

std::string local_registry_hosting(const LocalRegistry &registry) {
  const std::string inside = hostname(registry);
  return "host: " + quoted("localhost:" + std::to_string(registry.host_port)) +
         "\nhostFromContainerRuntime: " + quoted(inside) + "\nhostFromClusterNetwork: " + quoted(inside) + "\nhelp: " +
         quoted("push to localhost:" + std::to_string(registry.host_port) +
                " from the machine, pull by that name or as " + inside + " in the cluster") +
         "\n";
}

} // namespace ksail

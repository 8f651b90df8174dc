// SPDX-License-Identifier: Apache-2.0
#include "engine_address.hpp"

#include <openssl/evp.h>

#include <charconv>

namespace ksail::docker {

namespace {

constexpr const char *default_socket = "unix:///var/run/docker.sock";

/// Certificates as files `ca.pem`, `cert.pem`, `key.pem` in one folder; each may be missing.
Result<http::TlsOptions> read_certificates(const std::string &folder, bool verify) {
  http::TlsOptions tls;
  tls.verify = verify;
  const std::pair<const char *, std::string *> files[] = {
      {"ca.pem", &tls.ca_pem}, {"cert.pem", &tls.certificate_pem}, {"key.pem", &tls.key_pem}};
  for (const auto &[name, target] : files) {
    auto text = read_file_if_there(folder + "/" + name);
    if (!text) return text.error();
    if (*text) *target = std::move(**text);
  }
  if (tls.certificate_pem.empty() != tls.key_pem.empty())
    return Error(Code::failed_precondition,
                 "cannot use the certificates in " + folder + ": " +
                     (tls.key_pem.empty() ? "cert.pem has no key.pem" : "key.pem has no cert.pem") + " beside it");
  return tls;
}

struct Authority {
  std::string host;
  std::uint16_t port = 0;
  std::string path;
};

/// host[:port][/path] after "scheme://".
std::optional<Authority> parse_authority(std::string_view text, std::uint16_t default_port) {
  Authority result;
  result.port = default_port;
  const auto slash = text.find('/');
  if (slash != std::string_view::npos) {
    result.path = text.substr(slash);
    while (!result.path.empty() && result.path.back() == '/')
      result.path.pop_back();
    text = text.substr(0, slash);
  }
  std::string_view port;
  if (!text.empty() && text.front() == '[') {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    result.host = text.substr(1, end - 1);
    text = text.substr(end + 1);
    if (!text.empty() && text.front() != ':') return std::nullopt;
    if (!text.empty()) port = text.substr(1);
  } else {
    const auto colon = text.find(':');
    result.host = text.substr(0, colon);
    if (colon != std::string_view::npos) port = text.substr(colon + 1);
  }
  if (result.host.empty()) return std::nullopt;
  if (!port.empty()) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), result.port);
    if (error != std::errc() || end != port.data() + port.size() || result.port == 0) return std::nullopt;
  }
  return result;
}

/// `tls` is null for plain TCP.
Result<EngineAddress> parse_host(const std::string &host, const std::string &origin, const http::TlsOptions *tls) {
  EngineAddress address;
  address.shown = host;
  address.origin = origin;
  const auto separator = host.find("://");
  const std::string scheme = separator == std::string::npos ? "" : host.substr(0, separator);
  const std::string rest = separator == std::string::npos ? "" : host.substr(separator + 3);
  if (scheme == "unix" && !rest.empty()) {
    address.endpoint = http::Endpoint::unix_socket(rest);
    return address;
  }
  if (scheme == "ssh")
    return Error(Code::unimplemented,
                 "cannot use the Docker engine at " + host + " (" + origin + "): ssh is not supported",
                 "forward its socket (ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock " + rest +
                     ") and set DOCKER_HOST=unix:///tmp/docker.sock");
  if (scheme == "tcp" || scheme == "http" || scheme == "https") {
    const bool secure = scheme == "https" || (scheme == "tcp" && tls);
    if (auto authority = parse_authority(rest, secure ? 2376 : 2375)) {
      address.base_path = authority->path;
      address.endpoint =
          secure ? http::Endpoint::tls_tcp(authority->host, authority->port, tls ? *tls : http::TlsOptions())
                 : http::Endpoint::tcp(authority->host, authority->port);
      return address;
    }
  }
  return Error(Code::invalid_argument,
               "cannot use the Docker engine at '" + host + "' (" + origin + "): not an address",
               "write it as unix:///path/to/docker.sock or tcp://host:2376");
}

Result<EngineAddress> address_of_context(const Variables &variables, const std::string &name) {
  const std::string folder = config_directory(variables) + "/contexts";
  const std::string digest = context_digest(name);
  const std::string file = folder + "/meta/" + digest + "/meta.json";
  const std::string origin = "context '" + name + "'";
  auto text = read_file_if_there(file);
  if (!text) return text.error();
  if (!*text)
    return Error(Code::not_found, "there is no Docker context '" + name + "' (" + file + ")",
                 "`docker context ls` shows what exists; DOCKER_HOST goes before contexts");
  const auto meta = nlohmann::json::parse(**text, nullptr, false);
  const auto pointer = nlohmann::json::json_pointer("/Endpoints/docker");
  if (!meta.is_object() || !meta.contains(pointer) || !meta[pointer].is_object())
    return Error(Code::failed_precondition, "cannot use Docker " + origin + ": " + file + " names no engine");
  const auto &engine = meta[pointer];
  const auto host = engine.find("Host");
  const auto skip = engine.find("SkipTLSVerify");
  if (host == engine.end() || !host->is_string() || host->get<std::string>().empty())
    return parse_host(default_socket, origin, nullptr);
  const bool verify = skip == engine.end() || !skip->is_boolean() || !skip->get<bool>();
  auto tls = read_certificates(folder + "/tls/" + digest + "/docker", verify);
  if (!tls) return tls.error();
  const bool has_certificates = !tls->ca_pem.empty() || !tls->certificate_pem.empty() || !verify;
  return parse_host(host->get<std::string>(), origin, has_certificates ? &*tls : nullptr);
}

} // namespace

std::string context_digest(std::string_view name) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(name.data(), name.size(), digest, &size, EVP_sha256(), nullptr);
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += digits[digest[i] >> 4];
    text += digits[digest[i] & 15];
  }
  return text;
}

Result<EngineAddress> resolve_engine_address(const Variables &variables) {
  if (const std::string host = variables("DOCKER_HOST"); !host.empty()) {
    const bool verify = !variables("DOCKER_TLS_VERIFY").empty();
    std::string certificates = variables("DOCKER_CERT_PATH");
    if (!verify && certificates.empty()) return parse_host(host, "DOCKER_HOST", nullptr);
    if (certificates.empty()) certificates = config_directory(variables);
    auto tls = read_certificates(certificates, verify);
    if (!tls) return tls.error();
    return parse_host(host, "DOCKER_HOST", &*tls);
  }
  std::string context = variables("DOCKER_CONTEXT");
  if (context.empty()) {
    auto config = read_client_config(variables);
    if (!config) return config.error();
    const auto current = config->find("currentContext");
    if (current != config->end() && current->is_string()) context = current->get<std::string>();
  }
  if (!context.empty() && context != "default") return address_of_context(variables, context);
  return parse_host(default_socket, "default", nullptr);
}

} // namespace ksail::docker

// SPDX-License-Identifier: Apache-2.0
#include "registry_auth.hpp"

#include "base64.hpp"
#include "child_process.hpp"

#include <algorithm>

namespace ksail::docker {

namespace {

using nlohmann::json;

std::string text_member(const json &object, const char *name) {
  if (!object.is_object()) return {};
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// "https://ghcr.io/v1/" -> "ghcr.io"
std::string_view host_of(std::string_view key) {
  if (const auto scheme = key.find("://"); scheme != std::string_view::npos) key.remove_prefix(scheme + 3);
  return key.substr(0, key.find('/'));
}

/// The entry of `section` for a registry: by its very key, else by host name.
const json *entry_for(const json &config, const char *section, std::string_view key) {
  const auto entries = config.find(section);
  if (entries == config.end() || !entries->is_object()) return nullptr;
  if (const auto exact = entries->find(std::string(key)); exact != entries->end()) return &*exact;
  for (auto entry = entries->begin(); entry != entries->end(); ++entry)
    if (host_of(entry.key()) == host_of(key)) return &*entry;
  return nullptr;
}

std::optional<RegistryCredentials> stored_credentials(const json &entry) {
  RegistryCredentials credentials;
  credentials.identity_token = text_member(entry, "identitytoken");
  credentials.registry_token = text_member(entry, "registrytoken");
  credentials.user = text_member(entry, "username");
  credentials.password = text_member(entry, "password");
  if (const auto decoded = base64_decode(text_member(entry, "auth")); decoded && !decoded->empty()) {
    const auto colon = decoded->find(':');
    if (colon != std::string::npos) {
      credentials.user = decoded->substr(0, colon);
      credentials.password = decoded->substr(colon + 1);
      // Old versions of docker padded the decoded text with NUL bytes.
      while (!credentials.password.empty() && credentials.password.back() == '\0')
        credentials.password.pop_back();
    }
  }
  if (credentials.user.empty() && credentials.identity_token.empty() && credentials.registry_token.empty())
    return std::nullopt;
  return credentials;
}

bool valid_helper(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
}

} // namespace

std::string RegistryCredentials::header(std::string_view registry_key) const {
  json fields = {{"serveraddress", registry_key}};
  if (!registry_token.empty())
    fields["registrytoken"] = registry_token;
  else if (!identity_token.empty())
    fields["identitytoken"] = identity_token;
  else {
    fields["username"] = user;
    fields["password"] = password;
  }
  return base64url_encode(fields.dump());
}

CredentialSource find_credentials(const json &config, std::string_view registry_key) {
  CredentialSource source;
  if (!config.is_object()) return source;
  if (const json *helper = entry_for(config, "credHelpers", registry_key); helper && helper->is_string())
    source.helper = helper->get<std::string>();
  if (source.helper.empty()) {
    if (const json *entry = entry_for(config, "auths", registry_key)) source.stored = stored_credentials(*entry);
    if (!source.stored) source.helper = text_member(config, "credsStore");
  }
  if (!valid_helper(source.helper)) source.helper.clear();
  return source;
}

std::optional<RegistryCredentials> parse_helper_answer(std::string_view text) {
  const auto answer = json::parse(text, nullptr, false);
  const std::string user = text_member(answer, "Username");
  const std::string secret = text_member(answer, "Secret");
  if (secret.empty()) return std::nullopt;
  RegistryCredentials credentials;
  if (user == "<token>")
    credentials.identity_token = secret;
  else {
    credentials.user = user;
    credentials.password = secret;
  }
  return credentials;
}

asio::awaitable<std::optional<std::string>> registry_auth_header(const sdk::Host &host, const Variables &variables,
                                                                 std::string registry_key) {
  auto config = read_client_config(variables);
  if (!config) {
    host.log(KSAIL_LOG_WARN, config.error().message);
    co_return std::nullopt;
  }
  CredentialSource source = find_credentials(*config, registry_key);
  if (!source.helper.empty()) {
    const std::string program = "docker-credential-" + source.helper;
    std::vector<std::string> argv(1, program);
    argv.emplace_back("get");
    auto ended = co_await run_program(std::move(argv), registry_key, Deadline::after(std::chrono::seconds(10)));
    if (!ended)
      host.log(KSAIL_LOG_WARN, ended.error().message);
    else if (ended->exit_code == 0)
      source.stored = parse_helper_answer(ended->output);
    else // its output may be anything: not for the log
      host.log(KSAIL_LOG_INFO, program + " has no credentials for " + registry_key);
  }
  if (!source.stored) co_return std::nullopt;
  for (const auto *secret : {&source.stored->password, &source.stored->identity_token, &source.stored->registry_token})
    if (!secret->empty()) host.redact(*secret);
  std::string header = source.stored->header(registry_key);
  host.redact(header);
  co_return header;
}

} // namespace ksail::docker

// SPDX-License-Identifier: Apache-2.0
// Credentials for a registry, from where `docker login` puts them: config.json's auths, or a credential helper that
// config.json names. What is found never reaches a log or an error.
#pragma once

#include "client_settings.hpp"

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/provider.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace ksail::docker {

struct RegistryCredentials {
  std::string user;
  std::string password;
  std::string identity_token; ///< instead of user and password
  std::string registry_token; ///< a bearer token, instead of both

  /// Value of the header X-Registry-Auth. Source: Docker Engine API, "Authentication".
  std::string header(std::string_view registry_key) const;
};

/// Where config.json says the credentials for a registry are.
struct CredentialSource {
  std::string helper; ///< suffix of docker-credential-<helper>, or empty
  std::optional<RegistryCredentials> stored;
};

/// Pure lookup: credHelpers, then auths, then credsStore (which then keeps the secret of an empty auths entry, or of
/// none). Keys are matched by host name when they are URLs.
CredentialSource find_credentials(const nlohmann::json &config, std::string_view registry_key);

/// What a helper printed for `get`. Source: docker-credential-helpers, "Development".
std::optional<RegistryCredentials> parse_helper_answer(std::string_view text);

/// The header's value for a registry, or nullopt when nothing is known. Runs a credential helper for at most ten
/// seconds; a failure of it is logged, not returned, since most images need no credentials.
asio::awaitable<std::optional<std::string>> registry_auth_header(const sdk::Host &host, const Variables &variables,
                                                                 std::string registry_key);

} // namespace ksail::docker

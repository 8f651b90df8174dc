// SPDX-License-Identifier: Apache-2.0
// Reading members of a request's JSON body, with errors that name the verb and the member.
#pragma once

#include <ksail/sdk/provider.hpp>

#include <string>
#include <vector>

namespace ksail::docker {

/// A non-empty string member, or invalid_argument.
Result<std::string> required_text(const sdk::Request &request, const char *member);
/// A string member; empty when it is not there.
Result<std::string> optional_text(const sdk::Request &request, const char *member);
/// A boolean member; false when it is not there.
Result<bool> optional_flag(const sdk::Request &request, const char *member);
/// An array of strings; empty when it is not there.
Result<std::vector<std::string>> optional_texts(const sdk::Request &request, const char *member);
/// An object of strings; empty object when it is not there.
Result<nlohmann::json> optional_labels(const sdk::Request &request, const char *member);

/// The name of a cluster: what may stand in a label filter and an object's name.
Result<std::string> required_cluster(const sdk::Request &request);

} // namespace ksail::docker

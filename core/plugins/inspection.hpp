// SPDX-License-Identifier: Apache-2.0
// All that can be said about a plugin without running a line of its code. Loading and `plugin verify` share it.
#pragma once

#include <plugins/loader.hpp>
#include <plugins/trusted_file.hpp>

#include <optional>

namespace ksail::plugins {

struct Inspection {
  std::vector<VerifyCheck> checks; ///< in the order made; ends where nothing more can be said
  std::optional<Error> refusal;    ///< the first reason not to load it. Advisory checks (exports, linking) give none.
  TrustedFile library;
};

/// `found.manifest` has a value.
Inspection inspect(const Found &found);

/// Reads one manifest file and says where its library is looked for.
Found read_manifest(const std::filesystem::path &manifest, const std::filesystem::path &libraries);

/// "1.0"
std::string abi_text(std::uint32_t major, std::uint32_t minor);

/// Whether this host can work with a plugin of that ABI. `subject` starts the message and names the plugin and its
/// file.
Result<void> check_abi(const AbiVersion &abi, const std::string &subject, const std::string &id);

} // namespace ksail::plugins

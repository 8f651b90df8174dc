// SPDX-License-Identifier: Apache-2.0
// The JSON manifest that lies beside a plugin library (and inside it, as ELF note `.note.ksail`).
#pragma once

#include <ksail/sdk/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ksail::plugins {

struct AbiVersion {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  std::uint32_t min_host_minor = 0; ///< the oldest host minor the plugin can work with
};

struct Manifest {
  std::uint32_t manifest_version = 0; ///< 1
  std::string id;                     ///< "docker": lower case letters, digits, '-'
  std::string version;                ///< "0.1.0"
  std::string library;                ///< base name, "docker.so"
  std::string arch;                   ///< "x86_64-linux-gnu"
  AbiVersion abi;
  std::vector<std::string> interfaces;     ///< "ksail.provider/1"
  std::vector<std::string> provider_names; ///< as shown to users: "Docker"
  std::vector<std::string> capabilities;   ///< "container", "exec"
  std::vector<std::string> distributions;
  std::string requires_ksail; ///< ">=0.1", or empty
  std::string config_schema;  ///< file name, or empty
  std::string license;
  std::string homepage;
  std::string sha256;      ///< of the library, lower case hex, or empty
  std::string description; ///< one line

  /// Whether one of provider_names (or the id) equals `name`, ignoring ASCII case.
  bool provides(std::string_view name) const;
  bool has_interface(std::string_view id) const;
};

/// Reads manifest text. Hard limits on size, depth and counts; unknown members are ignored so that newer manifests stay
/// readable. `origin` (a path) is named in errors, whose code is Code::plugin.
Result<Manifest> parse_manifest(std::string_view text, std::string_view origin);

/// Whether two texts are the same manifest, ignoring white space and the order of members.
bool same_manifest(std::string_view a, std::string_view b);

constexpr std::size_t max_manifest_bytes = 64 * 1024;

/// The architecture this host was built for, in the spelling of manifests.
std::string_view host_arch();

} // namespace ksail::plugins

// SPDX-License-Identifier: Apache-2.0
// ksail.yaml: apiVersion ksail.io/v1alpha1, kind Cluster. Read strictly: what is not understood is refused with its
// place.
#pragma once

#include "config/environment.hpp"
#include "config/setting.hpp"

#include <ksail/sdk/result.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ksail::config {

struct FileEntry {
  std::string key;
  std::string value; ///< normalised
  std::string where; ///< "ksail.yaml:5:14"
};

struct ConfigFile {
  std::string path;  ///< as opened
  std::string shown; ///< as errors name it
  std::vector<FileEntry> entries;
  std::vector<std::string> warnings; ///< "ksail.yaml:7:5: …"
};

/// The nearest `ksail.yaml` in `directory` or above it; nothing when there is none.
std::optional<std::string> find_config_file(const std::string &directory);

/// Reads a file. `shown` is what errors name. Errors are Code::config; several are all told, as causes.
Result<ConfigFile> read_config_file(const std::string &path, const std::string &shown, const Environment &environment,
                                    const Choices &choices);
/// The same from text.
Result<ConfigFile> parse_config(std::string_view text, const std::string &shown, const Environment &environment,
                                const Choices &choices);

} // namespace ksail::config

// SPDX-License-Identifier: Apache-2.0
// All settings with their values and where each came from: flags > environment > ksail.yaml > defaults.
#pragma once

#include "config/environment.hpp"
#include "config/setting.hpp"

#include <ksail/sdk/result.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ksail::config {

enum class Origin { fallback, file, environment, flag };
/// "default", "file", "environment", "flag"
std::string_view origin_name(Origin origin);

struct Value {
  std::string text; ///< normalised
  Origin origin = Origin::fallback;
  std::string where; ///< "--workers", "KSAIL_SPEC_CLUSTER_WORKERS", "ksail.yaml:5:14" or empty
};

struct Flag {
  std::string key;
  std::string text;
  std::string shown; ///< "--workers"
};

/// What a command line and the world around it give. Plain values, so that it can be tested.
struct Request {
  std::optional<std::string> config_file; ///< --config; else looked for from `working_directory` upwards
  std::string working_directory;
  std::string home; ///< for "~/"
  Environment environment;
  std::vector<Flag> flags;
  Choices choices;
};

class Settings {
public:
  const Value &value(std::string_view key) const; ///< of a known key
  const std::string &text(std::string_view key) const { return value(key).text; }
  unsigned number(std::string_view key) const;
  bool is_true(std::string_view key) const { return text(key) == "true"; }
  /// Nothing when it is unset.
  std::optional<std::chrono::nanoseconds> duration(std::string_view key) const;
  bool given(std::string_view key) const { return value(key).origin != Origin::fallback; }
  /// The node image given for the distribution in effect; empty text when none is.
  const Value &node_image() const;
  /// The ksail.yaml that was read, as errors name it; empty when there was none.
  const std::string &file() const { return file_; }
  const std::vector<std::string> &warnings() const { return warnings_; }
  /// In the order of settings().
  std::vector<std::pair<std::string, Value>> all() const;

private:
  friend Result<Settings> resolve(const Request &request);
  std::map<std::string, Value, std::less<>> values_;
  std::string file_;
  std::vector<std::string> warnings_;
};

/// Bad flags are Code::usage, everything else bad is Code::config. Paths that come from ksail.yaml are relative to it.
/// The flag key "nodeImage" is that of the distribution in effect.
Result<Settings> resolve(const Request &request);

} // namespace ksail::config

// SPDX-License-Identifier: Apache-2.0
// What the host offers to plugins. The application derives from it; the loader turns it into C tables.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ksail::plugins {

/// Services for plugins. Every function is called from any thread, at any time between load and shutdown_all().
/// The defaults log nothing and know no secret. `level` is KSAIL_LOG_TRACE (0) to KSAIL_LOG_ERROR (4).
class HostServices {
public:
  virtual ~HostServices() = default;
  virtual bool log_enabled(int level) const {
    (void)level;
    return false;
  }
  /// `target` starts with the plugin's id. Misbehaviour of a plugin found by the host comes here too, at error level.
  virtual void log(int level, std::string_view target, std::string_view message) {
    (void)level, (void)target, (void)message;
  }
  virtual std::optional<std::string> secret(std::string_view name) {
    (void)name;
    return std::nullopt;
  }
  /// Adds a value to what is blacked out in everything that is printed.
  virtual void redact(std::string_view value) { (void)value; }
};

} // namespace ksail::plugins

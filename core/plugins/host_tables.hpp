// SPDX-License-Identifier: Apache-2.0
// The C tables that one plugin gets from the host.
#pragma once

#include <plugins/host_services.hpp>

#include <ksail/abi.h>

#include <shared_mutex>
#include <string>
#include <string_view>

namespace ksail::plugins {

/// Never destroyed once a plugin has seen it. Until attach() and after detach() it answers as if there were no
/// services.
class HostTables {
public:
  explicit HostTables(std::string plugin_id);
  HostTables(const HostTables &) = delete;
  HostTables &operator=(const HostTables &) = delete;

  const ksail_host *table() const { return &host_; }
  void attach(HostServices &services);
  void detach(); ///< waits for services in use by other threads

  /// Logs at error level that the plugin breaks its contract. From any thread.
  void misbehaves(std::string_view what) noexcept;

private:
  static std::int32_t log_enabled(void *self, std::int32_t level) noexcept;
  static void log_write(void *self, std::int32_t level, ksail_str target, ksail_str message) noexcept;
  static std::int32_t secret_get(void *self, ksail_str name,
                                 void (*take)(void *user, const void *data, std::uint64_t len) noexcept,
                                 void *user) noexcept;
  static void secret_redact(void *self, ksail_str value) noexcept;
  void log(int level, std::string_view target, std::string_view message);

  const std::string id_;
  std::shared_mutex mutex_; ///< guards services_; not held while a plugin's code runs
  HostServices *services_ = nullptr;
  ksail_host host_{};
  ksail_host_log_1 log_{};
  ksail_host_clock_1 clock_{};
  ksail_host_secrets_1 secrets_{};
};

} // namespace ksail::plugins

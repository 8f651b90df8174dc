// SPDX-License-Identifier: Apache-2.0
// A plugin library in this process. Once mapped it stays: a plugin's threads may outlive every object of ours.
#pragma once

#include <plugins/host_tables.hpp>
#include <plugins/inspection.hpp>

#include <ksail/abi.h>

#include <atomic>
#include <mutex>

namespace ksail::plugins {

class LoadedPlugin {
public:
  /// Maps the library that was inspected. What is returned is never destroyed.
  static Result<LoadedPlugin *> map(const Found &found, const Inspection &inspection);
  /// Once: checks the tables of the library and calls its init(). After a failure the plugin is retired.
  Result<void> initialise(const Manifest &manifest, HostServices &services);

  const std::string &id() const { return id_; }
  std::size_t number() const { return number_; }
  HostTables &host() { return host_; }

  /// The provider interface's start(). False when the plugin was shut down.
  bool start(const ksail_request &request, const ksail_callbacks &callbacks, ksail_op *&op);
  /// From now on start() refuses.
  void retire() { retired_ = true; }
  bool retired() const { return retired_; }
  /// The plugin's shutdown(); blocks for about `grace` when the plugin keeps to the rules.
  std::int32_t shutdown(std::uint64_t grace_ns);

private:
  explicit LoadedPlugin(std::string id);
  Result<void> check_and_init(const Manifest &manifest);

  const std::string id_;
  std::string subject_; ///< "plugin docker (/path)", how messages start
  std::size_t number_ = 0;
  HostTables host_;
  std::mutex serial_; ///< the ABI's [serial]
  std::atomic<bool> retired_{false};
  ksail_plugin_entry_fn entry_fn_ = nullptr;
  ksail_entry_1 entry_{};
  ksail_provider_1 provider_{};
};

} // namespace ksail::plugins

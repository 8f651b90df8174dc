// SPDX-License-Identifier: Apache-2.0
// Which operation a plugin means: the `user` value of its callbacks is a key of this table and no address.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace ksail::plugins {

class PluginCall;
class LoadedPlugin;

class CallTable {
public:
  /// The only one. Never destroyed: plugins may call back until the process is gone.
  static CallTable &instance();

  /// Plugins have small numbers, so that a key that is gone still says whose it was.
  std::size_t add_plugin(LoadedPlugin &plugin);
  void *add(std::size_t plugin, std::shared_ptr<PluginCall> call);
  /// The operation, or null.
  std::shared_ptr<PluginCall> find(void *key);
  /// The same, and removes it.
  std::shared_ptr<PluginCall> take(void *key);
  /// The plugin that got this key, or null for a value that was never one.
  LoadedPlugin *owner(void *key);
  std::vector<std::shared_ptr<PluginCall>> of_plugin(const LoadedPlugin &plugin);

private:
  std::mutex mutex_;
  std::vector<LoadedPlugin *> plugins_;
  std::uintptr_t last_ = 0;
  std::unordered_map<std::uintptr_t, std::shared_ptr<PluginCall>> calls_;
};

} // namespace ksail::plugins

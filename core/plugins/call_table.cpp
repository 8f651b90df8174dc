// SPDX-License-Identifier: Apache-2.0
#include <plugins/call_table.hpp>

namespace ksail::plugins {

namespace {

// The plugin's number plus one stands above, a sequence number below; neither is 0, so no key is a null pointer.
constexpr unsigned sequence_bits = sizeof(std::uintptr_t) * 8 - 8;
constexpr std::uintptr_t sequence_mask = (std::uintptr_t{1} << sequence_bits) - 1;

std::uintptr_t number(void *key) { return reinterpret_cast<std::uintptr_t>(key); }
std::size_t plugin_of(std::uintptr_t key) { return static_cast<std::size_t>(key >> sequence_bits) - 1; }

} // namespace

CallTable &CallTable::instance() {
  static auto *const only = new CallTable;
  return *only;
}

std::size_t CallTable::add_plugin(LoadedPlugin &plugin) {
  const std::lock_guard lock(mutex_);
  plugins_.push_back(&plugin);
  return plugins_.size() - 1;
}

void *CallTable::add(std::size_t plugin, std::shared_ptr<PluginCall> call) {
  const std::lock_guard lock(mutex_);
  last_ = (last_ & sequence_mask) + 1;
  const std::uintptr_t key = (static_cast<std::uintptr_t>(plugin + 1) << sequence_bits) | last_;
  calls_.emplace(key, std::move(call));
  return reinterpret_cast<void *>(key);
}

std::shared_ptr<PluginCall> CallTable::find(void *key) {
  const std::lock_guard lock(mutex_);
  const auto found = calls_.find(number(key));
  return found == calls_.end() ? nullptr : found->second;
}

std::shared_ptr<PluginCall> CallTable::take(void *key) {
  const std::lock_guard lock(mutex_);
  const auto found = calls_.find(number(key));
  if (found == calls_.end()) return nullptr;
  auto call = std::move(found->second);
  calls_.erase(found);
  return call;
}

LoadedPlugin *CallTable::owner(void *key) {
  const std::lock_guard lock(mutex_);
  const auto index = plugin_of(number(key));
  return index < plugins_.size() ? plugins_[index] : nullptr;
}

std::vector<std::shared_ptr<PluginCall>> CallTable::of_plugin(const LoadedPlugin &plugin) {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<PluginCall>> found;
  for (const auto &[key, call] : calls_)
    if (const auto index = plugin_of(key); index < plugins_.size() && plugins_[index] == &plugin) found.push_back(call);
  return found;
}

} // namespace ksail::plugins

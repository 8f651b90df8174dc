// SPDX-License-Identifier: Apache-2.0
// A directory with a copy of a fake plugin: a fresh file is a fresh plugin to the loader, and may be spoilt.
#pragma once

#include <plugins/loader.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace ksail::plugins {

class PluginDirectory {
public:
  /// Copies fake-<what>.so and .json from the build.
  explicit PluginDirectory(const std::string &what);
  /// Copies both files of a plugin from anywhere.
  PluginDirectory(const std::filesystem::path &from, const std::string &id);
  ~PluginDirectory();
  PluginDirectory(const PluginDirectory &) = delete;
  PluginDirectory &operator=(const PluginDirectory &) = delete;

  const std::string &id() const { return id_; }
  std::filesystem::path library() const { return directory_ / (id_ + ".so"); }
  std::filesystem::path manifest() const { return directory_ / (id_ + ".json"); }
  const std::filesystem::path &path() const { return directory_; }
  SearchPath search() const;
  /// The manifest with one member replaced, e.g. ("abi", {...}).
  void edit(const std::string &member, nlohmann::json value) const;
  void write(const std::filesystem::path &file, const std::string &bytes) const;

private:
  void make();
  std::filesystem::path directory_;
  std::string id_;
};

/// Remembers what plugins logged; knows the secret "token".
class RecordingServices final : public HostServices {
public:
  bool log_enabled(int) const override { return true; }
  void log(int level, std::string_view target, std::string_view message) override;
  std::optional<std::string> secret(std::string_view name) override;
  void redact(std::string_view value) override;

  /// "level target: message" lines that contain `part`.
  int count(std::string_view part) const;
  std::string all() const;
  bool redacted(std::string_view value) const;

private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  std::vector<std::string> redacted_;
};

/// One plugin of a directory, loaded, and an io_context to call it from. Ends the plugin when it goes.
class LoadedFake {
public:
  explicit LoadedFake(const std::string &what);
  explicit LoadedFake(const PluginDirectory &directory);
  ~LoadedFake();

  Provider &provider() { return *provider_; }
  RecordingServices &services() { return services_; }
  asio::io_context &context() { return context_; }
  /// Runs one call to its end.
  Result<Reply> call(const std::string &verb, nlohmann::json body = nlohmann::json::object(),
                     Deadline deadline = Deadline::never(), EventHandler on_event = EventHandler(),
                     std::vector<Blob> blobs = {});
  /// Begins a call; its result appears in the slot.
  void begin(const std::string &verb, std::optional<Result<Reply>> &slot, asio::cancellation_slot cancel = {},
             EventHandler on_event = EventHandler(), Deadline deadline = Deadline::never());
  void shutdown(std::chrono::nanoseconds grace);
  void drop_provider() { provider_.reset(); }

private:
  void load(const PluginDirectory &directory);

  std::optional<PluginDirectory> own_;
  RecordingServices services_;
  asio::io_context context_;
  std::unique_ptr<Provider> provider_;
};

/// The failure of loading; fails the test when there is none.
Error refusal_of(const PluginDirectory &directory);

} // namespace ksail::plugins

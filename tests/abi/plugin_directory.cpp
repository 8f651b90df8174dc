// SPDX-License-Identifier: Apache-2.0
#include "plugin_directory.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>

namespace ksail::plugins {

namespace fs = std::filesystem;

PluginDirectory::PluginDirectory(const std::string &what) : id_("fake-" + what) {
  make();
  const fs::path from = fs::path(KSAIL_FAKES_DIR) / what;
  fs::copy_file(from / (id_ + ".so"), library());
  if (fs::exists(from / (id_ + ".json"))) fs::copy_file(from / (id_ + ".json"), manifest());
}

PluginDirectory::PluginDirectory(const fs::path &from, const std::string &id) : id_(id) {
  make();
  fs::copy_file(from / (id_ + ".so"), library());
  fs::copy_file(from / (id_ + ".json"), manifest());
}

void PluginDirectory::make() {
  static std::atomic<int> number{0};
  directory_ = fs::path(KSAIL_SCRATCH_DIR) / (std::to_string(::getpid()) + "-" + std::to_string(++number));
  fs::create_directories(directory_);
  fs::permissions(directory_, fs::perms(0755));
}

PluginDirectory::~PluginDirectory() {
  std::error_code ignored;
  fs::permissions(directory_, fs::perms(0755), ignored);
  fs::remove_all(directory_, ignored);
}

SearchPath PluginDirectory::search() const {
  SearchPath path;
  path.dirs.emplace_back(directory_);
  return path;
}

void PluginDirectory::edit(const std::string &member, nlohmann::json value) const {
  std::ifstream in(manifest());
  auto json = nlohmann::json::parse(in);
  json[member] = std::move(value);
  write(manifest(), json.dump());
}

void PluginDirectory::write(const fs::path &file, const std::string &bytes) const {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << bytes;
}

void RecordingServices::log(int level, std::string_view target, std::string_view message) {
  const std::lock_guard lock(mutex_);
  lines_.push_back(std::to_string(level) + " " + std::string(target) + ": " + std::string(message));
}

std::optional<std::string> RecordingServices::secret(std::string_view name) {
  if (name == "token") return "s3cret";
  return std::nullopt;
}

void RecordingServices::redact(std::string_view value) {
  const std::lock_guard lock(mutex_);
  redacted_.emplace_back(value);
}

int RecordingServices::count(std::string_view part) const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(std::count_if(
      lines_.begin(), lines_.end(), [part](const std::string &line) { return line.find(part) != std::string::npos; }));
}

std::string RecordingServices::all() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const auto &line : lines_)
    text += line + "\n";
  return text;
}

bool RecordingServices::redacted(std::string_view value) const {
  const std::lock_guard lock(mutex_);
  return std::find(redacted_.begin(), redacted_.end(), value) != redacted_.end();
}

LoadedFake::LoadedFake(const std::string &what) : own_(std::in_place, what) { load(*own_); }

LoadedFake::LoadedFake(const PluginDirectory &directory) { load(directory); }

void LoadedFake::load(const PluginDirectory &directory) {
  auto loaded = load_provider(directory.id(), directory.search(), context_.get_executor(), services_);
  if (!loaded) FAIL(loaded.error().message);
  provider_ = std::move(*loaded);
}

LoadedFake::~LoadedFake() {
  provider_.reset();
  shutdown_all(std::chrono::seconds(5));
}

void LoadedFake::shutdown(std::chrono::nanoseconds grace) { shutdown_all(grace); }

void LoadedFake::begin(const std::string &verb, std::optional<Result<Reply>> &slot, asio::cancellation_slot cancel,
                       EventHandler on_event, Deadline deadline) {
  auto ended = [&slot](std::exception_ptr thrown, Result<Reply> result) {
    if (thrown)
      slot.emplace(detail::error_of(thrown));
    else
      slot.emplace(std::move(result));
  };
  asio::co_spawn(context_,
                 provider_->call(verb, nlohmann::json::object(), std::vector<Blob>(), deadline, std::move(on_event)),
                 asio::bind_cancellation_slot(cancel, ended));
}

Result<Reply> LoadedFake::call(const std::string &verb, nlohmann::json body, Deadline deadline, EventHandler on_event,
                               std::vector<Blob> blobs) {
  std::optional<Result<Reply>> slot;
  asio::co_spawn(context_, provider_->call(verb, std::move(body), std::move(blobs), deadline, std::move(on_event)),
                 [&slot](std::exception_ptr thrown, Result<Reply> result) {
                   if (thrown) std::rethrow_exception(thrown);
                   slot.emplace(std::move(result));
                 });
  context_.restart();
  context_.run();
  REQUIRE(slot.has_value());
  return std::move(*slot);
}

Error refusal_of(const PluginDirectory &directory) {
  RecordingServices services;
  asio::io_context context;
  const auto loaded = load_provider(directory.id(), directory.search(), context.get_executor(), services);
  REQUIRE(!loaded);
  CHECK(loaded.error().code == Code::plugin);
  CHECK(!loaded.error().hint.empty());
  CHECK_THAT(loaded.error().message, Catch::Contains(directory.id()));
  return loaded.error();
}

} // namespace ksail::plugins

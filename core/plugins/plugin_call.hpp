// SPDX-License-Identifier: Apache-2.0
// One operation in flight: the plugin's callbacks, from whatever thread and in whatever order, become an ordered queue
// that one coroutine on the caller's executor reads.
#pragma once

#include <plugins/provider.hpp>

#include <ksail/abi.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace ksail::plugins {

class LoadedPlugin;

/// The plugin never gets an address of ours, only a number: whatever it calls with it, however late and often, finds
/// this object or finds that it is gone.
class PluginCall : public std::enable_shared_from_this<PluginCall> {
public:
  struct Event {
    nlohmann::json body;
    std::vector<Blob> blobs;
  };
  struct Taken {
    std::deque<Event> events;
    std::optional<Result<Reply>> result;
  };

  PluginCall(LoadedPlugin &plugin, std::string verb);

  // On the caller's executor.
  /// From now on what the plugin says wakes `timer` (by cancelling its wait), until detach().
  void attach(asio::any_io_executor executor, asio::steady_timer &timer);
  /// Nobody waits any more: cancels the operation if it goes on, and drops what it says.
  void detach();
  /// Asks the plugin to start. Its answer may be there when this returns.
  void start(const nlohmann::json &body, const std::string &operation_id, const std::vector<Blob> &blobs,
             Deadline deadline);
  /// What has come since the last time.
  Taken take();

  /// From any thread; at most once per call what the plugin sees.
  void cancel(std::uint32_t reason) noexcept;

  const std::string &verb() const { return verb_; }

  /// Cancels everything in flight of a plugin.
  static void cancel_all(const LoadedPlugin &plugin, std::uint32_t reason);

private:
  static void done(void *user, const ksail_result *result) noexcept;
  static void event(void *user, ksail_str text, const ksail_blob *blobs, std::uint64_t count) noexcept;
  void on_done(const ksail_result *result) noexcept;
  void on_event(ksail_str text, const ksail_blob *blobs, std::uint64_t count);
  void adopt(ksail_op *op);
  void wake(); ///< with mutex_ held
  void release_if_over(std::unique_lock<std::mutex> lock) noexcept;
  Result<Reply> translate(const ksail_result *given) const;

  LoadedPlugin &plugin_;
  const std::string verb_;
  asio::steady_timer *timer_ = nullptr; ///< on the executor only

  std::mutex mutex_;
  asio::any_io_executor executor_; ///< empty unless attached
  std::deque<Event> events_;
  std::optional<Result<Reply>> result_;
  bool wake_posted_ = false;
  bool done_ = false;
  bool cancelled_ = false;
  ksail_op op_{};                    ///< a copy of what start() returned; release is null when there is none (any more)
  unsigned cancelling_ = 0;          ///< threads inside op_.cancel: release has to wait for them
  std::uint32_t pending_cancel_ = 0; ///< asked for while start() had not returned
};

} // namespace ksail::plugins

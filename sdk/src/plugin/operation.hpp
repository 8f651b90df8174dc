// SPDX-License-Identifier: Apache-2.0
// One request in flight inside a plugin: the ABI's operation on one side, a coroutine on the other.
#pragma once

#include <ksail/sdk/provider.hpp>

#include <boost/asio/cancellation_signal.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <vector>

namespace ksail::sdk {

class Runtime;

/// Lives as long as the host (until release) or the coroutine needs it. Apart from cancel and release everything is on
/// the plugin's thread.
class Operation final : public Context, public std::enable_shared_from_this<Operation> {
public:
  /// Copies everything borrowed.
  Operation(std::weak_ptr<Runtime> runtime, const ksail_request &request, const ksail_callbacks &callbacks);

  /// What the host gets. The host's share ends with release().
  ksail_op *hand_out();
  /// Parses the body and hands the request over; a failure when the body is no JSON.
  Result<Request> take_request();

  Deadline deadline() const override { return deadline_; }
  void event(const json &event, const std::vector<Blob> &blobs) override;
  using Context::event;

  /// Emits the cancellation, on the plugin's thread. Nothing when the coroutine has ended. A reason given earlier
  /// stays.
  void emit_cancel(std::uint32_t reason);
  asio::cancellation_slot slot() { return signal_.slot(); }

  /// Calls done() unless it was called already. From any thread.
  void finish(const Result<Reply> &result) noexcept;
  /// How the coroutine ended, exceptions included. On the plugin's thread; no cancellation is emitted any more.
  void ended(std::exception_ptr thrown, Result<Reply> result) noexcept;

private:
  std::weak_ptr<Runtime> runtime_; ///< a host may cancel after the plugin was shut down
  ksail_callbacks callbacks_;
  ksail_op op_{};
  std::shared_ptr<Operation> hosts_share_;
  Request request_;
  std::string body_text_;
  Deadline deadline_;
  asio::cancellation_signal signal_;
  bool running_ = true;
  std::uint32_t reason_ = 0; ///< why it was cancelled; 0: it was not
  std::atomic<bool> finished_{false};
};

/// Calls a host's done with a failure; for requests that never became an operation.
void finish_with(const ksail_callbacks &callbacks, const Error &error) noexcept;

} // namespace ksail::sdk

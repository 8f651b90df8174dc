// SPDX-License-Identifier: Apache-2.0
// Runs the asynchronous part of a command: the host's io_context, the provider plugin, and interruption by signals.
#pragma once

#include "cli/command_context.hpp"
#include "orchestrator/cluster.hpp"
#include "plugins/host_services.hpp"
#include "plugins/provider.hpp"

#include <ksail/sdk/async.hpp>

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace ksail::cli {

/// What is said when a command is interrupted.
struct Interruption {
  std::string first; ///< at the first signal; empty: nothing
  std::string left;  ///< at the second: what may be left and how to remove it; empty: nothing
};

class Execution {
public:
  explicit Execution(CommandContext &context);
  Execution(const Execution &) = delete;
  ~Execution();

  /// Loads the provider in effect and makes session() usable.
  Result<void> load_provider(const config::Settings &settings);
  Session &session() { return *session_; }
  asio::any_io_executor executor() { return io_.get_executor(); }

  /// Begins `work` on a thread of its own, on executor(), while the caller does something else. run() takes it over,
  /// finished or not; nobody is told its failure. Once.
  void meanwhile(std::function<asio::awaitable<Result<void>>()> work);
  /// Ends that thread, as run() does: what lives on executor() may be touched again. Nothing when there is none.
  void end_meanwhile();

  /// Runs `work` to its end. A signal cancels it (terminal cancellation); it is expected to end in its own time. An
  /// exception is a bug: Code::internal.
  template <class T> Result<T> run(std::function<asio::awaitable<Result<T>>()> work, Interruption interruption) {
    std::optional<Result<T>> result;
    std::function<asio::awaitable<void>()> erased = [&work, &result]() -> asio::awaitable<void> {
      Result<T> value = co_await work();
      result.emplace(std::move(value));
    };
    if (auto failure = run_erased(erased, interruption)) return std::move(*failure);
    return std::move(*result);
  }

private:
  std::optional<Error> run_erased(const std::function<asio::awaitable<void>()> &work, const Interruption &interruption);

  CommandContext &context_;
  asio::io_context &io_;
  plugins::HostServices &services_;
  std::unique_ptr<plugins::Provider> provider_;
  std::optional<Session> session_;
  std::thread meanwhile_;
};

/// Cancels what plugins do and stops their threads, for at most a moment.
void end_plugins();

} // namespace ksail::cli

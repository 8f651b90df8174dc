// SPDX-License-Identifier: Apache-2.0
// The io_context, the thread and the provider object of a plugin: made at the first request, because loading has to be
// cheap, and ended by shutdown() in bounded time.
#pragma once

#include "operation.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace ksail::sdk {

class Runtime {
public:
  Runtime(std::string id, ProviderFactory make, const Host &host);
  ~Runtime();
  Runtime(const Runtime &) = delete;
  Runtime &operator=(const Runtime &) = delete;

  /// From the host's thread: starts the thread. Throws when there are no resources for it.
  void launch();
  /// From the host's thread: `operation` runs on the plugin's thread and its done() follows.
  void start(std::shared_ptr<Operation> operation);
  /// From any thread.
  void cancel(std::shared_ptr<Operation> operation, std::uint32_t reason);

  /// Cancels everything, waits for it, closes the provider, ends the thread. False when something did not end within
  /// `grace`: the thread then goes on for itself and this object has to be kept.
  bool shutdown(std::chrono::nanoseconds grace);

private:
  void thread_main() noexcept;
  void make_provider();
  asio::awaitable<Result<Reply>> run(std::shared_ptr<Operation> operation);
  void begin(std::shared_ptr<Operation> operation);
  void close_provider() noexcept;

  const std::string id_;
  const ProviderFactory make_;
  const Host &host_;
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};

  // On the plugin's thread.
  std::unique_ptr<Provider> provider_;
  std::optional<Error> broken_; ///< why there is no provider

  std::mutex mutex_; ///< guards what follows
  std::condition_variable changed_;
  std::list<std::shared_ptr<Operation>> in_flight_;
  bool stopping_ = false;
  bool exited_ = false; ///< the thread has nothing more to do
  std::jthread thread_;
};

} // namespace ksail::sdk

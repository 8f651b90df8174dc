// SPDX-License-Identifier: Apache-2.0
#include "runtime.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <pthread.h>
#include <signal.h>

#include <utility>

namespace ksail::sdk {

Runtime::Runtime(std::string id, ProviderFactory make, const Host &host)
    : id_(std::move(id)), make_(make), host_(host) {}

Runtime::~Runtime() = default;

void Runtime::launch() {
  // Signals are the host's: none may be delivered here.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::jthread([this] { thread_main(); });
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Runtime::thread_main() noexcept {
  const std::string name = ("ksail-" + id_).substr(0, 15); // the kernel's limit
  pthread_setname_np(pthread_self(), name.c_str());
  for (bool again = true; again;) {
    try {
      context_.run();
      again = false;
    } catch (const std::exception &e) {
      // Out of a handler of the provider's own; what it belonged to is lost, the other operations are not.
      host_.log(KSAIL_LOG_ERROR, std::string("a handler threw: ") + e.what());
    } catch (...) {
      host_.log(KSAIL_LOG_ERROR, "a handler threw an exception of unknown type");
    }
  }
  const std::lock_guard lock(mutex_);
  exited_ = true;
  changed_.notify_all();
}

void Runtime::make_provider() {
  if (provider_ || broken_) return;
  try {
    provider_ = make_(context_.get_executor(), host_);
    if (!provider_) broken_ = Error(Code::internal, "the " + id_ + " plugin made no provider");
  } catch (const std::exception &e) {
    broken_ = Error(Code::internal, "the " + id_ + " plugin could not be set up: " + e.what());
  } catch (...) {
    broken_ = Error(Code::internal, "the " + id_ + " plugin could not be set up");
  }
}

asio::awaitable<Result<Reply>> Runtime::run(std::shared_ptr<Operation> operation) {
  Result<Request> request = operation->take_request();
  if (!request) co_return request.error();
  Request owned = std::move(*request);
  Result<Reply> result = co_await provider_->run(std::move(owned), *operation);
  co_return result;
}

void Runtime::begin(std::shared_ptr<Operation> operation) {
  make_provider();
  if (broken_) {
    operation->finish(*broken_);
    return;
  }
  std::unique_lock lock(mutex_);
  if (stopping_) {
    lock.unlock();
    operation->finish(Error(Code::cancelled, "the " + id_ + " plugin is shut down"));
    return;
  }
  const auto at = in_flight_.insert(in_flight_.end(), operation);
  lock.unlock();
  auto ended = [this, operation, at](std::exception_ptr thrown, Result<Reply> result) {
    operation->ended(thrown, std::move(result));
    const std::lock_guard guard(mutex_);
    in_flight_.erase(at);
    changed_.notify_all();
  };
  asio::co_spawn(context_, run(operation), asio::bind_cancellation_slot(operation->slot(), std::move(ended)));
}

void Runtime::start(std::shared_ptr<Operation> operation) {
  asio::post(context_, [this, operation = std::move(operation)] {
    try {
      begin(operation);
    } catch (const std::exception &e) {
      operation->finish(Error(Code::resource_exhausted, std::string("the request could not be started: ") + e.what()));
    }
  });
}

void Runtime::cancel(std::shared_ptr<Operation> operation, std::uint32_t reason) {
  asio::post(context_, [operation = std::move(operation), reason] { operation->emit_cancel(reason); });
}

void Runtime::close_provider() noexcept {
  try {
    if (provider_) provider_->close();
  } catch (const std::exception &e) {
    host_.log(KSAIL_LOG_ERROR, std::string("closing threw: ") + e.what());
  } catch (...) {
    host_.log(KSAIL_LOG_ERROR, "closing threw an exception of unknown type");
  }
  // In a turn of its own, so that what close() cancelled is told first.
  asio::post(context_, [this] {
    provider_.reset();
    work_.reset();
  });
}

bool Runtime::shutdown(std::chrono::nanoseconds grace) {
  const auto begun = Clock::now();
  const auto until = begun + std::chrono::duration_cast<Clock::duration>(grace);
  // Half for the operations, a quarter for what the provider leaves behind, a quarter for the thread.
  const auto half = begun + (until - begun) / 2;
  const auto three_quarters = begun + (until - begun) * 3 / 4;

  std::unique_lock lock(mutex_);
  stopping_ = true;
  for (const auto &operation : in_flight_)
    cancel(operation, KSAIL_CANCEL_SHUTDOWN);
  const bool idle = changed_.wait_until(lock, half, [this] { return in_flight_.empty(); });
  if (idle) {
    asio::post(context_, [this] { close_provider(); });
    // An idle connection's timer, say, must not keep the thread.
    changed_.wait_until(lock, three_quarters, [this] { return exited_; });
  }
  context_.stop();
  const bool exited = changed_.wait_until(lock, until, [this] { return exited_; });
  const auto left = in_flight_;
  lock.unlock();
  if (exited)
    thread_.join();
  else
    thread_.detach(); // stuck in a blocking call; the library is never unloaded, so it may go on
  for (const auto &operation : left)
    operation->finish(Error(Code::cancelled, "the " + id_ + " plugin was shut down before the operation ended"));
  return exited && idle;
}

} // namespace ksail::sdk

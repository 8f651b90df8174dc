// SPDX-License-Identifier: Apache-2.0
// Implementation of ksail/sdk/async.hpp; not for inclusion by itself.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace ksail::detail {

/// What an exception that left a coroutine means.
inline Error error_of(std::exception_ptr thrown) {
  try {
    std::rethrow_exception(std::move(thrown));
  } catch (const boost::system::system_error &e) {
    if (e.code() == asio::error::operation_aborted) return Error(Code::cancelled, "cancelled");
    return Error(Code::internal, std::string("unexpected failure: ") + e.what());
  } catch (const std::exception &e) {
    return Error(Code::internal, std::string("unexpected exception: ") + e.what());
  } catch (...) {
    return Error(Code::internal, "unexpected exception of unknown type");
  }
}

/// Waits until `timer` expires or is cancelled by somebody else. The caller's own cancellation neither ends nor is lost
/// by it.
asio::awaitable<void> wait_shielded(asio::steady_timer &timer);
/// The same, but ended by the caller's cancellation as well: false then. Never throws for it.
asio::awaitable<bool> wait_cancellable(asio::steady_timer &timer);

/// "2.5 s", "40 ms": for messages.
std::string duration_text(std::chrono::nanoseconds d);

/// A coroutine started beside its parent, on the same executor.
template <class T> struct Child {
  explicit Child(asio::any_io_executor ex) : wake(ex, asio::steady_timer::time_point::max()) {}
  asio::steady_timer wake;         ///< cancelled when the child has ended
  asio::cancellation_signal stop;  ///< to be emitted only while `result` is empty
  std::optional<Result<T>> result; ///< set when it ends, however it ends
};

template <class T> asio::awaitable<void> run_child(std::shared_ptr<Child<T>> child, asio::awaitable<Result<T>> work) {
  try {
    child->result.emplace(co_await std::move(work));
  } catch (...) {
    child->result.emplace(error_of(std::current_exception()));
  }
}

template <class T> void start_child(std::shared_ptr<Child<T>> child, asio::awaitable<Result<T>> work) {
  auto ended = [child](std::exception_ptr thrown) {
    if (!child->result) child->result.emplace(error_of(std::move(thrown)));
    child->wake.cancel();
  };
  asio::co_spawn(child->wake.get_executor(), run_child(child, std::move(work)),
                 asio::bind_cancellation_slot(child->stop.slot(), std::move(ended)));
}

/// Cancels the child unless it has ended, and waits for its end. Neither throws for the caller's cancellation nor ends
/// early by it; ask with throw_if_cancelled(false) in force.
template <class T> asio::awaitable<void> end_child(std::shared_ptr<Child<T>> child) {
  if (!child->result) child->stop.emit(asio::cancellation_type::terminal);
  child->wake.expires_at(asio::steady_timer::time_point::max());
  if (!child->result) co_await wait_shielded(child->wake);
}

} // namespace ksail::detail

namespace ksail {

template <class T>
asio::awaitable<Result<T>> with_deadline(asio::awaitable<Result<T>> work, Deadline deadline, std::string what) {
  if (deadline.is_never()) {
    try {
      co_return co_await std::move(work);
    } catch (...) {
      co_return detail::error_of(std::current_exception());
    }
  }
  const auto allowed = deadline.remaining();
  // Once cancelled, every co_await would throw; but the child still has to be waited for.
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto executor = co_await asio::this_coro::executor;
  auto child = std::make_shared<detail::Child<T>>(executor);
  child->wake.expires_at(deadline.at());
  detail::start_child(child, std::move(work));
  bool cancelled = false;
  if (!child->result) cancelled = !co_await detail::wait_cancellable(child->wake);
  const bool in_time = child->result.has_value();
  if (!in_time) co_await detail::end_child(child);
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (in_time || cancelled || *child->result) co_return std::move(*child->result);
  Error late(Code::deadline_exceeded, what + " did not end within " + detail::duration_text(allowed));
  const Error inner = child->result->error();
  late.outcome_unknown = inner.outcome_unknown;
  if (inner.code != Code::cancelled && inner.code != Code::deadline_exceeded) late.causes.push_back(inner);
  co_return late;
}

} // namespace ksail

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

#include <exception>
#include <memory>
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

/// A coroutine started beside its parent. `stop` must only be emitted while `result` is empty.
template <class T> struct Child {
  explicit Child(asio::any_io_executor ex) : wake(ex, asio::steady_timer::time_point::max()) {}
  asio::steady_timer wake;
  asio::cancellation_signal stop;
  std::optional<Result<T>> result;
};

} // namespace ksail::detail

namespace ksail {

template <class T>
asio::awaitable<Result<T>> with_deadline(asio::awaitable<Result<T>> work, Deadline deadline, std::string what) {
  if (deadline.is_never()) {
    Result<T> plain = co_await std::move(work);
    co_return plain;
  }
  // Once cancelled, every co_await would throw; but the child still has to be waited for.
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto executor = co_await asio::this_coro::executor;
  auto child = std::make_shared<detail::Child<T>>(executor);
  child->wake.expires_at(deadline.at());
  auto ended = [child](std::exception_ptr thrown, Result<T> result) {
    if (thrown)
      child->result.emplace(detail::error_of(thrown));
    else
      child->result.emplace(std::move(result));
    child->wake.cancel();
  };
  asio::co_spawn(executor, std::move(work), asio::bind_cancellation_slot(child->stop.slot(), std::move(ended)));
  bool cancelled = false;
  if (!child->result) cancelled = !co_await detail::wait_cancellable(child->wake);
  if (child->result) {
    co_await asio::this_coro::throw_if_cancelled(throws);
    co_return std::move(*child->result);
  }
  child->stop.emit(asio::cancellation_type::terminal);
  if (!child->result) {
    child->wake.expires_at(asio::steady_timer::time_point::max());
    co_await detail::wait_shielded(child->wake);
  }
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (*child->result || cancelled) co_return std::move(*child->result);
  Error late(Code::deadline_exceeded, what + " took longer than it may");
  const Error inner = child->result->error();
  late.outcome_unknown = inner.outcome_unknown;
  if (inner.code != Code::cancelled && inner.code != Code::deadline_exceeded) late.causes.push_back(inner);
  co_return late;
}

} // namespace ksail

// SPDX-License-Identifier: Apache-2.0
#include <ksail/sdk/async.hpp>

#include <boost/asio/cancellation_state.hpp>

#include <algorithm>
#include <list>

namespace ksail {

namespace {

constexpr auto token = asio::as_tuple(asio::use_awaitable);

asio::awaitable<bool> already_cancelled() {
  const auto state = co_await asio::this_coro::cancellation_state;
  co_return state.cancelled() != asio::cancellation_type::none;
}

} // namespace

namespace detail {

asio::awaitable<void> wait_shielded(asio::steady_timer &timer) {
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  // A slot of its own, connected to nothing: the caller's signal does not reach this wait.
  co_await timer.async_wait(asio::bind_cancellation_slot(asio::cancellation_slot(), token));
  co_await asio::this_coro::throw_if_cancelled(throws);
}

asio::awaitable<bool> wait_cancellable(asio::steady_timer &timer) {
  if (co_await already_cancelled()) co_return false;
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await timer.async_wait(token);
  const bool cancelled = co_await already_cancelled();
  co_await asio::this_coro::throw_if_cancelled(throws);
  co_return !cancelled;
}

} // namespace detail

std::chrono::nanoseconds Deadline::remaining() const {
  if (!at_) return std::chrono::nanoseconds::max();
  return std::max(std::chrono::nanoseconds(0),
                  std::chrono::duration_cast<std::chrono::nanoseconds>(*at_ - Clock::now()));
}

asio::awaitable<bool> sleep_for(std::chrono::nanoseconds d) {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, std::chrono::duration_cast<Clock::duration>(d));
  const bool slept = co_await detail::wait_cancellable(timer);
  co_return slept;
}

void spawn_logged(asio::any_io_executor ex, asio::awaitable<Result<void>> work,
                  std::function<void(const Error &)> report) {
  asio::co_spawn(ex, std::move(work), [report = std::move(report)](std::exception_ptr thrown, Result<void> result) {
    if (thrown)
      report(detail::error_of(thrown));
    else if (!result)
      report(result.error());
  });
}

namespace {

using Work = std::vector<std::function<asio::awaitable<Result<void>>()>>;

/// The children of one run_all, shared with their completion handlers.
struct Group : std::enable_shared_from_this<Group> {
  struct Member {
    asio::cancellation_signal stop;
    std::optional<Result<void>> result;
    bool started = false;
  };
  Group(asio::any_io_executor ex, Work w, ForEachOptions o)
      : executor(ex), wake(ex, asio::steady_timer::time_point::max()), work(std::move(w)), members(work.size()),
        options(o) {}

  void start_more() {
    while (!stopping && next < work.size() && (options.limit == 0 || running < options.limit)) {
      const std::size_t index = next++;
      members[index].started = true;
      ++running;
      auto ended = [self = shared_from_this(), index](std::exception_ptr thrown, Result<void> result) {
        self->ended(index, thrown ? Result<void>(detail::error_of(thrown)) : std::move(result));
      };
      // The function object stays in `work` until the group is gone: a coroutine lambda needs its captures.
      asio::co_spawn(executor, work[index](),
                     asio::bind_cancellation_slot(members[index].stop.slot(), std::move(ended)));
    }
  }
  void stop() {
    stopping = true;
    for (auto &member : members)
      if (member.started && !member.result) member.stop.emit(asio::cancellation_type::terminal);
  }
  void ended(std::size_t index, Result<void> result) {
    --running;
    const bool failed = !result;
    members[index].result.emplace(std::move(result));
    if (failed) failures.push_back(index);
    if (failed && options.stop_on_failure && !stopping)
      stop();
    else
      start_more();
    if (running == 0) wake.cancel();
  }
  bool done() const { return running == 0 && (stopping || next == work.size()); }

  asio::any_io_executor executor;
  asio::steady_timer wake;
  Work work;
  std::vector<Member> members;
  ForEachOptions options;
  std::vector<std::size_t> failures; ///< in the order in which they came
  std::size_t next = 0;
  std::size_t running = 0;
  bool stopping = false;
};

} // namespace

asio::awaitable<Result<void>> run_all(std::vector<std::function<asio::awaitable<Result<void>>()>> work,
                                      ForEachOptions options) {
  if (work.empty()) co_return Result<void>();
  // Once cancelled, every co_await would throw; but the children still have to be waited for.
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto executor = co_await asio::this_coro::executor;
  auto group = std::make_shared<Group>(executor, std::move(work), options);
  group->start_more();
  bool cancelled = false;
  while (!group->done()) {
    if (cancelled) {
      co_await detail::wait_shielded(group->wake);
      continue;
    }
    const bool go_on = co_await detail::wait_cancellable(group->wake);
    if (!go_on) {
      cancelled = true;
      group->stop();
    }
  }
  co_await asio::this_coro::throw_if_cancelled(throws);
  std::vector<Error> real, consequences;
  for (const auto index : group->failures) {
    Error error = group->members[index].result->error();
    (error.code == Code::cancelled ? consequences : real).push_back(std::move(error));
  }
  if (real.empty()) {
    if (!consequences.empty()) co_return consequences.front();
    if (cancelled && group->next < group->work.size()) co_return Error(Code::cancelled, "cancelled");
    co_return Result<void>();
  }
  Error first = real.front();
  for (std::size_t i = 1; i < real.size(); ++i)
    first.causes.push_back(real[i]);
  co_return first;
}

struct Event::State {
  explicit State(asio::any_io_executor ex) : executor(std::move(ex)) {}
  asio::any_io_executor executor;
  bool set = false;
  std::list<asio::steady_timer> waiters;
};

Event::Event(asio::any_io_executor ex) : state_(std::make_shared<State>(std::move(ex))) {}
Event::~Event() = default;
Event::Event(Event &&) noexcept = default;
Event &Event::operator=(Event &&) noexcept = default;

void Event::set() {
  state_->set = true;
  for (auto &waiter : state_->waiters)
    waiter.cancel();
}

bool Event::is_set() const { return state_->set; }

asio::awaitable<bool> Event::wait() {
  const auto state = state_;
  if (state->set) co_return true;
  const auto waiter =
      state->waiters.emplace(state->waiters.end(), state->executor, asio::steady_timer::time_point::max());
  co_await detail::wait_cancellable(*waiter);
  state->waiters.erase(waiter);
  co_return state->set;
}

} // namespace ksail

// SPDX-License-Identifier: Apache-2.0
#include <ksail/sdk/async.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <cstdio>
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

std::string duration_text(std::chrono::nanoseconds d) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
  char text[32];
  if (ms < 1000)
    std::snprintf(text, sizeof text, "%lld ms", static_cast<long long>(ms));
  else if (ms % 1000 == 0 || ms > 10'000)
    std::snprintf(text, sizeof text, "%lld s", static_cast<long long>((ms + 500) / 1000));
  else
    std::snprintf(text, sizeof text, "%.1f s", static_cast<double>(ms) / 1000);
  return text;
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

constexpr std::size_t at_a_time = 64;

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

  /// Some at a time: what the first have to send is on its way before the last have begun.
  void start_more() {
    for (std::size_t some = at_a_time;
         !stopping && next < work.size() && (options.limit == 0 || running < options.limit); --some) {
      if (some == 0) {
        asio::post(executor, [self = shared_from_this()] { self->start_more(); });
        return;
      }
      const std::size_t index = next++;
      ++running;
      members[index].started = true;
      auto ended = [self = shared_from_this(), index](std::exception_ptr) { self->ended(index); };
      asio::co_spawn(executor, run(shared_from_this(), index),
                     asio::bind_cancellation_slot(members[index].stop.slot(), std::move(ended)));
    }
  }
  static asio::awaitable<void> run(std::shared_ptr<Group> self, std::size_t index) {
    // The function object stays in `work` until the group is gone: a coroutine lambda needs its captures.
    auto &result = self->members[index].result;
    try {
      result.emplace(co_await self->work[index]());
    } catch (...) {
      result.emplace(detail::error_of(std::current_exception()));
    }
  }
  void stop() {
    stopping = true;
    for (auto &member : members)
      if (member.started && !member.result) member.stop.emit(asio::cancellation_type::terminal);
  }
  void ended(std::size_t index) {
    --running;
    auto &result = members[index].result;
    if (!result) result.emplace(Error(Code::internal, "a step ended without a result"));
    const bool failed = !*result;
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
  // What was cancelled because something else failed is no news, except that it may have taken effect.
  std::vector<Error> real, consequences;
  bool unknown = false;
  for (const auto index : group->failures) {
    Error error = group->members[index].result->error();
    unknown = unknown || error.outcome_unknown;
    (error.code == Code::cancelled ? consequences : real).push_back(std::move(error));
  }
  if (real.empty() && consequences.empty()) {
    if (group->next < group->work.size()) co_return Error(Code::cancelled, "cancelled");
    co_return Result<void>();
  }
  Error first = real.empty() ? consequences.front() : real.front();
  first.outcome_unknown = unknown;
  for (std::size_t i = 1; i < real.size(); ++i) {
    first.retryable = first.retryable && real[i].retryable;
    first.retry_after = std::max(first.retry_after, real[i].retry_after);
    first.causes.push_back(real[i]);
  }
  co_return first;
}

struct Event::State {
  explicit State(asio::any_io_executor ex) : executor(std::move(ex)) {}
  void wake_all() {
    for (auto *waiter : waiters)
      waiter->cancel();
  }
  asio::any_io_executor executor;
  bool set = false;
  bool gone = false; ///< the Event was destroyed: nobody can set it any more
  std::list<asio::steady_timer *> waiters;
};

Event::Event(asio::any_io_executor ex) : state_(std::make_shared<State>(std::move(ex))) {}
Event::~Event() {
  if (!state_) return;
  state_->gone = true;
  state_->wake_all();
}
Event::Event(Event &&) noexcept = default;
Event &Event::operator=(Event &&other) noexcept {
  // What was here ends with `old`, and its waiters with it.
  Event old(std::move(*this));
  state_ = std::move(other.state_);
  return *this;
}

void Event::set() {
  if (std::exchange(state_->set, true)) return;
  state_->wake_all();
}

bool Event::is_set() const { return state_->set; }

namespace {

/// Keeps a timer in a list while its coroutine waits, also when the coroutine is destroyed in the middle.
class Listed {
public:
  Listed(std::list<asio::steady_timer *> &list, asio::steady_timer &timer)
      : list_(list), place_(list.insert(list.end(), &timer)) {}
  ~Listed() { list_.erase(place_); }
  Listed(const Listed &) = delete;
  Listed &operator=(const Listed &) = delete;

private:
  std::list<asio::steady_timer *> &list_;
  std::list<asio::steady_timer *>::iterator place_;
};

template <class StatePtr> asio::awaitable<bool> wait_for(StatePtr state) {
  if (state->set) co_return true;
  if (state->gone) co_return false;
  asio::steady_timer timer(state->executor, asio::steady_timer::time_point::max());
  const Listed listed(state->waiters, timer);
  co_await detail::wait_cancellable(timer);
  co_return state->set;
}

} // namespace

// Not a coroutine itself: what runs later must not look at an Event that was moved from.
asio::awaitable<bool> Event::wait() { return wait_for(state_); }

} // namespace ksail

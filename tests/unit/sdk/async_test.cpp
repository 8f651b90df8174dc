// SPDX-License-Identifier: Apache-2.0
#include "loop.hpp"

#include <boost/asio/post.hpp>

#include <stdexcept>

using namespace ksail;
using namespace std::chrono_literals;
using ksail::test::Loop;

namespace {

using Work = std::vector<std::function<asio::awaitable<Result<void>>()>>;

ForEachOptions options(std::size_t limit, bool stop) {
  ForEachOptions result;
  result.limit = limit;
  result.stop_on_failure = stop;
  return result;
}

asio::awaitable<Result<int>> give(int value) { co_return value; }
asio::awaitable<Result<int>> fail(Error error) { co_return error; }
asio::awaitable<Result<int>> fail_soon(Error error) {
  co_await sleep_for(1ms);
  co_return error;
}
/// Ends only by cancellation, and says so.
asio::awaitable<Result<int>> endless(bool &cancelled) {
  const bool slept = co_await sleep_for(1h);
  cancelled = !slept;
  co_return Error(Code::cancelled, "cancelled");
}
asio::awaitable<Result<int>> throwing() {
  co_await sleep_for(0ns);
  throw std::runtime_error("a bug");
}
asio::awaitable<Result<int>> timer_that_throws() {
  asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
  co_await timer.async_wait(asio::use_awaitable);
  co_return 1;
}
/// Takes its time to clean up after it was cancelled.
asio::awaitable<Result<int>> slow_to_stop(bool &cleaned) {
  bool ignored = false;
  auto result = co_await endless(ignored);
  co_await asio::this_coro::throw_if_cancelled(false);
  asio::steady_timer timer(co_await asio::this_coro::executor, 2ms);
  co_await detail::wait_shielded(timer);
  cleaned = true;
  co_return result;
}

/// Runs `work` and cancels it as soon as it waits for something.
template <class T> std::optional<T> run_and_cancel(Loop &loop, asio::awaitable<T> work) {
  std::optional<T> result;
  bool ended = false;
  asio::cancellation_signal signal;
  auto done = [&](std::exception_ptr thrown, T value) {
    if (!thrown) result.emplace(std::move(value));
    ended = true;
  };
  asio::co_spawn(loop.io, std::move(work), asio::bind_cancellation_slot(signal.slot(), done));
  loop.settle();
  REQUIRE_FALSE(ended);
  signal.emit(asio::cancellation_type::terminal);
  loop.run_until(ended);
  return result;
}

} // namespace

TEST_CASE("a deadline knows what remains of it") {
  CHECK(Deadline().is_never());
  CHECK_FALSE(Deadline().passed());
  CHECK(Deadline().remaining() > 24h * 365);
  CHECK(Deadline::after(-1s).remaining() == 0ns);
  CHECK(Deadline::after(-1s).passed());
  CHECK(Deadline::after(1h).remaining() > 59min);
  CHECK(Deadline::after(1h).min(Deadline()).remaining() <= 1h);
  CHECK(Deadline().min(Deadline::after(1h)).remaining() <= 1h);
  CHECK(Deadline::after(1h).min(Deadline::after(2h)).remaining() <= 1h);
}

TEST_CASE("durations in messages are short") {
  CHECK(detail::duration_text(40ms) == "40 ms");
  CHECK(detail::duration_text(2500ms) == "2.5 s");
  CHECK(detail::duration_text(10s) == "10 s");
  CHECK(detail::duration_text(90s) == "90 s");
}

TEST_CASE("with_deadline gives the result of work that ends in time") {
  Loop loop;
  const auto deadline = GENERATE(Deadline(), Deadline::after(1h));
  auto result = loop.run(with_deadline(give(7), deadline, "giving"));
  REQUIRE(result);
  CHECK(*result == 7);
}

TEST_CASE("with_deadline does not wait for the timer when work fails early") {
  Loop loop;
  const auto soon = GENERATE(false, true);
  const Error error(Code::not_found, "nothing there");
  auto result = loop.run(with_deadline(soon ? fail_soon(error) : fail(error), Deadline::after(1h), "looking"));
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::not_found);
}

TEST_CASE("with_deadline cancels work that takes too long and names it") {
  Loop loop;
  bool cancelled = false;
  auto result = loop.run(with_deadline(endless(cancelled), Deadline::after(5ms), "waiting for the moon"));
  REQUIRE_FALSE(result);
  CHECK(cancelled);
  CHECK(result.error().code == Code::deadline_exceeded);
  CHECK(result.error().message.rfind("waiting for the moon did not end within ", 0) == 0);
}

TEST_CASE("with_deadline of a time that has passed cancels work at once") {
  Loop loop;
  bool cancelled = false;
  auto result = loop.run(with_deadline(endless(cancelled), Deadline::after(-1s), "waiting"));
  REQUIRE_FALSE(result);
  CHECK(cancelled);
  CHECK(result.error().code == Code::deadline_exceeded);
}

TEST_CASE("with_deadline waits until late work has cleaned up") {
  Loop loop;
  bool cleaned = false;
  auto result = loop.run(with_deadline(slow_to_stop(cleaned), Deadline::after(1ms), "waiting"));
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::deadline_exceeded);
  CHECK(cleaned);
}

TEST_CASE("with_deadline turns exceptions into failures") {
  Loop loop;
  const auto deadline = GENERATE(Deadline(), Deadline::after(1h));
  auto result = loop.run(with_deadline(throwing(), deadline, "trying"));
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::internal);
  CHECK(result.error().message.find("a bug") != std::string::npos);
}

TEST_CASE("with_deadline: an operation that throws when it is aborted was too late") {
  Loop loop;
  auto result = loop.run(with_deadline(timer_that_throws(), Deadline::after(2ms), "waiting"));
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::deadline_exceeded);
}

TEST_CASE("cancelling the caller of with_deadline cancels the work") {
  Loop loop;
  const auto deadline = GENERATE(Deadline(), Deadline::after(1h));
  bool cancelled = false;
  auto result = run_and_cancel(loop, with_deadline(endless(cancelled), deadline, "waiting"));
  REQUIRE(result);
  CHECK(cancelled);
  REQUIRE_FALSE(*result);
  CHECK(result->error().code == Code::cancelled);
}

TEST_CASE("cancellation reaches work through nested deadlines and waits for its end") {
  Loop loop;
  bool cleaned = false;
  auto inner = with_deadline(slow_to_stop(cleaned), Deadline::after(1h), "inner");
  auto result = run_and_cancel(loop, with_deadline(std::move(inner), Deadline::after(2h), "outer"));
  REQUIRE(result);
  REQUIRE_FALSE(*result);
  CHECK(result->error().code == Code::cancelled);
  CHECK(cleaned);
}

TEST_CASE("with_deadline carries types without a default") {
  struct Bare {
    explicit Bare(int v) : value(v) {}
    int value;
  };
  struct Made {
    static asio::awaitable<Result<Bare>> one() { co_return Bare(3); }
  };
  Loop loop;
  auto result = loop.run(with_deadline(Made::one(), Deadline::after(1h), "making"));
  REQUIRE(result);
  CHECK(result->value == 3);
}

TEST_CASE("run_all runs everything, and no more at once than it may") {
  Loop loop;
  const std::size_t limit = GENERATE(0u, 1u, 3u);
  std::size_t now = 0, most = 0, count = 0;
  Work work;
  for (int i = 0; i < 20; ++i)
    work.push_back([&]() -> asio::awaitable<Result<void>> {
      most = std::max(most, ++now);
      co_await sleep_for(100us);
      --now;
      ++count;
      co_return Result<void>();
    });
  auto result = loop.run(run_all(std::move(work), options(limit, true)));
  CHECK(result);
  CHECK(count == 20);
  CHECK(most == (limit == 0 ? 20 : limit));
}

TEST_CASE("run_all of nothing succeeds, and of very much does not exhaust the stack") {
  Loop loop;
  CHECK(loop.run(run_all(Work(), options(0, true))));
  std::size_t count = 0;
  Work work(50'000, [&]() -> asio::awaitable<Result<void>> {
    ++count;
    co_return Result<void>();
  });
  CHECK(loop.run(run_all(std::move(work), options(2, true))));
  CHECK(count == 50'000);
}

TEST_CASE("run_all stops the others at the first failure, without reporting them") {
  Loop loop;
  int cancelled = 0, started_late = 0;
  Work work;
  for (int i = 0; i < 3; ++i)
    work.push_back([&]() -> asio::awaitable<Result<void>> {
      const bool slept = co_await sleep_for(1h);
      if (!slept) ++cancelled;
      Error error(Code::cancelled, "cancelled");
      error.outcome_unknown = true;
      co_return error;
    });
  work.push_back([]() -> asio::awaitable<Result<void>> {
    co_await sleep_for(1ms);
    co_return Error(Code::not_found, "the first failure").retry();
  });
  work.push_back([&]() -> asio::awaitable<Result<void>> {
    ++started_late;
    co_return Result<void>();
  });
  auto result = loop.run(run_all(std::move(work), options(4, true)));
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::not_found);
  CHECK(result.error().message == "the first failure");
  CHECK(result.error().causes.empty());
  CHECK(result.error().retryable);
  CHECK(result.error().outcome_unknown);
  CHECK(cancelled == 3);
  CHECK(started_late == 0);
}

TEST_CASE("run_all reports every failure when it goes on") {
  Loop loop;
  Work work;
  for (int i = 0; i < 4; ++i)
    work.push_back([i]() -> asio::awaitable<Result<void>> {
      co_await sleep_for(std::chrono::milliseconds(i));
      if (i == 2) co_return Result<void>();
      Error error(Code::unavailable, "failure " + std::to_string(i));
      error.retryable = i != 3;
      co_return error;
    });
  auto result = loop.run(run_all(std::move(work), options(1, false)));
  REQUIRE_FALSE(result);
  CHECK(result.error().message == "failure 0");
  REQUIRE(result.error().causes.size() == 2);
  CHECK(result.error().causes[0].message == "failure 1");
  CHECK(result.error().causes[1].message == "failure 3");
  CHECK_FALSE(result.error().retryable);
}

TEST_CASE("run_all turns exceptions into failures, of the function as of its coroutine") {
  Loop loop;
  Work work;
  work.push_back([]() -> asio::awaitable<Result<void>> { throw std::logic_error("not even started"); });
  work.push_back([]() -> asio::awaitable<Result<void>> {
    co_await sleep_for(0ns);
    throw std::runtime_error("in the middle");
  });
  auto result = loop.run(run_all(std::move(work), options(0, false)));
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::internal);
  REQUIRE(result.error().causes.size() == 1);
}

TEST_CASE("run_all that is cancelled waits for the end of all it started") {
  Loop loop;
  int cleaned = 0, late = 0;
  Work work;
  for (int i = 0; i < 3; ++i)
    work.push_back([&]() -> asio::awaitable<Result<void>> {
      bool done = false;
      auto result = co_await slow_to_stop(done);
      cleaned += done;
      co_return result.error();
    });
  work.push_back([&]() -> asio::awaitable<Result<void>> {
    ++late;
    co_return Result<void>();
  });
  auto result = run_and_cancel(loop, run_all(std::move(work), options(3, false)));
  REQUIRE(result);
  REQUIRE_FALSE(*result);
  CHECK(result->error().code == Code::cancelled);
  CHECK(cleaned == 3);
  CHECK(late == 0);
}

TEST_CASE("sleep_for says whether it slept") {
  Loop loop;
  CHECK(loop.run(sleep_for(100us)));
  auto slept = run_and_cancel(loop, sleep_for(1h));
  REQUIRE(slept);
  CHECK_FALSE(*slept);
}

TEST_CASE("spawn_logged reports failures and exceptions, and nothing else") {
  Loop loop;
  struct Works {
    static asio::awaitable<Result<void>> good() { co_return Result<void>(); }
    static asio::awaitable<Result<void>> bad() { co_return Error(Code::not_found, "nothing there"); }
    static asio::awaitable<Result<void>> worse() {
      co_await sleep_for(0ns);
      throw std::runtime_error("a bug");
    }
  };
  std::vector<Code> reported;
  const auto report = [&](const Error &error) { reported.push_back(error.code); };
  spawn_logged(loop.executor(), Works::good(), report);
  spawn_logged(loop.executor(), Works::bad(), report);
  spawn_logged(loop.executor(), Works::worse(), report);
  loop.io.run();
  REQUIRE(reported.size() == 2);
  CHECK(std::count(reported.begin(), reported.end(), Code::not_found) == 1);
  CHECK(std::count(reported.begin(), reported.end(), Code::internal) == 1);
}

TEST_CASE("an event wakes all who wait for it, and lets those pass who come later") {
  Loop loop;
  Event event(loop.executor());
  int woken = 0;
  Work work;
  for (int i = 0; i < 3; ++i)
    work.push_back([&]() -> asio::awaitable<Result<void>> {
      woken += co_await event.wait();
      co_return Result<void>();
    });
  work.push_back([&]() -> asio::awaitable<Result<void>> {
    co_await sleep_for(0ns);
    CHECK_FALSE(event.is_set());
    event.set();
    event.set();
    co_return Result<void>();
  });
  CHECK(loop.run(run_all(std::move(work), options(0, true))));
  CHECK(woken == 3);
  CHECK(event.is_set());
  CHECK(loop.run(event.wait()));
}

TEST_CASE("waiting for an event ends with false when it is cancelled or when the event is gone") {
  Loop loop;
  auto event = std::make_unique<Event>(loop.executor());
  auto waited = run_and_cancel(loop, event->wait());
  REQUIRE(waited);
  CHECK_FALSE(*waited);

  std::optional<bool> woken;
  asio::co_spawn(loop.io, event->wait(), [&](std::exception_ptr, bool value) { woken = value; });
  loop.settle();
  REQUIRE_FALSE(woken);
  SECTION("destroyed") { event.reset(); }
  SECTION("replaced") { *event = Event(loop.executor()); }
  loop.settle();
  REQUIRE(woken);
  CHECK_FALSE(*woken);
}

TEST_CASE("an event that is moved keeps its waiters") {
  Loop loop;
  Event event(loop.executor());
  std::optional<bool> woken;
  asio::co_spawn(loop.io, event.wait(), [&](std::exception_ptr, bool value) { woken = value; });
  loop.settle();
  Event moved(std::move(event));
  moved.set();
  loop.settle();
  REQUIRE(woken);
  CHECK(*woken);
}

TEST_CASE("coroutines that still wait when the loop goes leave nothing behind") {
  bool cancelled = false;
  std::optional<Event> event;
  {
    Loop loop;
    event.emplace(loop.executor());
    Work work;
    work.push_back([&]() -> asio::awaitable<Result<void>> {
      co_await event->wait();
      co_return Result<void>();
    });
    work.push_back([&]() -> asio::awaitable<Result<void>> {
      auto result = co_await with_deadline(endless(cancelled), Deadline::after(1h), "waiting");
      co_return result.error();
    });
    asio::co_spawn(loop.io, run_all(std::move(work), options(0, true)), [](std::exception_ptr, Result<void>) {});
    loop.settle();
  }
  CHECK_FALSE(cancelled);
}

// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/node_guard.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

namespace ksail {

namespace {

/// How long after a failure a death may be reported that explains it.
constexpr std::chrono::seconds patience(1);

} // namespace

NodeGuard::NodeGuard(plugins::Provider &provider, NodeAccess &access, std::string cluster,
                     asio::any_io_executor executor)
    : provider_(provider), access_(access), cluster_(std::move(cluster)), executor_(executor), wake_(executor),
      died_(executor) {}

asio::awaitable<Result<void>> NodeGuard::run(std::function<asio::awaitable<Result<void>>()> work) {
  Result<void> worked;
  std::vector<std::function<asio::awaitable<Result<void>>()>> both;
  both.push_back([&]() -> asio::awaitable<Result<void>> {
    worked = co_await work();
    // What ran in a node that died fails a moment before its death is reported; the death is then the reason to tell.
    if (!worked && worked.error().code != Code::cancelled) {
      Result<void> heard = co_await with_deadline(late_news(), Deadline::after(patience), "hearing of a node's death");
      (void)heard; // guard and work are judged below
    }
    wake_.set();
    co_return Result<void>();
  });
  both.push_back([this] { return wait_for_a_death(); });
  ForEachOptions at_once;
  Result<void> watched = co_await run_all(std::move(both), at_once);
  if (dead_node_.empty()) co_return worked ? watched : worked;
  Error error = watched.error();
  if (!worked && worked.error().code != Code::cancelled) error.causes.push_back(worked.error());
  co_return error;
}

asio::awaitable<Result<void>> NodeGuard::late_news() {
  const bool died = co_await died_.wait();
  if (!died) co_return Error(Code::cancelled, "waiting for a node's death was cancelled");
  co_return Result<void>();
}

asio::awaitable<Result<void>> NodeGuard::wait_for_a_death() {
  // The watch may end only after this coroutine stopped caring; what it touches is therefore shared.
  struct Watching {
    explicit Watching(asio::any_io_executor ex) : ended(ex) {}
    Event ended;
    asio::cancellation_signal stop;
  };
  auto watching = std::make_shared<Watching>(executor_);
  nlohmann::json body = {{"cluster", cluster_}};
  plugins::EventHandler on_event = [this](const nlohmann::json &event, const std::vector<plugins::Blob> &) {
    if (!dead_node_.empty() || !event.is_object() || event.value("action", std::string()) != "die") return;
    dead_node_ = event.value("name", std::string("a node"));
    exit_code_ = event.value("exit_code", 0);
    died_.set();
    wake_.set();
  };
  auto watch =
      provider_.call("watch", std::move(body), std::vector<plugins::Blob>(), Deadline::never(), std::move(on_event));
  // Failures of the watch itself (not offered, connection lost) only mean that deaths are noticed later, by the step
  // that waits.
  asio::co_spawn(
      executor_, std::move(watch),
      asio::bind_cancellation_slot(watching->stop.slot(),
                                   [watching](std::exception_ptr, Result<plugins::Reply>) { watching->ended.set(); }));
  co_await asio::this_coro::throw_if_cancelled(false);
  const bool woken = co_await wake_.wait();
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  watching->stop.emit(asio::cancellation_type::terminal);
  co_await watching->ended.wait();
  if (dead_node_.empty()) {
    if (woken) co_return Result<void>();
    co_return Error(Code::cancelled, "watching the nodes was cancelled");
  }
  Error error(Code::failed_precondition,
              "node " + dead_node_ + " stopped while the cluster was being created (exit code " +
                  std::to_string(exit_code_) + ")",
              "look at the node's last lines above; `ksail doctor` checks memory, disk and inotify limits");
  auto log = co_await access_.log_tail(dead_node_, 15, Deadline::after(std::chrono::seconds(5)));
  if (log && !log->empty()) error.message += "; its last lines:\n" + *log;
  co_return error;
}

} // namespace ksail

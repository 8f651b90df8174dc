// SPDX-License-Identifier: Apache-2.0
#include "cli/execution.hpp"

#include "cli/exit_code.hpp"
#include "cli/interruption.hpp"
#include "plugins/loader.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <csignal>
#include <unistd.h>

namespace ksail::cli {

namespace {

/// What plugins may ask of the host.
class CommandHost final : public plugins::HostServices {
public:
  explicit CommandHost(CommandContext &context) : context_(context) {}
  bool log_enabled(int level) const override { return context_.log.enabled(level); }
  void log(int level, std::string_view target, std::string_view message) override {
    context_.log.write(level, target, message);
  }
  /// A secret is named by the environment variable that holds it.
  std::optional<std::string> secret(std::string_view name) override {
    const auto found = context_.environment.find(name);
    if (found == context_.environment.end() || found->second.empty()) return std::nullopt;
    return found->second;
  }
  void redact(std::string_view value) override { context_.redaction.add(value); }

private:
  CommandContext &context_;
};

std::string signal_name(int number) { return number == SIGTERM ? "SIGTERM" : "Ctrl-C"; }

} // namespace

// The io_context and the services stay when the command has ended: a plugin thread that is stuck may still come back to
// them, and the process ends without waiting for it.
Execution::Execution(CommandContext &context)
    : context_(context), io_(*new asio::io_context(1)), services_(*new CommandHost(context)) {}

Execution::~Execution() { end_meanwhile(); }

void Execution::meanwhile(std::function<asio::awaitable<Result<void>>()> work) {
  // The function goes with what it began: a coroutine lambda needs its captures.
  const auto kept = std::make_shared<std::function<asio::awaitable<Result<void>>()>>(std::move(work));
  asio::co_spawn(io_, (*kept)(), [kept](std::exception_ptr, const Result<void> &) {});
  meanwhile_ = std::thread([this] { io_.run(); });
}

void Execution::end_meanwhile() {
  if (!meanwhile_.joinable()) return;
  io_.stop();
  meanwhile_.join();
}

Result<void> Execution::load_provider(const config::Settings &settings) {
  timing::Scope scope(context_.timing, "load", "plugin");
  const auto &name = settings.text(config::key::provider);
  auto provider = plugins::load_provider(name, context_.plugin_path(settings), io_.get_executor(), services_);
  if (!provider) {
    scope.fail();
    return provider.error();
  }
  provider_ = std::move(*provider);
  session_.emplace(Session{io_.get_executor(), *provider_, name, context_.progress, context_.timing, KSAIL_VERSION});
  return {};
}

std::optional<Error> Execution::run_erased(const std::function<asio::awaitable<void>()> &work,
                                           const Interruption &interruption) {
  end_meanwhile();
  asio::cancellation_signal cancel;
  std::exception_ptr thrown;
  bool ended = false;
  const InterruptionWatch watch(
      [&](int number) {
        context_.signal = number;
        if (!interruption.first.empty()) context_.console.err(signal_name(number) + ": " + interruption.first);
        asio::post(io_, [&cancel, &ended] {
          if (!ended) cancel.emit(asio::cancellation_type::terminal);
        });
      },
      [&](int number) {
        context_.console.last_words(interruption.left.empty() ? "" : interruption.left + "\n");
        ::_exit(128 + number);
      });
  asio::co_spawn(io_, work(), asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr e) {
                   thrown = e;
                   ended = true;
                   // What is still under way belongs to nobody now.
                   io_.stop();
                 }));
  io_.restart();
  io_.run();
  if (!thrown) return std::nullopt;
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception &e) {
    return Error(Code::internal, std::string("internal error: ") + e.what(),
                 "this is a bug of ksail; please report it");
  } catch (...) {
    return Error(Code::internal, "internal error", "this is a bug of ksail; please report it");
  }
}

void end_plugins() { plugins::shutdown_all(std::chrono::milliseconds(500)); }

} // namespace ksail::cli

// SPDX-License-Identifier: Apache-2.0
#include <plugins/loader.hpp>

#include <plugins/loaded_plugin.hpp>
#include <plugins/plugin_call.hpp>

#include <ksail/sdk/async.hpp>

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <thread>

namespace ksail::plugins {

namespace {

/// How long a plugin may take to end an operation it was told to cancel.
constexpr std::chrono::seconds cancel_grace{2};
/// What shutdown_all() adds to its grace, so that a plugin that uses all of it is not called stuck.
constexpr std::chrono::milliseconds shutdown_slack{250};

std::string fresh_operation_id() {
  std::array<unsigned char, 16> raw{};
  if (::getrandom(raw.data(), raw.size(), 0) != static_cast<ssize_t>(raw.size())) {
    // Not enough for a key, enough for a name: the clock and a counter.
    static std::atomic<std::uint64_t> counter{0};
    const auto ticks = static_cast<std::uint64_t>(Clock::now().time_since_epoch().count());
    const std::uint64_t both[2] = {ticks, ++counter};
    std::memcpy(raw.data(), both, raw.size());
  }
  std::string hex;
  for (const auto byte : raw) {
    constexpr std::string_view digits = "0123456789abcdef";
    hex += digits[byte >> 4];
    hex += digits[byte & 15];
  }
  return hex;
}

std::string take_operation_id(nlohmann::json &body) {
  if (body.is_object())
    if (const auto found = body.find("operation_id"); found != body.end() && found->is_string()) {
      auto id = found->get<std::string>();
      body.erase(found);
      return id;
    }
  return fresh_operation_id();
}

/// Ties a call to the coroutine that waits for it, also when that is destroyed half way.
class Attachment {
public:
  Attachment(PluginCall &call, asio::any_io_executor executor, asio::steady_timer &timer) : call_(call) {
    call_.attach(std::move(executor), timer);
  }
  ~Attachment() { call_.detach(); }
  Attachment(const Attachment &) = delete;
  Attachment &operator=(const Attachment &) = delete;

private:
  PluginCall &call_;
};

Error stuck(LoadedPlugin &plugin, const PluginCall &call, bool late) {
  const std::string when = late ? "its deadline" : "it was cancelled";
  plugin.host().misbehaves("\"" + call.verb() + "\" is stuck: it did not end within 2 s after " + when);
  Error error(
      Code::plugin,
      "the " + plugin.id() + " plugin is stuck: \"" + call.verb() + "\" did not end within 2 s after " + when,
      "what it was doing may still go on: look at the state before repeating, and report it to the plugin's author");
  error.outcome_unknown = true;
  return error;
}

Error too_late(const LoadedPlugin &plugin, const PluginCall &call) {
  return Error(Code::deadline_exceeded,
               "\"" + call.verb() + "\" of the " + plugin.id() + " plugin did not end within its time");
}

asio::awaitable<Result<Reply>> wait_for_answer(LoadedPlugin &plugin, std::shared_ptr<PluginCall> call,
                                               Deadline deadline, EventHandler on_event, asio::steady_timer &wake) {
  bool late = false;
  std::optional<Clock::time_point> give_up;
  for (;;) {
    auto taken = call->take();
    if (on_event)
      for (const auto &event : taken.events)
        on_event(event.body, event.blobs);
    if (taken.result) {
      Result<Reply> result = std::move(*taken.result);
      if (!result && late && result.error().code == Code::cancelled) {
        Error error = result.error();
        error.code = Code::deadline_exceeded;
        co_return error;
      }
      co_return result;
    }
    const auto now = Clock::now();
    if (give_up && now >= *give_up) co_return stuck(plugin, *call, late);
    if (!give_up && now >= deadline.at()) {
      late = true;
      give_up = now + cancel_grace;
      call->cancel(KSAIL_CANCEL_DEADLINE);
      continue; // the answer may be there already
    }
    wake.expires_at(give_up ? *give_up : deadline.at());
    if (give_up) {
      co_await detail::wait_shielded(wake);
    } else if (!co_await detail::wait_cancellable(wake)) {
      give_up = Clock::now() + cancel_grace;
      call->cancel(KSAIL_CANCEL_USER);
    }
  }
}

/// A free function: the Provider object may be gone before it ends.
asio::awaitable<Result<Reply>> run_call(LoadedPlugin &plugin, std::shared_ptr<PluginCall> call, nlohmann::json body,
                                        std::vector<Blob> blobs, Deadline deadline, EventHandler on_event) {
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none)
    co_return Error(Code::cancelled, "\"" + call->verb() + "\" was cancelled before it began");
  if (deadline.passed()) co_return too_late(plugin, *call);
  const auto executor = co_await asio::this_coro::executor;
  // A cancelled caller still waits for the plugin; left on, every co_await would throw instead.
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  std::exception_ptr thrown; // out of the event handler
  Result<Reply> result = Error();
  try {
    asio::steady_timer wake(executor);
    const Attachment attachment(*call, executor, wake);
    const std::string operation_id = take_operation_id(body);
    call->start(body, operation_id, blobs, deadline);
    result = co_await wait_for_answer(plugin, call, deadline, std::move(on_event), wake);
  } catch (...) {
    thrown = std::current_exception();
  }
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (thrown) std::rethrow_exception(thrown);
  co_return result;
}

class PluginProvider final : public Provider {
public:
  explicit PluginProvider(LoadedPlugin &plugin) : plugin_(plugin) {}
  ~PluginProvider() override {
    for (const auto &weak : calls_)
      if (const auto call = weak.lock()) call->cancel(KSAIL_CANCEL_SHUTDOWN);
  }
  PluginProvider(const PluginProvider &) = delete;
  PluginProvider &operator=(const PluginProvider &) = delete;

  using Provider::call;
  std::string_view id() const override { return plugin_.id(); }
  asio::awaitable<Result<Reply>> call(std::string verb, nlohmann::json body, std::vector<Blob> blobs, Deadline deadline,
                                      EventHandler on_event) override {
    std::erase_if(calls_, [](const auto &weak) { return weak.expired(); });
    auto operation = std::make_shared<PluginCall>(plugin_, std::move(verb));
    calls_.push_back(operation);
    return run_call(plugin_, std::move(operation), std::move(body), std::move(blobs), deadline, std::move(on_event));
  }

private:
  LoadedPlugin &plugin_;
  std::vector<std::weak_ptr<PluginCall>> calls_;
};

/// What was loaded, by file. Never destroyed.
struct Registry {
  struct Entry {
    dev_t device = 0;
    ino_t inode = 0;
    std::filesystem::path file;
    LoadedPlugin *plugin = nullptr; ///< null: it was refused
    Error refusal;
  };
  std::mutex mutex;
  std::vector<Entry> entries;

  static Registry &instance() {
    static auto *const only = new Registry;
    return *only;
  }
};

/// What the threads of shutdown_all() report to; they may outlive the call.
struct Shutdowns {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<LoadedPlugin *> running;
};

} // namespace

Result<std::unique_ptr<Provider>> load_provider(std::string_view provider_name, const SearchPath &path,
                                                asio::any_io_executor /*executor*/, HostServices &services) {
  const auto found = find_plugin(discover(path), provider_name);
  if (!found) return found.error();
  if (!found->manifest) return found->manifest.error();
  if (!found->manifest->has_interface(KSAIL_PROVIDER_1))
    return Error(Code::plugin,
                 "plugin " + found->manifest->id + " (" + found->library_path.string() +
                     ") is no provider: it lacks the interface " KSAIL_PROVIDER_1,
                 "choose another provider; `ksail plugin list` shows them");
  const Inspection inspection = inspect(*found);
  if (inspection.refusal) return *inspection.refusal;

  auto &registry = Registry::instance();
  const std::lock_guard lock(registry.mutex);
  for (const auto &entry : registry.entries) {
    if (entry.device != inspection.library.device() || entry.inode != inspection.library.inode()) continue;
    if (!entry.plugin) return entry.refusal;
    if (entry.plugin->retired())
      return Error(Code::plugin,
                   "plugin " + found->manifest->id + " (" + entry.file.string() + ") was shut down already",
                   "run ksail again");
    entry.plugin->host().attach(services);
    return std::make_unique<PluginProvider>(*entry.plugin);
  }
  const auto mapped = LoadedPlugin::map(*found, inspection);
  if (!mapped) return mapped.error();
  const auto initialised = (*mapped)->initialise(*found->manifest, services);
  Registry::Entry entry;
  entry.device = inspection.library.device(); // a mapped file keeps its number for itself
  entry.inode = inspection.library.inode();
  entry.file = inspection.library.path();
  if (initialised)
    entry.plugin = *mapped;
  else
    entry.refusal = initialised.error(); // its init() must not run twice
  registry.entries.push_back(entry);
  if (!initialised) return initialised.error();
  return std::make_unique<PluginProvider>(**mapped);
}

void shutdown_all(std::chrono::nanoseconds grace) {
  const auto shared = std::make_shared<Shutdowns>();
  std::vector<LoadedPlugin *> all;
  {
    auto &registry = Registry::instance();
    const std::lock_guard lock(registry.mutex);
    for (const auto &entry : registry.entries)
      if (entry.plugin && !entry.plugin->retired()) all.push_back(entry.plugin);
  }
  const auto until = Clock::now() + std::chrono::duration_cast<Clock::duration>(grace) + shutdown_slack;
  const auto grace_ns = static_cast<std::uint64_t>(std::max<std::int64_t>(grace.count(), 0));
  shared->running = all;
  for (auto *plugin : all) {
    plugin->retire();
    PluginCall::cancel_all(*plugin, KSAIL_CANCEL_SHUTDOWN);
    // A thread each: they end side by side, and one that hangs holds up nobody.
    std::thread([plugin, grace_ns, shared] {
      const auto code = plugin->shutdown(grace_ns);
      if (code != KSAIL_OK) plugin->host().misbehaves("its shutdown ended with code " + std::to_string(code));
      const std::lock_guard lock(shared->mutex);
      std::erase(shared->running, plugin);
      shared->changed.notify_all();
    }).detach();
  }
  std::unique_lock lock(shared->mutex);
  shared->changed.wait_until(lock, until, [&shared] { return shared->running.empty(); });
  const auto left = shared->running;
  lock.unlock();
  for (auto *plugin : left)
    plugin->host().misbehaves("its shutdown is stuck; ksail does not wait for it");
  for (auto *plugin : all)
    plugin->host().detach();
}

} // namespace ksail::plugins

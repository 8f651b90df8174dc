// SPDX-License-Identifier: Apache-2.0
#include "bare_host.hpp"

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <stdexcept>

namespace ksail::check {

namespace {

std::string text_of(ksail_str s) { return s.data ? std::string(s.data, s.len) : std::string(); }

std::mutex log_mutex;
std::string log_text;

std::int32_t log_enabled(void *, std::int32_t) noexcept { return 1; }
void log_write(void *, std::int32_t, ksail_str target, ksail_str message) noexcept {
  const std::lock_guard lock(log_mutex);
  log_text += text_of(target) + ": " + text_of(message) + "\n";
}
std::uint64_t now_ns(void *) noexcept {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}
std::int32_t secret_get(void *, ksail_str name, void (*take)(void *, const void *, std::uint64_t) noexcept,
                        void *user) noexcept {
  if (text_of(name) != "token") return KSAIL_NOT_FOUND;
  take(user, canary, std::char_traits<char>::length(canary));
  return KSAIL_OK;
}
void secret_redact(void *, ksail_str) noexcept {}

const ksail_host_log_1 log_table = {sizeof log_table, 0, nullptr, log_enabled, log_write};
const ksail_host_clock_1 clock_table = {sizeof clock_table, 0, nullptr, now_ns};
const ksail_host_secrets_1 secrets_table = {sizeof secrets_table, 0, nullptr, secret_get, secret_redact};

const void *query(void *, ksail_str id) noexcept {
  const auto wanted = text_of(id);
  if (wanted == KSAIL_HOST_LOG_1) return &log_table;
  if (wanted == KSAIL_HOST_CLOCK_1) return &clock_table;
  if (wanted == KSAIL_HOST_SECRETS_1) return &secrets_table;
  return nullptr;
}

const ksail_host host_table = {sizeof host_table, KSAIL_ABI_MINOR, nullptr, query};

} // namespace

const ksail_host *whole_host() { return &host_table; }

std::string logged() {
  const std::lock_guard lock(log_mutex);
  return log_text;
}

Plugin::Plugin(const std::string &library, const ksail_host *host) {
  void *handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!handle) throw std::runtime_error(::dlerror());
  const auto get = reinterpret_cast<ksail_plugin_entry_fn>(::dlsym(handle, KSAIL_ENTRY_SYMBOL));
  if (!get) throw std::runtime_error("it exports no " KSAIL_ENTRY_SYMBOL);
  entry_ = get();
  if (!entry_ || get() != entry_) throw std::runtime_error("the entry table is not one and the same");
  if (!host) return;
  init_code_ = entry_->init(host);
  const char id[] = KSAIL_PROVIDER_1;
  provider_ = static_cast<const ksail_provider_1 *>(entry_->query_interface(ksail_str{id, sizeof id - 1}));
  if (!provider_) throw std::runtime_error("it has no interface " KSAIL_PROVIDER_1);
}

struct Started::State {
  mutable std::mutex mutex;
  std::condition_variable changed;
  int done = 0;
  int late_events = 0;
  std::int32_t code = -1;
  std::string message, payload, all;
};

namespace {

/// Live as long as the process: a plugin that calls twice must find something.
std::vector<std::shared_ptr<void>> &kept() {
  static auto *const all = new std::vector<std::shared_ptr<void>>;
  return *all;
}

} // namespace

Started::Started(const Plugin &plugin, std::string verb, std::string body, std::uint64_t timeout_ns)
    : state_(std::make_shared<State>()) {
  kept().push_back(state_);
  ksail_callbacks callbacks{};
  callbacks.size = sizeof callbacks;
  callbacks.user = state_.get();
  callbacks.done = [](void *user, const ksail_result *result) noexcept {
    auto &state = *static_cast<State *>(user);
    const std::lock_guard lock(state.mutex);
    ++state.done;
    state.code = result->code;
    state.message = text_of(result->message);
    state.payload = text_of(result->payload_json);
    state.all += state.message + text_of(result->hint) + text_of(result->detail_json) + state.payload;
    state.changed.notify_all();
  };
  callbacks.event = [](void *user, ksail_str text, const ksail_blob *, std::uint64_t) noexcept {
    auto &state = *static_cast<State *>(user);
    const std::lock_guard lock(state.mutex);
    if (state.done) ++state.late_events;
    state.all += text_of(text);
  };
  {
    // The plugin has to copy what it keeps: these are gone, and spoilt, before it can look again.
    const std::string id = "operation-1";
    ksail_request request{};
    request.size = sizeof request;
    request.verb = {verb.data(), verb.size()};
    request.operation_id = {id.data(), id.size()};
    request.timeout_ns = timeout_ns;
    request.body_json = {body.data(), body.size()};
    op_ = plugin.provider().start(plugin.provider().self, &request, &callbacks);
    callbacks.done = nullptr;
    verb.assign(verb.size(), '?');
    body.assign(body.size(), '?');
  }
}

Started::~Started() {
  cancel(KSAIL_CANCEL_USER);
  wait(std::chrono::seconds(30));
  if (op_) op_->release(op_->self);
}

void Started::cancel(std::uint32_t reason) {
  if (op_) op_->cancel(op_->self, reason);
}

bool Started::wait(std::chrono::seconds limit) const {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_for(lock, limit, [this] { return state_->done > 0; });
}

int Started::times_done() const {
  const std::lock_guard lock(state_->mutex);
  return state_->done;
}
int Started::events_after_done() const {
  const std::lock_guard lock(state_->mutex);
  return state_->late_events;
}
std::int32_t Started::code() const {
  const std::lock_guard lock(state_->mutex);
  return state_->code;
}
std::string Started::message() const {
  const std::lock_guard lock(state_->mutex);
  return state_->message;
}
nlohmann::json Started::payload() const {
  const std::lock_guard lock(state_->mutex);
  return nlohmann::json::parse(state_->payload, nullptr, false);
}
std::string Started::text() const {
  const std::lock_guard lock(state_->mutex);
  return state_->all;
}

Ended in_child(const std::function<int()> &body, unsigned seconds) {
  int pipe_ends[2];
  if (::pipe(pipe_ends) != 0) throw std::runtime_error("no pipe");
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("no child process");
  if (child == 0) {
    ::dup2(pipe_ends[1], STDOUT_FILENO);
    ::dup2(pipe_ends[1], STDERR_FILENO);
    ::close(pipe_ends[0]);
    ::close(pipe_ends[1]);
    ::alarm(seconds); // ends a plugin that hangs
    int code = 1;
    try {
      code = body();
    } catch (const std::exception &e) {
      ::dprintf(STDOUT_FILENO, "%s\n", e.what());
    }
    ::_exit(code);
  }
  ::close(pipe_ends[1]);
  std::string said;
  char buffer[4096];
  for (ssize_t n; (n = ::read(pipe_ends[0], buffer, sizeof buffer)) > 0;)
    said.append(buffer, static_cast<std::size_t>(n));
  ::close(pipe_ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return {.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
          .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
          .output = std::move(said)};
}

} // namespace ksail::check

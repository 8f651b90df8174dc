// SPDX-License-Identifier: Apache-2.0
#include <plugins/plugin_call.hpp>

#include <plugins/call_table.hpp>
#include <plugins/loaded_plugin.hpp>
#include <plugins/text.hpp>

#include <ksail/sdk/detail/abi_read.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>

namespace ksail::plugins {

namespace {

using json = nlohmann::json;

constexpr std::size_t max_causes = 256;
constexpr int max_cause_depth = 8;

std::vector<Blob> owned(const ksail_blob *blobs, std::uint64_t count) {
  std::vector<Blob> copies;
  detail::abi_blobs(blobs, count, [&copies](std::string name, std::string data) {
    copies.emplace_back(std::move(name), std::move(data));
  });
  return copies;
}

std::optional<Code> code_of(std::int64_t code) {
  if (code > KSAIL_OK && code <= KSAIL_UNAUTHENTICATED) return static_cast<Code>(code);
  return std::nullopt;
}

std::string member_text(const json &object, const char *name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? clean_text(found->get_ref<const std::string &>())
                                                     : std::string();
}

bool member_true(const json &object, const char *name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

/// {"errors":[{"code","message","hint"}…]}, each of which may hold "errors" again.
std::vector<Error> causes_of(const json &detail, int depth) {
  std::vector<Error> causes;
  if (!detail.is_object() || depth > max_cause_depth) return causes;
  const auto errors = detail.find("errors");
  if (errors == detail.end() || !errors->is_array()) return causes;
  for (const auto &one : *errors) {
    if (!one.is_object() || causes.size() >= max_causes) break;
    const auto code = one.find("code");
    const bool known = code != one.end() && code->is_number_integer();
    Error cause(known ? code_of(code->get<std::int64_t>()).value_or(Code::unknown) : Code::unknown,
                member_text(one, "message"), member_text(one, "hint"));
    cause.retryable = member_true(one, "retryable");
    cause.outcome_unknown = member_true(one, "outcome_unknown");
    cause.causes = causes_of(one, depth + 1);
    causes.push_back(std::move(cause));
  }
  return causes;
}

} // namespace

PluginCall::PluginCall(LoadedPlugin &plugin, std::string verb) : plugin_(plugin), verb_(std::move(verb)) {}

void PluginCall::attach(asio::any_io_executor executor, asio::steady_timer &timer) {
  timer_ = &timer;
  const std::lock_guard lock(mutex_);
  executor_ = std::move(executor);
}

void PluginCall::detach() {
  timer_ = nullptr;
  {
    const std::lock_guard lock(mutex_);
    executor_ = asio::any_io_executor();
    events_.clear();
  }
  cancel(KSAIL_CANCEL_SHUTDOWN);
}

void PluginCall::wake() {
  if (!executor_ || wake_posted_) return;
  wake_posted_ = true;
  asio::post(executor_, [self = shared_from_this()] {
    {
      const std::lock_guard lock(self->mutex_);
      self->wake_posted_ = false;
    }
    if (self->timer_) self->timer_->cancel();
  });
}

void PluginCall::start(const json &body, const std::string &operation_id, const std::vector<Blob> &blobs,
                       Deadline deadline) {
  const std::string text = body.dump(-1, ' ', false, json::error_handler_t::replace);
  std::vector<ksail_blob> view;
  view.reserve(blobs.size());
  for (const auto &blob : blobs)
    view.push_back({detail::abi_str(blob.name), blob.data.data(), blob.data.size()});
  ksail_request request{};
  request.size = sizeof request;
  request.verb = detail::abi_str(verb_);
  request.operation_id = detail::abi_str(operation_id);
  if (!deadline.is_never()) // 0 would say "none"
    request.timeout_ns = static_cast<std::uint64_t>(std::max<std::int64_t>(deadline.remaining().count(), 1));
  request.body_json = detail::abi_str(text);
  request.blobs = view.data();
  request.blob_count = view.size();
  ksail_callbacks callbacks{};
  callbacks.size = sizeof callbacks;
  callbacks.user = CallTable::instance().add(plugin_.number(), shared_from_this());
  callbacks.done = done;
  callbacks.event = event;

  ksail_op *op = nullptr;
  const bool started = plugin_.start(request, callbacks, op);
  std::unique_lock lock(mutex_);
  if (!started) {
    CallTable::instance().take(callbacks.user);
    done_ = true;
    result_.emplace(Error(Code::plugin, "the " + plugin_.id() + " plugin was shut down before \"" + verb_ + "\""));
  } else if (!op && !done_) {
    CallTable::instance().take(callbacks.user);
    done_ = true;
    result_.emplace(Error(Code::plugin,
                          "the " + plugin_.id() + " plugin neither answered \"" + verb_ + "\" nor started it",
                          "report it to the plugin's author"));
    lock.unlock();
    plugin_.host().misbehaves("start of \"" + verb_ + "\" returned no operation without having called done()");
  } else if (op) {
    lock.unlock();
    adopt(op);
  }
}

void PluginCall::adopt(ksail_op *op) {
  const auto copy = detail::abi_read(op);
  const bool whole = copy.size >= offsetof(ksail_op, release) + sizeof copy.release && copy.cancel && copy.release;
  std::uint32_t reason = 0;
  {
    std::unique_lock lock(mutex_);
    op_ = copy;
    reason = std::exchange(pending_cancel_, 0);
    if (!whole) op_ = ksail_op{};
    if (reason) cancelled_ = false;
    release_if_over(std::move(lock));
  }
  if (!whole) plugin_.host().misbehaves("the operation of \"" + verb_ + "\" cannot be cancelled or released");
  if (reason) cancel(reason);
}

PluginCall::Taken PluginCall::take() {
  Taken taken;
  const std::lock_guard lock(mutex_);
  taken.events.swap(events_);
  taken.result.swap(result_);
  return taken;
}

void PluginCall::cancel(std::uint32_t reason) noexcept {
  std::unique_lock lock(mutex_);
  if (done_ || cancelled_) return;
  cancelled_ = true;
  if (!op_.cancel) {
    pending_cancel_ = reason;
    return;
  }
  ++cancelling_;
  const auto cancel_fn = op_.cancel;
  void *const self = op_.self;
  lock.unlock(); // the plugin may call done() inside
  cancel_fn(self, reason);
  lock.lock();
  --cancelling_;
  release_if_over(std::move(lock));
}

void PluginCall::release_if_over(std::unique_lock<std::mutex> lock) noexcept {
  if (!done_ || cancelling_ != 0 || !op_.release) return;
  const auto release = op_.release;
  void *const self = op_.self;
  op_ = ksail_op{};
  lock.unlock();
  release(self);
}

void PluginCall::cancel_all(const LoadedPlugin &plugin, std::uint32_t reason) {
  for (const auto &call : CallTable::instance().of_plugin(plugin))
    call->cancel(reason);
}

void PluginCall::done(void *user, const ksail_result *result) noexcept {
  try {
    if (const auto call = CallTable::instance().take(user)) {
      call->on_done(result);
    } else if (auto *plugin = CallTable::instance().owner(user)) {
      plugin->host().misbehaves("done() was called for an operation that had ended");
    }
  } catch (...) { // no memory for the log line
  }
}

void PluginCall::event(void *user, ksail_str text, const ksail_blob *blobs, std::uint64_t count) noexcept {
  try {
    // After done() there is nobody to tell any more; the plugin's threads may well have crossed, so it is no fault.
    if (const auto call = CallTable::instance().find(user)) call->on_event(text, blobs, count);
  } catch (...) { // no memory: progress is lossy
  }
}

void PluginCall::on_event(ksail_str text, const ksail_blob *blobs, std::uint64_t count) {
  Event event;
  event.body = json::parse(detail::abi_view(text), nullptr, false);
  if (event.body.is_discarded()) {
    plugin_.host().misbehaves("an event of \"" + verb_ + "\" is not valid JSON");
    return;
  }
  event.blobs = owned(blobs, count);
  const std::lock_guard lock(mutex_);
  if (done_ || !executor_) return;
  events_.push_back(std::move(event));
  wake();
}

void PluginCall::on_done(const ksail_result *given) noexcept {
  std::optional<Result<Reply>> result;
  try {
    result.emplace(translate(given));
  } catch (...) {
    result.emplace(Error(Code::resource_exhausted, "no memory for the answer"));
  }
  std::unique_lock lock(mutex_);
  done_ = true;
  result_ = std::move(result);
  try {
    wake();
  } catch (...) {
    wake_posted_ = false; // no memory to post: the caller finds the result when its deadline wakes it
  }
  release_if_over(std::move(lock));
}

Result<Reply> PluginCall::translate(const ksail_result *given) const {
  const std::string who = "the " + plugin_.id() + " plugin";
  const auto broken = [&](const std::string &what) {
    plugin_.host().misbehaves(what);
    return Error(Code::plugin, who + " answered \"" + verb_ + "\" wrongly: " + what,
                 "report it to the plugin's author");
  };
  if (!given) return broken("the result is a null pointer");
  const auto result = detail::abi_read(given);
  if (result.size < offsetof(ksail_result, code) + sizeof result.code) return broken("the result is too short");

  if (result.code == KSAIL_OK) {
    Reply reply;
    const auto payload = detail::abi_view(result.payload_json);
    if (!payload.empty()) reply.body = json::parse(payload, nullptr, false);
    if (reply.body.is_discarded()) return broken("the answer is not valid JSON");
    if (!reply.body.is_object()) return broken("the answer is not a JSON object");
    reply.blobs = owned(result.blobs, result.blob_count);
    return reply;
  }

  const auto code = code_of(result.code);
  if (!code) plugin_.host().misbehaves("\"" + verb_ + "\" ended with the unknown code " + std::to_string(result.code));
  Error error(code.value_or(Code::unknown), clean_text(detail::abi_view(result.message)),
              clean_text(detail::abi_view(result.hint)));
  if (error.message.empty())
    error.message = who + " failed at \"" + verb_ + "\" without saying why (code " + std::to_string(result.code) + ")";
  error.retryable = (result.flags & KSAIL_RETRYABLE) != 0;
  error.outcome_unknown = (result.flags & KSAIL_OUTCOME_UNKNOWN) != 0;
  error.retry_after = std::chrono::milliseconds(result.retry_after_ms);
  if (const auto detail_text = detail::abi_view(result.detail_json); !detail_text.empty())
    error.causes = causes_of(json::parse(detail_text, nullptr, false), 0);
  if ((result.flags & KSAIL_PARTIAL) != 0) {
    if (error.causes.empty()) error.causes.emplace_back(error.code, error.message, error.hint);
    error.code = Code::partial;
  }
  return error;
}

} // namespace ksail::plugins

// SPDX-License-Identifier: Apache-2.0
#include "operation.hpp"

#include "runtime.hpp"

#include <ksail/sdk/detail/abi_read.hpp>

#include <algorithm>
#include <limits>

namespace ksail::sdk {

namespace {

std::string text_of(const json &value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

/// Codes from 100 on are the host's own and do not cross.
std::int32_t abi_code(Code code) {
  switch (code) {
  case Code::usage:
  case Code::config:
    return KSAIL_INVALID_ARGUMENT;
  case Code::plugin:
    return KSAIL_INTERNAL;
  case Code::partial:
    return KSAIL_ABORTED;
  case Code::ok:
    return KSAIL_INTERNAL; // a failure that says "ok" is a bug of the author
  default:
    return static_cast<std::int32_t>(code);
  }
}

std::vector<ksail_blob> abi_blobs(const std::vector<Blob> &blobs) {
  std::vector<ksail_blob> view;
  view.reserve(blobs.size());
  for (const auto &blob : blobs)
    view.push_back({detail::abi_str(blob.name), blob.data.data(), blob.data.size()});
  return view;
}

json describe(const Error &error) {
  json one = {{"code", abi_code(error.code)}, {"message", error.message}};
  if (!error.hint.empty()) one["hint"] = error.hint;
  if (error.retryable) one["retryable"] = true;
  if (error.outcome_unknown) one["outcome_unknown"] = true;
  if (!error.causes.empty()) {
    auto &causes = one["errors"] = json::array();
    for (const auto &cause : error.causes)
      causes.push_back(describe(cause));
  }
  return one;
}

void report(const ksail_callbacks &callbacks, const Error &error) {
  ksail_result result{};
  result.size = sizeof result;
  result.code = abi_code(error.code);
  if (error.retryable) result.flags |= KSAIL_RETRYABLE;
  if (error.outcome_unknown) result.flags |= KSAIL_OUTCOME_UNKNOWN;
  if (error.code == Code::partial) result.flags |= KSAIL_PARTIAL;
  const auto after = std::clamp<std::int64_t>(error.retry_after.count(), 0, std::numeric_limits<std::uint32_t>::max());
  result.retry_after_ms = static_cast<std::uint32_t>(after);
  result.message = detail::abi_str(error.message);
  result.hint = detail::abi_str(error.hint);
  std::string detail_text;
  if (!error.causes.empty()) {
    json errors = json::array();
    for (const auto &cause : error.causes)
      errors.push_back(describe(cause));
    detail_text = text_of(json{{"errors", std::move(errors)}});
    result.detail_json = detail::abi_str(detail_text);
  }
  callbacks.done(callbacks.user, &result);
}

void report(const ksail_callbacks &callbacks, const Reply &reply) {
  const std::string payload = text_of(reply.body);
  const auto blobs = abi_blobs(reply.blobs);
  ksail_result result{};
  result.size = sizeof result;
  result.code = KSAIL_OK;
  result.payload_json = detail::abi_str(payload);
  result.blobs = blobs.data();
  result.blob_count = blobs.size();
  callbacks.done(callbacks.user, &result);
}

/// The last resort, which allocates nothing.
void report_no_memory(const ksail_callbacks &callbacks) noexcept {
  ksail_result result{};
  result.size = sizeof result;
  result.code = KSAIL_RESOURCE_EXHAUSTED;
  result.message = detail::abi_str("no memory to report the outcome");
  callbacks.done(callbacks.user, &result);
}

Error after_cancel(std::uint32_t reason, const std::string &verb) {
  switch (reason) {
  case KSAIL_CANCEL_DEADLINE:
    return Error(Code::deadline_exceeded, verb + " did not end in time");
  case KSAIL_CANCEL_SHUTDOWN:
    return Error(Code::cancelled, verb + " was cancelled: the plugin is shutting down");
  default:
    return Error(Code::cancelled, verb + " was cancelled");
  }
}

} // namespace

Operation::Operation(std::weak_ptr<Runtime> runtime, const ksail_request &request, const ksail_callbacks &callbacks)
    : runtime_(std::move(runtime)), callbacks_(callbacks), body_text_(detail::abi_view(request.body_json)) {
  request_.verb = detail::abi_view(request.verb);
  request_.operation_id = detail::abi_view(request.operation_id);
  detail::abi_blobs(request.blobs, request.blob_count, [this](std::string name, std::string data) {
    request_.blobs.emplace_back(std::move(name), std::move(data));
  });
  constexpr auto longest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max() / 4);
  if (request.timeout_ns != 0 && request.timeout_ns < longest)
    deadline_ = Deadline::after(std::chrono::nanoseconds(request.timeout_ns));
}

ksail_op *Operation::hand_out() {
  hosts_share_ = shared_from_this();
  op_.size = sizeof op_;
  op_.self = this;
  op_.cancel = [](void *self, std::uint32_t reason) noexcept {
    auto *operation = static_cast<Operation *>(self);
    try {
      if (const auto runtime = operation->runtime_.lock())
        runtime->cancel(operation->shared_from_this(), reason ? reason : KSAIL_CANCEL_USER);
    } catch (...) { // no memory to post: cancelling is advisory
    }
  };
  op_.release = [](void *self) noexcept {
    // The last share may go with this line, so nothing follows it.
    std::shared_ptr<Operation> share = std::move(static_cast<Operation *>(self)->hosts_share_);
  };
  return &op_;
}

Result<Request> Operation::take_request() {
  request_.body = json::parse(body_text_.empty() ? "{}" : body_text_, nullptr, false);
  body_text_ = std::string();
  if (request_.body.is_discarded())
    return Error(Code::invalid_argument, request_.verb + ": the request's body is not valid JSON");
  Request request = std::move(request_);
  request_.verb = request.verb; // named in failures
  return request;
}

void Operation::event(const json &event, const std::vector<Blob> &blobs) {
  if (!callbacks_.event || finished_) return;
  const std::string text = text_of(event);
  const auto view = abi_blobs(blobs);
  callbacks_.event(callbacks_.user, detail::abi_str(text), view.data(), view.size());
}

void Operation::emit_cancel(std::uint32_t reason) {
  if (reason_ == 0) reason_ = reason;
  if (running_) signal_.emit(asio::cancellation_type::terminal);
}

void Operation::finish(const Result<Reply> &result) noexcept {
  if (finished_.exchange(true)) return;
  bool called = false;
  const ksail_callbacks callbacks = callbacks_;
  try {
    if (result)
      report(callbacks, *result);
    else
      report(callbacks, result.error());
    called = true;
  } catch (...) {
    // Only what comes before done() allocates; done() itself does not throw.
    if (!called) report_no_memory(callbacks);
  }
}

void Operation::ended(std::exception_ptr thrown, Result<Reply> result) noexcept {
  running_ = false;
  try {
    const auto reason = reason_;
    if (thrown) {
      Error error = detail::error_of(thrown);
      if (error.code == Code::cancelled)
        error = after_cancel(reason, request_.verb);
      else
        error = std::move(error).in(request_.verb);
      finish(error);
    } else if (!result && result.error().code == Code::cancelled && reason == KSAIL_CANCEL_DEADLINE) {
      Error error = result.error();
      error.code = Code::deadline_exceeded;
      finish(error);
    } else {
      finish(result);
    }
  } catch (...) {
    if (!finished_.exchange(true)) report_no_memory(callbacks_);
  }
}

void finish_with(const ksail_callbacks &callbacks, const Error &error) noexcept {
  try {
    report(callbacks, error);
  } catch (...) {
    report_no_memory(callbacks);
  }
}

} // namespace ksail::sdk

// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload_write.hpp"

#include "kubernetes/apply_effect.hpp"
#include "kubernetes/json_field.hpp"
#include "kubernetes/time_text.hpp"
#include "orchestrator/backoff.hpp"
#include "orchestrator/workload_body.hpp"
#include "orchestrator/workload_gone.hpp"
#include "orchestrator/workload_refusal.hpp"

#include <algorithm>
#include <array>

namespace ksail {

using manifests::Object;
using nlohmann::json;

namespace {

std::string effect_word(kubernetes::ApplyEffect effect) {
  switch (effect) {
  case kubernetes::ApplyEffect::created:
    return "created";
  case kubernetes::ApplyEffect::configured:
    return "configured";
  default:
    return "unchanged";
  }
}

/// Runs to its end whatever happens to the caller.
template <class T> asio::awaitable<Result<T>> shielded(asio::awaitable<Result<T>> work) {
  const auto executor = co_await asio::this_coro::executor;
  auto child = std::make_shared<detail::Child<T>>(executor);
  detail::start_child(child, std::move(work));
  while (!child->result)
    co_await detail::wait_shielded(child->wake);
  co_return std::move(*child->result);
}

/// What goes with their deletion is more than the object: nobody means that by changing a field.
bool holds_more_than_itself(const kubernetes::ResourceInfo &info) {
  constexpr std::array<std::string_view, 4> kinds = {"Namespace", "CustomResourceDefinition", "PersistentVolume",
                                                     "PersistentVolumeClaim"};
  return std::find(kinds.begin(), kinds.end(), info.kind) != kinds.end();
}

} // namespace

bool refused_as_immutable(const Error &error) {
  if (error.code != Code::invalid_argument) return false;
  const auto says = [&](std::string_view words) { return error.message.find(words) != std::string::npos; };
  return says("field is immutable") || says("is immutable after creation") || says("updates to statefulset spec") ||
         says("cannot change roleRef") || says("may not change once set") || says("pod updates may not change fields");
}

asio::awaitable<Result<Written>> ObjectWriter::write(const ObjectSet &objects, std::size_t i, RepeatContext context,
                                                     std::function<std::optional<Error>()> turn) {
  co_await asio::this_coro::throw_if_cancelled(false);
  Backoff backoff(random_jitter());
  std::optional<Clock::time_point> first_failure;
  std::string reason; ///< of the latest refusal
  Attempt attempt;
  if (const auto lost = lost_.find(i); lost != lost_.end()) attempt = lost->second;
  for (;;) {
    auto tried = co_await try_once(objects, i, attempt, turn);
    if (tried) co_return std::move(tried);
    Error error = tried.error();
    error.outcome_unknown = attempt.unknown;
    bool interrupted = false;
    if (attempt.sent) {
      // A creation with a generated name is no apply: repeating it could make two objects.
      const bool refused_unheard = error.code == Code::resource_exhausted;
      auto patience = repeat_for(error, context);
      if (attempt.generated && !refused_unheard && (error.outcome_unknown || error.code == Code::unavailable))
        patience = std::chrono::seconds(0);
      if (!first_failure) first_failure = Clock::now();
      const Deadline until = deadline_.min(Deadline(*first_failure + patience));
      error.retryable = patience.count() > 0;
      const auto pause = backoff.next(error, Clock::now(), until);
      bool slept = false;
      if (pause) slept = co_await sleep_for(*pause);
      if (slept) {
        if (!error.outcome_unknown) reason = error.message;
        continue;
      }
      interrupted = pause.has_value();
    }
    // The attempt that the end of the time cut short says nothing about what stood in the way.
    if (deadline_.passed() && error.outcome_unknown && !reason.empty()) error.message += "; before that: " + reason;
    if (attempt.unknown) {
      error.message += interrupted ? "; interrupted before it could be looked at" : "";
      error.hint = attempt.generated ? "it may have been created all the same: look before applying it again"
                                     : "it may have been applied all the same: apply it again to be sure";
    }
    co_return error;
  }
}

asio::awaitable<Result<Written>> ObjectWriter::create(const ObjectSet &objects, std::size_t i,
                                                      std::function<void()> sending) {
  co_await asio::this_coro::throw_if_cancelled(false);
  Attempt attempt;
  attempt.only_create = true;
  const std::function<std::optional<Error>()> turn = [&sending]() -> std::optional<Error> {
    sending();
    return std::nullopt;
  };
  auto tried = co_await try_once(objects, i, attempt, turn);
  attempt.only_create = false;
  if (attempt.unknown) lost_.emplace(i, std::move(attempt));
  co_return std::move(tried);
}

asio::awaitable<Result<Written>> ObjectWriter::try_once(const ObjectSet &objects, std::size_t i, Attempt &attempt,
                                                        const std::function<std::optional<Error>()> &turn) {
  attempt.sent = false;
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  if (cancellation.cancelled() != asio::cancellation_type::none)
    co_return Error(Code::cancelled, "interrupted before its turn came");
  auto slot = co_await pace_.enter();
  if (!slot) co_return slot.error();
  if (auto stop = turn()) co_return *stop;
  auto object = objects.read(i);
  if (!object) co_return object.error();
  attempt.generated = object->name.empty();
  attempt.sent = true;
  const auto sent = Clock::now();
  auto tried = co_await shielded(once(*object, attempt));
  if (!tried) tried = as_shown(*object, tried.error());
  if (!tried && tried.error().outcome_unknown) {
    attempt.unknown = true;
    if (!attempt.lost_at) attempt.lost_at = sent;
  }
  const bool throttled = !tried && tried.error().code == Code::resource_exhausted;
  throttled ? pace_.throttled() : pace_.answered(Clock::now() - sent);
  co_return std::move(tried);
}

asio::awaitable<Result<Written>> ObjectWriter::once(const Object &object, Attempt &attempt) {
  if (!attempt.info) {
    if (const auto own = defined_.find({object.api_version, object.kind}); own != defined_.end()) {
      attempt.info = own->second;
    } else {
      auto found = co_await client_.resource(object.api_version, object.kind, request_deadline());
      if (!found) co_return Error(found.error()).in(object.describe());
      attempt.info = std::move(*found);
    }
    if (attempt.info->namespaced) attempt.ns = object.ns.empty() ? options_.default_namespace : object.ns;
  }
  Written written;
  written.info = *attempt.info;
  written.ns = attempt.ns;
  written.name = object.name;
  if (object.name.empty()) {
    auto created = co_await create_generated(object, std::move(written));
    co_return std::move(created);
  }
  if (attempt.unknown) {
    Result<void> looked = co_await look(object, attempt);
    if (!looked) co_return looked.error();
  }
  auto body = apply_body(object, written.ns, set_);
  if (!body) co_return body.error();
  kubernetes::ApplyOptions how;
  how.field_manager = options_.field_manager;
  how.force = options_.force_conflicts;
  how.dry_run = options_.dry_run;
  how.only_create = attempt.only_create;
  std::string path = kubernetes::Client::object_path(written.info, written.ns, object.name);
  const std::string at = path;
  auto reply = co_await client_.apply(std::move(path), *body, std::move(how), request_deadline());
  if (!reply) {
    Error error = reply.error();
    const bool sent_and_lost = error.code == Code::deadline_exceeded || error.code == Code::unavailable;
    if (error.code == Code::deadline_exceeded && !deadline_.passed()) {
      // No answer within the limit: the connection leads nowhere any more.
      error.code = Code::unavailable;
      error.retryable = error.outcome_unknown = true;
    }
    if (sent_and_lost && deadline_.passed()) error.outcome_unknown = true;
    if (refused_as_immutable(error) && !attempt.only_create) {
      auto replaced = co_await replace(object, std::move(written), std::move(*body), std::move(error));
      co_return std::move(replaced);
    }
    if (error.code == Code::not_found && error.hint.empty() && error.message.find("namespaces \"") != std::string::npos)
      error.hint = "add the Namespace to what is applied, or create it: kubectl create namespace " + written.ns;
    co_return error;
  }
  const bool created = reply->effect == kubernetes::ApplyEffect::created;
  if (!created && !text(field(*reply->object, "metadata"), "deletionTimestamp").empty()) {
    const std::string block = deletion_block(*reply->object);
    co_return Error(Code::failed_precondition,
                    object.describe() + " is being deleted, and what was applied goes with it" +
                        (block.empty() ? "" : ": " + block),
                    "wait until it is gone (`ksail workload wait --for delete`), then apply again");
  }
  written.effect = effect_word(reply->effect);
  if (options_.dry_run && written.effect != "created") {
    auto effect = co_await effect_of_trial(at, *reply->object);
    if (!effect) co_return effect.error();
    written.effect = std::move(*effect);
  }
  if (attempt.lost_effect && written.effect == "unchanged") written.effect = *attempt.lost_effect;
  written.answer = std::move(reply->object);
  co_return std::move(written);
}

asio::awaitable<Result<std::string>> ObjectWriter::effect_of_trial(std::string path, const json &would_be) {
  auto found = co_await client_.get(std::move(path), request_deadline());
  if (!found && found.error().code == Code::not_found) co_return std::string("created");
  if (!found) co_return found.error();
  const auto essence = [](json object) {
    if (object.contains("metadata") && object["metadata"].is_object())
      for (const char *moving : {"managedFields", "resourceVersion"})
        object["metadata"].erase(moving);
    return object;
  };
  co_return std::string(essence(*found) == essence(would_be) ? "unchanged" : "configured");
}

asio::awaitable<Result<void>> ObjectWriter::look(const Object &object, Attempt &attempt) {
  std::string path = kubernetes::Client::object_path(*attempt.info, attempt.ns, object.name);
  auto answer = co_await client_.request("GET", std::move(path), std::string(), std::string(), request_deadline());
  if (!answer && answer.error().code != Code::not_found && answer.error().code != Code::permission_denied) {
    Error error = answer.error();
    error.outcome_unknown = true;
    co_return error;
  }
  if (answer) {
    const json found = json::parse(answer->body, nullptr, false);
    const auto now = kubernetes::parse_http_date(answer->headers.get("Date"));
    const auto ago = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - *attempt.lost_at).count();
    if (now && found.is_object())
      if (const auto effect = kubernetes::effect_of_lost_apply(found, options_.field_manager, *now - ago - 1))
        attempt.lost_effect = effect_word(*effect);
  }
  attempt.unknown = false;
  co_return Result<void>();
}

asio::awaitable<Result<Written>> ObjectWriter::create_generated(const Object &object, Written written) {
  auto body = apply_body(object, written.ns, set_);
  if (!body) co_return body.error();
  std::string path = kubernetes::Client::collection_path(written.info, written.ns) +
                     "?fieldManager=" + http::encode_component(options_.field_manager) + "&fieldValidation=Strict";
  if (options_.dry_run) path += "&dryRun=All";
  auto answer =
      co_await client_.request("POST", std::move(path), std::move(*body), "application/json", request_deadline());
  if (!answer) co_return answer.error();
  written.answer = kubernetes::LateJson(std::move(answer->body));
  written.effect = "created";
  written.name = text(field(*written.answer, "metadata"), "name");
  co_return std::move(written);
}

asio::awaitable<Result<Written>> ObjectWriter::replace(const Object &object, Written written, std::string body,
                                                       Error refused) {
  if (holds_more_than_itself(written.info)) {
    refused.hint = "what it holds would go with it, so it is not replaced: delete it yourself, then apply again";
    co_return refused;
  }
  if (!options_.replace_immutable) {
    refused.hint =
        "--replace-immutable deletes and creates what cannot be changed in place; or correct the manifest (" +
        object.where.describe() + ")";
    co_return refused;
  }
  if (options_.dry_run) {
    written.effect = "replaced";
    co_return std::move(written);
  }
  const Deadline deadline = deadline_;
  const std::string path = kubernetes::Client::object_path(written.info, written.ns, written.name);
  Result<void> removed = co_await client_.remove(path + "?propagationPolicy=Background", deadline);
  // Whether a lost deletion took effect is what the next step finds out.
  if (!removed && removed.error().code != Code::not_found && !removed.error().outcome_unknown)
    co_return Error(removed.error()).in("replacing " + object.describe());
  Result<void> gone = co_await until_gone(written, deadline);
  if (!gone) co_return Error(gone.error()).in("replacing " + object.describe());
  kubernetes::ApplyOptions how;
  how.field_manager = options_.field_manager;
  how.force = options_.force_conflicts;
  auto reply = co_await client_.apply(path, std::move(body), std::move(how), request_deadline());
  if (!reply) {
    Error error = reply.error();
    error.message += "; the old one has been deleted";
    co_return error;
  }
  written.effect = "replaced";
  written.answer = std::move(reply->object);
  co_return std::move(written);
}

/// An object with finalizers, or a Pod that takes its time, is still there after its deletion.
asio::awaitable<Result<void>> ObjectWriter::until_gone(const Written &written, Deadline deadline) {
  struct Seen {
    bool there = false, gone = false;
  };
  auto seen = std::make_shared<Seen>();
  const std::string name = written.name;
  std::function<bool(std::string_view, const json &)> on_state = [seen, name](std::string_view type,
                                                                              const json &object) {
    const bool this_one =
        object.is_object() && object.contains("metadata") && object["metadata"].value("name", "") == name;
    if (this_one) seen->there = type != "DELETED";
    seen->gone = (type == "SYNCED" && !seen->there) || (this_one && type == "DELETED");
    return seen->gone;
  };
  std::string path = kubernetes::Client::collection_path(written.info, written.ns);
  std::string query = "fieldSelector=" + http::encode_component("metadata.name=" + name);
  Result<void> watched = co_await client_.watch(std::move(path), std::move(query), std::move(on_state), deadline);
  if (seen->gone) co_return Result<void>();
  if (watched) co_return Result<void>();
  Error error = watched.error();
  if (error.code == Code::deadline_exceeded)
    error = Error(Code::deadline_exceeded, "the old one was deleted and is still there: a finalizer may hold it",
                  "give it more time with --timeout, or see its metadata.finalizers");
  co_return error;
}

} // namespace ksail

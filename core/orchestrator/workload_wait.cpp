// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload_wait.hpp"

#include "kubernetes/json_field.hpp"
#include "orchestrator/workload_trouble.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace ksail {

using nlohmann::json;

namespace {

constexpr auto poll_interval = std::chrono::seconds(2); // only where watching is forbidden
// Pods that are refused may be admitted when those of the old revision have ended.
constexpr auto refusal_patience = std::chrono::seconds(10);
constexpr std::string_view refused_creations = "fieldSelector=type%3DWarning%2Creason%3DFailedCreate";

std::string key_of(const std::string &ns, const std::string &name) { return ns + "/" + name; }

std::string key_of(const json &object) {
  const auto metadata = object.find("metadata");
  return metadata == object.end() ? "" : key_of(text(*metadata, "namespace"), text(*metadata, "name"));
}

bool runs_pods(const kubernetes::ResourceInfo &info) {
  static constexpr std::array<std::string_view, 7> kinds{
      "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Pod", "ReplicationController"};
  return (info.group.empty() || info.group == "apps" || info.group == "batch") &&
         std::find(kinds.begin(), kinds.end(), info.kind) != kinds.end();
}

constexpr const char *absent = "it does not exist";

std::string seconds_text(std::chrono::nanoseconds d) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(d).count();
  if (seconds < 60) return std::to_string(seconds) + "s";
  return std::to_string(seconds / 60) + "m" + (seconds % 60 ? std::to_string(seconds % 60) + "s" : "");
}

/// One that waits; lives in its coroutine.
struct Waiter {
  explicit Waiter(asio::any_io_executor ex) : woken(std::move(ex)) {}
  std::string key;
  ReadinessHints hints;
  bool has_pods = false;
  Event woken;
  std::optional<ReadinessVerdict> verdict; ///< ready or failed
  std::optional<Error> watch_ended;
  std::string reason = "nothing is known about it yet";
  std::optional<Clock::time_point> refused_since;
  std::optional<PodTrouble> trouble;
  json latest;
};

/// One collection that is watched.
struct Collection {
  std::string path;
  std::string kind;
  bool running = false;
  bool feeds_board = false;
  bool synced = false; ///< the first list is complete
  asio::cancellation_signal stop;
  std::optional<Error> ended;
  std::map<std::string, json> latest; ///< of expected objects
  std::set<Waiter *> waiters;
};

} // namespace

struct ReadinessWatch::State : std::enable_shared_from_this<State> {
  State(kubernetes::Client &c, asio::any_io_executor ex, Deadline d, std::chrono::nanoseconds p)
      : client(c), executor(std::move(ex)), deadline(d), patience(p), refusal_timer(executor) {}

  std::shared_ptr<Collection> collection(const std::string &path, const std::string &kind, std::string query = {});
  bool changed(Collection &from, std::string_view type, const json &object);
  void look(Waiter &waiter, const json &object);
  void look_at_workloads();
  void look_again_after_refusal();
  void ended(Collection &which, Error why);
  void stop();

  kubernetes::Client &client;
  asio::any_io_executor executor;
  Deadline deadline;
  std::chrono::nanoseconds patience;
  std::set<std::string> expected; ///< "Kind ns/name"
  std::map<std::string, std::shared_ptr<Collection>> collections;
  PodBoard board;
  asio::steady_timer refusal_timer;
  bool stopped = false;
};

std::shared_ptr<Collection> ReadinessWatch::State::collection(const std::string &path, const std::string &kind,
                                                              std::string query) {
  auto &entry = collections[path];
  if (entry) return entry;
  entry = std::make_shared<Collection>();
  entry->path = path;
  entry->kind = kind;
  entry->feeds_board = kind == "Pod" || kind == "ReplicaSet" || kind == "Event";
  entry->running = true;
  std::function<bool(std::string_view, const json &)> on_state =
      [self = shared_from_this(), which = entry](std::string_view type, const json &object) {
        return self->changed(*which, type, object);
      };
  auto done = [self = shared_from_this(), which = entry](std::exception_ptr thrown, Result<void> result) {
    which->running = false;
    if (thrown)
      self->ended(*which, Error(Code::cancelled, "the watch was cancelled"));
    else
      self->ended(*which, result ? Error(Code::cancelled, "the watch was stopped") : result.error());
  };
  asio::co_spawn(executor, client.watch(path, std::move(query), std::move(on_state), deadline),
                 asio::bind_cancellation_slot(entry->stop.slot(), std::move(done)));
  return entry;
}

bool ReadinessWatch::State::changed(Collection &from, std::string_view type, const json &object) {
  if (stopped) return true;
  if (type == "SYNCED") {
    from.synced = true;
    for (Waiter *waiter : from.waiters)
      if (waiter->latest.is_null()) waiter->reason = absent;
    return false;
  }
  if (from.kind == "Event" && !from.synced) return false; // what was before we came
  const std::string key = key_of(object);
  if (from.feeds_board) {
    json named; // what a list did not say, or only the remains of an object that is gone
    const json *told = &object;
    if (!object.contains("kind")) {
      named = object;
      named["kind"] = from.kind;
      told = &named;
    }
    if (board.changed(type, *told)) look_at_workloads();
  }
  if (!expected.contains(from.kind + " " + key)) return false;
  if (type == "DELETED")
    from.latest.erase(key);
  else
    from.latest[key] = object;
  for (Waiter *waiter : from.waiters) {
    if (waiter->key != key) continue;
    if (type == "DELETED") {
      waiter->verdict = ReadinessVerdict{Readiness::failed, "it was deleted"};
      waiter->woken.set();
    } else {
      look(*waiter, object);
    }
  }
  return false;
}

void ReadinessWatch::State::look(Waiter &waiter, const json &object) {
  if (waiter.verdict) return;
  waiter.latest = object;
  ReadinessVerdict verdict = assess_readiness(object, waiter.hints);
  if (verdict.state != Readiness::ready && waiter.has_pods) {
    const bool told = verdict.reason.starts_with("PodScheduled"); // the pod's own condition says it already
    const auto trouble = text(object, "kind") == "Pod" ? pod_trouble(object) : board.of(object);
    if (trouble && !told) verdict.reason += (verdict.reason.empty() ? "" : "; ") + trouble->text;
    if (trouble && trouble->lasting) verdict.state = Readiness::failed;
    waiter.trouble = trouble;
    const bool refused = (trouble && trouble->refused) || is_refusal(verdict.reason);
    if (!refused) {
      waiter.refused_since.reset();
    } else if (!waiter.refused_since) {
      waiter.refused_since = Clock::now();
      look_again_after_refusal();
    } else if (Clock::now() - *waiter.refused_since >= refusal_patience) {
      verdict.state = Readiness::failed;
    }
  }
  waiter.reason = verdict.reason;
  if (verdict.state == Readiness::progressing) return;
  waiter.verdict = std::move(verdict);
  waiter.woken.set();
}

void ReadinessWatch::State::look_at_workloads() {
  for (const auto &[path, which] : collections)
    for (Waiter *waiter : which->waiters)
      if (waiter->has_pods && !waiter->latest.is_null()) {
        const json object = waiter->latest;
        look(*waiter, object);
      }
}

void ReadinessWatch::State::look_again_after_refusal() {
  refusal_timer.expires_after(refusal_patience);
  refusal_timer.async_wait([weak = weak_from_this()](boost::system::error_code failed) {
    const auto self = weak.lock();
    if (!failed && self && !self->stopped) self->look_at_workloads();
  });
}

void ReadinessWatch::State::ended(Collection &which, Error why) {
  which.ended = std::move(why);
  for (Waiter *waiter : which.waiters) {
    waiter->watch_ended = which.ended;
    waiter->woken.set();
  }
}

void ReadinessWatch::State::stop() {
  stopped = true;
  refusal_timer.cancel();
  for (const auto &[path, which] : collections)
    if (which->running) which->stop.emit(asio::cancellation_type::terminal);
}

namespace {

/// Takes the waiter out of its collection however its coroutine ends.
class Registration {
public:
  Registration(std::shared_ptr<Collection> collection, Waiter &waiter)
      : collection_(std::move(collection)), waiter_(waiter) {
    collection_->waiters.insert(&waiter_);
  }
  ~Registration() { collection_->waiters.erase(&waiter_); }
  Registration(const Registration &) = delete;
  Registration &operator=(const Registration &) = delete;

private:
  std::shared_ptr<Collection> collection_;
  Waiter &waiter_;
};

struct Warning {
  std::string reason, message;
};

/// The newest warning about the object or its pod; empty when none can be had.
asio::awaitable<Warning> newest_warning(kubernetes::Client &client, std::string ns, std::string name) {
  std::string path = "/api/v1/namespaces/" + http::encode_component(ns) +
                     "/events?fieldSelector=" + http::encode_component("type=Warning,involvedObject.name=" + name) +
                     "&limit=50";
  // The command's own time may be up: what is known is still worth two seconds.
  auto list = co_await client.get(std::move(path), Deadline::after(std::chrono::seconds(2)));
  Warning newest;
  std::string when;
  if (!list || !list->contains("items")) co_return newest;
  for (const auto &event : (*list)["items"]) {
    std::string time = text(event, "lastTimestamp");
    if (time.empty()) time = text(event, "eventTime");
    if (time < when) continue;
    when = time;
    newest.reason = text(event, "reason");
    newest.message = text(event, "message");
  }
  co_return newest;
}

/// The last lines of what a container wrote before it ended, as one line; empty when they cannot be had.
asio::awaitable<std::string> last_log_lines(kubernetes::Client &client, std::string ns, PodTrouble trouble) {
  const std::string path = "/api/v1/namespaces/" + http::encode_component(ns) + "/pods/" +
                           http::encode_component(trouble.pod) +
                           "/log?tailLines=5&limitBytes=4096&container=" + http::encode_component(trouble.container);
  const auto deadline = Deadline::after(std::chrono::seconds(2));
  auto log = co_await client.request("GET", path + "&previous=true", std::string(), std::string(), deadline);
  if (!log) { // it has not been started again yet
    auto current = co_await client.request("GET", path, std::string(), std::string(), deadline);
    log = std::move(current);
  }
  if (!log) co_return std::string();
  std::string lines = log->body;
  while (!lines.empty() && (lines.back() == '\n' || lines.back() == '\r'))
    lines.pop_back();
  std::string out;
  for (const char c : lines)
    out += c == '\n' ? std::string(" | ") : std::string(1, static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
  co_return out;
}

asio::awaitable<Result<ReadinessVerdict>> poll(kubernetes::Client &client, std::string path, Waiter &waiter,
                                               Deadline deadline) {
  for (;;) {
    auto object = co_await client.get(path, deadline);
    if (!object && (object.error().code != Code::unavailable || deadline.passed())) co_return object.error();
    if (object) {
      ReadinessVerdict verdict = assess_readiness(*object, waiter.hints);
      if (verdict.state != Readiness::progressing) co_return verdict;
      waiter.reason = verdict.reason;
    }
    if (deadline.passed()) co_return Error(Code::deadline_exceeded, "the time is up");
    const bool slept = co_await sleep_for(std::min<std::chrono::nanoseconds>(poll_interval, deadline.remaining()));
    if (!slept) co_return Error(Code::cancelled, "cancelled");
  }
}

} // namespace

ReadinessWatch::ReadinessWatch(kubernetes::Client &client, asio::any_io_executor ex, Deadline deadline,
                               std::chrono::nanoseconds patience)
    : state_(std::make_shared<State>(client, std::move(ex), deadline, patience)) {}

ReadinessWatch::~ReadinessWatch() { state_->stop(); }

void ReadinessWatch::expect(const std::string &kind, const std::string &ns, const std::string &name) {
  state_->expected.insert(kind + " " + key_of(ns, name));
}

asio::awaitable<Result<void>> ReadinessWatch::wait(Wanted wanted) {
  const auto state = state_;
  const std::string ns = wanted.info.namespaced ? wanted.ns : "";
  Waiter waiter(state->executor);
  waiter.key = key_of(ns, wanted.name);
  waiter.hints = wanted.hints;
  waiter.has_pods = runs_pods(wanted.info);
  Result<ReadinessVerdict> outcome = Error(Code::unknown, "");
  for (bool wide = wanted.wide || !wanted.info.namespaced;; wide = false) {
    const std::string scope = wide ? "" : ns;
    if (waiter.has_pods && wanted.info.kind != "Pod") {
      kubernetes::ResourceInfo pods{"", "v1", "Pod", "pods", true};
      state->collection(kubernetes::Client::collection_path(pods, scope), "Pod");
      kubernetes::ResourceInfo sets{"apps", "v1", "ReplicaSet", "replicasets", true};
      if (wanted.info.kind == "Deployment")
        state->collection(kubernetes::Client::collection_path(sets, scope), "ReplicaSet");
      kubernetes::ResourceInfo events{"", "v1", "Event", "events", true};
      if (wanted.info.kind != "Deployment") // whose conditions say it
        state->collection(kubernetes::Client::collection_path(events, scope), "Event", std::string(refused_creations));
    }
    const auto collection =
        state->collection(kubernetes::Client::collection_path(wanted.info, scope), wanted.info.kind);
    const Registration registered(collection, waiter);
    if (const auto known = collection->latest.find(waiter.key); known != collection->latest.end()) {
      const json object = known->second;
      state->look(waiter, object);
    } else if (collection->synced) {
      waiter.reason = absent;
    }
    if (collection->ended) waiter.watch_ended = collection->ended;
    if (!waiter.verdict && !waiter.watch_ended) {
      const bool told = co_await waiter.woken.wait();
      if (!told) co_return Error(Code::cancelled, "cancelled while waiting for " + wanted.title);
    }
    if (waiter.verdict) {
      outcome = *waiter.verdict;
      break;
    }
    const Error why = *waiter.watch_ended;
    if (why.code != Code::permission_denied) {
      outcome = why;
      break;
    }
    if (wide && wanted.info.namespaced) { // may not look into every namespace: then only into its own
      waiter.watch_ended.reset();
      waiter.woken = Event(state->executor);
      continue;
    }
    auto polled = co_await poll(state->client, kubernetes::Client::object_path(wanted.info, ns, wanted.name), waiter,
                                state->deadline);
    outcome = std::move(polled);
    break;
  }
  if (outcome && outcome->state == Readiness::ready) co_return Result<void>();
  if (!outcome && outcome.error().code != Code::deadline_exceeded)
    co_return Error(outcome.error()).in("waiting for " + wanted.title);

  const std::string subject = waiter.has_pods ? state->board.pod_of(waiter.latest) : wanted.name;
  std::string why = outcome ? outcome->reason : waiter.reason;
  if (!ns.empty()) {
    const Warning warning = co_await newest_warning(state->client, ns, subject.empty() ? wanted.name : subject);
    if (!warning.message.empty() && why.find(warning.message) == std::string::npos)
      why += " (last event: " + warning.reason + ": " + warning.message + ")";
  }
  if (waiter.trouble && waiter.trouble->crashed) {
    const std::string log = co_await last_log_lines(state->client, ns, *waiter.trouble);
    if (!log.empty()) why += " (last log lines: " + log + ")";
  }
  const std::string look = "kubectl describe " + wanted.info.plural +
                           (wanted.info.group.empty() ? "" : "." + wanted.info.group) +
                           (ns.empty() ? "" : " -n " + ns) + " " + wanted.name;
  if (outcome) co_return Error(Code::failed_precondition, wanted.title + " will not become ready: " + why, look);
  co_return Error(Code::deadline_exceeded,
                  wanted.title + " is not ready after " + seconds_text(state->patience) + ": " + why, look);
}

} // namespace ksail

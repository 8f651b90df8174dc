// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload_gone.hpp"

#include "kubernetes/json_field.hpp"
#include "orchestrator/backoff.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include <nlohmann/json.hpp>

#include <map>
#include <optional>
#include <set>
#include <vector>

namespace ksail {

using nlohmann::json;

namespace {

void add(std::string &out, const std::string &more) {
  if (!more.empty()) out += (out.empty() ? "" : "; ") + more;
}

std::string finalizer_reason(const std::string &finalizer, const json &object) {
  if (finalizer == "kubernetes.io/pvc-protection") return "a pod still uses it";
  if (finalizer == "kubernetes.io/pv-protection") {
    const json &claim = field(field(object, "spec"), "claimRef");
    const std::string name = text(claim, "name");
    return name.empty() ? "a claim is still bound to it"
                        : "the claim " + text(claim, "namespace") + "/" + name + " is still bound to it";
  }
  if (finalizer == "customresourcecleanup.apiextensions.k8s.io") return "objects of its kind are still there";
  if (finalizer == "foregroundDeletion") return "objects that it owns are still being deleted";
  if (finalizer == "orphan") return "its dependants are still being let go";
  if (finalizer == "kubernetes") return "it still has contents";
  return "its finalizer " + finalizer + " has not been removed";
}

std::string namespace_block(const json &object) {
  std::string out;
  for (const auto &condition : field(field(object, "status"), "conditions")) {
    const std::string type = text(condition, "type");
    const bool tells = type == "NamespaceContentRemaining" || type == "NamespaceFinalizersRemaining" ||
                       type == "NamespaceDeletionDiscoveryFailure" || type == "NamespaceDeletionContentFailure" ||
                       type == "NamespaceDeletionGroupVersionParsingFailure";
    if (tells && text(condition, "status") == "True") add(out, text(condition, "message"));
  }
  return out;
}

} // namespace

std::string deletion_block(const json &object) {
  const json &metadata = field(object, "metadata");
  std::string out;
  if (text(object, "kind") == "Namespace") out = namespace_block(object);
  const json &finalizers = field(metadata, "finalizers");
  if (finalizers.is_array())
    for (const auto &finalizer : finalizers)
      if (finalizer.is_string()) add(out, finalizer_reason(finalizer.get<std::string>(), object));
  if (out.empty() && text(object, "kind") == "Namespace" && !field(field(object, "spec"), "finalizers").empty())
    out = "its contents are still being deleted";
  if (out.empty() && text(object, "kind") == "Pod") {
    const json &grace = field(metadata, "deletionGracePeriodSeconds");
    out = "its containers have not ended yet";
    if (grace.is_number_integer()) out += " (they have " + std::to_string(grace.get<std::int64_t>()) + "s)";
    const std::string node = text(field(object, "spec"), "nodeName");
    if (!node.empty()) out += "; node " + node + " has to report it";
  }
  return out;
}

namespace {

/// Names of the first few items that `wanted` takes.
template <class Wanted> std::string some_of(const json &list, Wanted wanted) {
  std::string out;
  std::size_t count = 0;
  for (const auto &item : field(list, "items")) {
    std::string said = wanted(item);
    if (said.empty()) continue;
    if (++count <= 3) out += (out.empty() ? "" : ", ") + said;
  }
  if (count > 3) out += " and " + std::to_string(count - 3) + " more";
  return out;
}

std::string full_name(const json &item) {
  const json &metadata = field(item, "metadata");
  const std::string ns = text(metadata, "namespace");
  return (ns.empty() ? "" : ns + "/") + text(metadata, "name");
}

std::string user_of_claim(const json &pod, const std::string &claim) {
  for (const auto &volume : field(field(pod, "spec"), "volumes"))
    if (text(field(volume, "persistentVolumeClaim"), "claimName") == claim) return full_name(pod);
  return {};
}

std::string with_finalizers(const json &item) {
  std::string names;
  for (const auto &finalizer : field(field(item, "metadata"), "finalizers"))
    if (finalizer.is_string()) names += (names.empty() ? "" : ", ") + finalizer.get<std::string>();
  return full_name(item) + (names.empty() ? "" : " (finalizer " + names + ")");
}

} // namespace

asio::awaitable<std::string> explain_deletion_block(kubernetes::Client &client, WorkloadTarget target, json object) {
  std::string block = deletion_block(object);
  // The command's own time may be up: what is known is still worth two seconds.
  const auto deadline = Deadline::after(std::chrono::seconds(2));
  if (target.info.kind == "PersistentVolumeClaim") {
    auto pods =
        co_await client.get("/api/v1/namespaces/" + http::encode_component(target.ns) + "/pods?limit=500", deadline);
    if (pods) {
      const auto users = some_of(*pods, [&](const json &pod) { return user_of_claim(pod, target.name); });
      if (!users.empty()) block += " (pod " + users + ")";
    }
  }
  if (target.info.kind == "CustomResourceDefinition") {
    const json &spec = field(object, "spec");
    std::string version;
    for (const auto &each : field(spec, "versions"))
      if (const json &served = field(each, "served"); served.is_boolean() && served.get<bool>())
        version = text(each, "name");
    kubernetes::ResourceInfo info;
    info.group = text(spec, "group");
    info.version = version;
    info.plural = text(field(spec, "names"), "plural");
    auto left = co_await client.get(kubernetes::Client::collection_path(info, "") + "?limit=50", deadline);
    if (left) {
      const auto names = some_of(*left, [](const json &item) { return with_finalizers(item); });
      if (!names.empty()) block += ": " + names;
    }
  }
  co_return block;
}

namespace {

struct Waiter {
  Waiter(asio::any_io_executor ex, std::string k) : key(std::move(k)), woken(std::move(ex)) {}
  std::string key;
  Event woken;
};

struct Collection {
  bool running = false;
  bool synced = false;
  asio::cancellation_signal stop;
  std::optional<Error> ended;
  std::map<std::string, std::string> uids; ///< of what is there, by namespace and name
  std::set<Waiter *> waiters;
};

std::string key_of(const json &object) {
  const json &metadata = field(object, "metadata");
  return text(metadata, "namespace") + "/" + text(metadata, "name");
}

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

} // namespace

struct GoneWatch::State : std::enable_shared_from_this<State> {
  State(kubernetes::Client &c, asio::any_io_executor ex, Deadline d)
      : client(c), executor(std::move(ex)), deadline(d) {}

  std::shared_ptr<Collection> collection(const std::string &path);
  bool changed(Collection &from, std::string_view type, const json &object);
  static void wake(Collection &which, const std::string *key);

  kubernetes::Client &client;
  asio::any_io_executor executor;
  Deadline deadline;
  std::map<std::string, std::shared_ptr<Collection>> collections;
  bool stopped = false;
};

void GoneWatch::State::wake(Collection &which, const std::string *key) {
  for (Waiter *waiter : which.waiters)
    if (!key || waiter->key == *key) waiter->woken.set();
}

bool GoneWatch::State::changed(Collection &from, std::string_view type, const json &object) {
  if (stopped) return true;
  if (type == "SYNCED") {
    from.synced = true;
    wake(from, nullptr);
    return false;
  }
  const std::string key = key_of(object);
  const std::string uid = text(field(object, "metadata"), "uid");
  std::string &known = from.uids[key];
  const bool another = !known.empty() && known != uid;
  known = uid;
  if (type == "DELETED") from.uids.erase(key);
  if (type == "DELETED" || another) wake(from, &key);
  return false;
}

std::shared_ptr<Collection> GoneWatch::State::collection(const std::string &path) {
  auto &entry = collections[path];
  if (entry) return entry;
  entry = std::make_shared<Collection>();
  entry->running = true;
  std::function<bool(std::string_view, const json &)> on_state =
      [self = shared_from_this(), which = entry](std::string_view type, const json &object) {
        return self->changed(*which, type, object);
      };
  auto done = [which = entry](std::exception_ptr thrown, Result<void> result) {
    which->running = false;
    which->ended = thrown || result ? Error(Code::cancelled, "the watch was stopped") : result.error();
    wake(*which, nullptr);
  };
  asio::co_spawn(executor, client.watch(path, "", std::move(on_state), deadline),
                 asio::bind_cancellation_slot(entry->stop.slot(), std::move(done)));
  return entry;
}

GoneWatch::GoneWatch(kubernetes::Client &client, asio::any_io_executor ex, Deadline deadline)
    : state_(std::make_shared<State>(client, std::move(ex), deadline)) {}

GoneWatch::~GoneWatch() {
  state_->stopped = true;
  for (const auto &[path, which] : state_->collections)
    if (which->running) which->stop.emit(asio::cancellation_type::terminal);
}

asio::awaitable<Result<void>> GoneWatch::wait(WorkloadTarget target, std::string uid) {
  const auto state = state_;
  const auto collection = state->collection(target.collection());
  Waiter waiter(state->executor, target.ns + "/" + target.name);
  const Registration registered(collection, waiter);
  Backoff backoff(random_jitter());
  json latest;
  for (;;) {
    // The watch says when to look, the object itself says whether it is gone: a watch may lag behind a deletion.
    auto object = co_await state->client.get(target.path(), state->deadline);
    if (!object && object.error().code == Code::not_found) co_return Result<void>();
    if (!object && object.error().code == Code::cancelled) co_return object.error();
    if (object) {
      const std::string now = text(field(*object, "metadata"), "uid");
      if (!uid.empty() && now != uid) co_return Result<void>();
      latest = std::move(*object);
    } else if (object.error().code != Code::unavailable && object.error().code != Code::deadline_exceeded) {
      co_return Error(object.error()).in("waiting until " + target.title + " is gone");
    }
    if (state->deadline.passed()) break;
    if (collection->ended) { // may not watch, or the server is away: then by asking
      const Error ask_again = Error(Code::unavailable, "").retry();
      const auto pause = backoff.next(ask_again, Clock::now(), Deadline::never());
      const bool slept = co_await sleep_for(std::min<std::chrono::nanoseconds>(*pause, state->deadline.remaining()));
      if (!slept) co_return Error(Code::cancelled, "cancelled while waiting until " + target.title + " is gone");
      continue;
    }
    const bool told = co_await waiter.woken.wait();
    if (!told) co_return Error(Code::cancelled, "cancelled while waiting until " + target.title + " is gone");
    waiter.woken = Event(state->executor);
  }
  const std::string block = co_await explain_deletion_block(state->client, target, latest);
  std::string hint = "kubectl get " + target.kubectl_words() + " -o yaml";
  if (block.find("finalizer") != std::string::npos)
    hint = "a finalizer is removed by the controller that put it there: is it running? " + hint;
  co_return Error(Code::deadline_exceeded,
                  target.title + " is deleted but still there: " + (block.empty() ? "nothing says why" : block),
                  std::move(hint));
}

} // namespace ksail

// SPDX-License-Identifier: Apache-2.0
// List and watch: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
#include "kubernetes/api_error.hpp"
#include "kubernetes/client_impl.hpp"

#include <algorithm>

namespace ksail::kubernetes {

using nlohmann::json;

namespace {

constexpr auto first_list_patience = std::chrono::seconds(10);
// The server sends a bookmark about every minute: a stream silent for this long has lost its other end.
constexpr auto longest_silence = std::chrono::seconds(150);
constexpr std::string_view watch_query = "watch=1&allowWatchBookmarks=true&timeoutSeconds=300";

std::string key_of(const json &object) {
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return {};
  return metadata->value("namespace", "") + "/" + metadata->value("name", "");
}

std::string version_of(const json &object) {
  const auto metadata = object.find("metadata");
  return metadata == object.end() || !metadata->is_object() ? "" : metadata->value("resourceVersion", "");
}

/// Enough of an object to say that it is gone.
json remains(const json &object) {
  json metadata = json::object();
  for (const char *field : {"name", "namespace", "uid"})
    if (const auto found = object.at("metadata").find(field); found != object.at("metadata").end())
      metadata[field] = *found;
  json out = json::object();
  out["metadata"] = std::move(metadata);
  return out;
}

/// Items of a list do not say what they are; the list does.
void name_kind(json &item, const json &list) {
  if (!item.is_object() || item.contains("kind")) return;
  const std::string kind = list.value("kind", "");
  if (kind.ends_with("List")) item["kind"] = kind.substr(0, kind.size() - 4);
  if (list.contains("apiVersion")) item["apiVersion"] = list["apiVersion"];
}

} // namespace

/// What has been told to the caller, and from where to go on.
class WatchState {
public:
  explicit WatchState(std::function<bool(std::string_view, const json &)> on_state) : on_state_(std::move(on_state)) {}

  std::string version;
  bool synced = false;

  bool changed(std::string_view type, const json &object) {
    if (std::string seen = version_of(object); !seen.empty()) version = std::move(seen);
    if (type == "BOOKMARK") return false;
    const std::string key = key_of(object);
    if (type == "DELETED")
      known_.erase(key);
    else
      known_[key] = remains(object);
    return on_state_(type, object);
  }

  /// A whole list: the first is told as additions and SYNCED, a later one as what differs.
  bool listed(std::vector<json> objects, std::string list_version) {
    std::map<std::string, json> now;
    bool done = false;
    for (const auto &object : objects) {
      const std::string key = key_of(object);
      const bool was = known_.erase(key) > 0;
      now[key] = remains(object);
      done = done || on_state_(was ? "MODIFIED" : "ADDED", object);
    }
    for (const auto &[key, gone] : known_)
      done = done || on_state_("DELETED", gone);
    known_ = std::move(now);
    version = std::move(list_version);
    if (!synced && !done) done = on_state_("SYNCED", json::object());
    synced = true;
    return done;
  }

private:
  std::function<bool(std::string_view, const json &)> on_state_;
  std::map<std::string, json> known_;
};

/// 50 ms, doubling to 5 s; starts over when something came.
class WatchPause {
public:
  std::chrono::milliseconds next() {
    const auto now = pause_;
    pause_ = std::min(pause_ * 2, std::chrono::milliseconds(5000));
    return now;
  }
  void reset() { pause_ = std::chrono::milliseconds(50); }

private:
  std::chrono::milliseconds pause_{50};
};

namespace {

/// One line of a watch.
Result<WatchEnd> take_line(const std::string &attempt, const std::string &line, WatchState &state) {
  if (line.empty()) return WatchEnd::resume;
  const json event = json::parse(line, nullptr, false);
  if (!event.is_object() || !event.contains("object"))
    return Error(Code::unavailable, attempt + ": the stream was cut").retry();
  const std::string type = event.value("type", "");
  const json &object = event["object"];
  if (type == "ERROR") {
    const int code = object.is_object() ? object.value("code", 500) : 500;
    if (code == 410) return WatchEnd::list_again;
    return status_error(attempt, code, object);
  }
  return state.changed(type, object) ? WatchEnd::done : WatchEnd::resume;
}

} // namespace

struct Client::Impl::Listing {
  std::vector<json> objects;
  std::string version;
};

asio::awaitable<Result<Client::Impl::Listing>> Client::Impl::list(Self self, std::string path, std::string query,
                                                                  Deadline deadline) {
  Listing listing;
  std::string next;
  for (;;) {
    std::string page = with_query(with_query(path, query), "limit=500");
    if (!next.empty()) page += "&continue=" + http::encode_component(next);
    auto answer = co_await json_request(self, "GET", std::move(page), std::string(), std::string(), deadline);
    if (!answer && answer.error().code == Code::out_of_range && !next.empty()) {
      listing = Listing(); // the pages' snapshot is gone: from the start
      next.clear();
      continue;
    }
    if (!answer) co_return answer.error();
    if (auto items = answer->find("items"); items != answer->end() && items->is_array())
      for (auto &item : *items) {
        name_kind(item, *answer);
        if (item.is_object() && item.contains("metadata")) listing.objects.push_back(std::move(item));
      }
    listing.version = version_of(*answer);
    const auto metadata = answer->find("metadata");
    next = metadata != answer->end() && metadata->is_object() ? metadata->value("continue", "") : "";
    if (next.empty()) co_return std::move(listing);
  }
}

asio::awaitable<Result<void>> Client::Impl::watch(Self self, std::string path, std::string query, OnState on_state,
                                                  Deadline deadline) {
  const std::string attempt = describe_request("GET", with_query(path, "watch=1"));
  WatchState state(std::move(on_state));
  const auto patience = Deadline::after(first_list_patience);
  WatchPause pause;
  bool list_needed = true;
  for (;;) {
    std::optional<Error> failed;
    if (list_needed) {
      auto listing = co_await list(self, path, query, deadline);
      if (listing) {
        list_needed = false;
        pause.reset();
        if (state.listed(std::move(listing->objects), std::move(listing->version))) co_return Result<void>();
      } else {
        failed = listing.error();
        const bool hopeless = !failed->retryable || (!state.synced && patience.passed());
        if (hopeless && !deadline.passed()) co_return *failed;
      }
    }
    if (!list_needed) {
      std::string target = with_query(with_query(path, query), watch_query);
      target += "&resourceVersion=" + http::encode_component(state.version);
      auto ended = co_await follow(self, std::move(target), attempt, state, pause, deadline);
      if (ended && *ended == WatchEnd::done) co_return Result<void>();
      if (ended && *ended == WatchEnd::list_again) list_needed = true;
      if (!ended) {
        failed = ended.error();
        if (failed->code == Code::out_of_range) list_needed = true;
        const bool passing = failed->retryable || list_needed || failed->code == Code::unavailable ||
                             failed->code == Code::deadline_exceeded || failed->code == Code::internal;
        if (!passing) co_return *failed;
      }
    }
    if (deadline.passed())
      co_return Error(Code::deadline_exceeded,
                      attempt + ": the time is up" + (failed ? " (" + failed->message + ")" : std::string()));
    auto wait = pause.next();
    if (failed) wait = std::max(wait, failed->retry_after);
    const bool slept = co_await sleep_for(std::min<std::chrono::nanoseconds>(wait, deadline.remaining()));
    if (!slept) co_return Error(Code::cancelled, "cancelled while " + attempt);
  }
}

asio::awaitable<Result<WatchEnd>> Client::Impl::follow(Self self, std::string target, std::string attempt,
                                                       WatchState &state, WatchPause &pause, Deadline deadline) {
  http::Request request = self->prepared("GET", target, std::string(), std::string());
  auto stream = co_await open(self, std::move(request), deadline.min(Deadline::after(std::chrono::seconds(30))));
  if (!stream) co_return stream.error();
  if ((*stream)->head().status >= 400) {
    http::Response refused = (*stream)->head();
    for (;;) {
      auto piece = co_await (*stream)->read_some(deadline.min(Deadline::after(std::chrono::seconds(5))));
      if (!piece || piece->empty() || refused.body.size() > 65536) break;
      refused.body += *piece;
    }
    co_return api_error(attempt, refused);
  }
  for (;;) {
    auto line = co_await (*stream)->read_line(deadline.min(Deadline::after(longest_silence)));
    if (!line) co_return line.error();
    if (!*line) co_return WatchEnd::resume; // the server ends a watch after a while
    auto taken = take_line(attempt, **line, state);
    if (!taken) co_return taken.error();
    if (*taken != WatchEnd::resume) co_return *taken;
    pause.reset();
  }
}

} // namespace ksail::kubernetes

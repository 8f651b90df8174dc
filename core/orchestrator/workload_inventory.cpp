// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload_inventory.hpp"

#include "kubernetes/json_field.hpp"
#include "kubernetes/known_kinds.hpp"
#include "orchestrator/workload_target.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <optional>

namespace ksail {

using kubernetes::ApplySetContents;
using kubernetes::GroupKind;
using kubernetes::ResourceInfo;
using nlohmann::json;

namespace {

Error about(const kubernetes::ApplySetParent &parent, Error error) {
  return std::move(error).in("the inventory " + parent.describe());
}

} // namespace

WorkloadInventory::WorkloadInventory(kubernetes::Client &client, kubernetes::ApplySetParent parent, std::string tool)
    : client_(client), parent_(std::move(parent)), tool_(std::move(tool)) {}

asio::awaitable<Result<void>> WorkloadInventory::open(Deadline deadline) {
  auto answer = co_await request_patiently(client_, "GET", parent_.path(), std::string(), std::string(), deadline);
  if (!answer && answer.error().code == Code::not_found) co_return Result<void>();
  if (!answer) co_return about(parent_, answer.error());
  const json object = json::parse(answer->body, nullptr, false);
  auto contents = kubernetes::apply_set_contents(object, parent_, tool_.substr(0, tool_.find('/')));
  if (!contents) co_return contents.error();
  contents_ = std::move(*contents);
  exists_ = true;
  co_return Result<void>();
}

asio::awaitable<Result<void>> WorkloadInventory::write(ApplySetContents contents, Deadline deadline) {
  std::string body = kubernetes::apply_set_object(parent_, contents, tool_).dump();
  // The same fields by the same owner: it may be sent again whatever became of it before.
  std::string path = parent_.path() + "?fieldManager=ksail-applyset&force=true";
  auto answer = co_await request_patiently(client_, "PATCH", std::move(path), std::move(body),
                                           "application/apply-patch+yaml", deadline);
  if (!answer) {
    Error error = about(parent_, answer.error());
    if (error.code == Code::not_found)
      error.hint = "its namespace has to exist: `kubectl create namespace " + parent_.ns + "`";
    co_return error;
  }
  contents_ = std::move(contents);
  exists_ = true;
  co_return Result<void>();
}

asio::awaitable<Result<void>> WorkloadInventory::announce(ApplySetContents now, Deadline deadline) {
  ApplySetContents all = contents_;
  all.add(now);
  all.namespaces.insert(parent_.ns);
  if (exists_ && all == contents_) co_return Result<void>();
  Result<void> written = co_await write(std::move(all), deadline);
  co_return written;
}

asio::awaitable<Result<void>> WorkloadInventory::settle(ApplySetContents now, Deadline deadline) {
  now.namespaces.insert(parent_.ns);
  if (exists_ && now == contents_) co_return Result<void>();
  Result<void> written = co_await write(std::move(now), deadline);
  co_return written;
}

asio::awaitable<Result<std::vector<ResourceInfo>>> WorkloadInventory::place_of(GroupKind kind, Deadline deadline) {
  if (auto known = kubernetes::known_kind_of_group(kind.group, kind.kind))
    co_return std::vector<ResourceInfo>{std::move(*known)};
  std::vector<ResourceInfo> nowhere;
  auto answer =
      co_await request_patiently(client_, "GET", "/apis/" + kind.group, std::string(), std::string(), deadline);
  if (!answer && answer.error().code == Code::not_found) co_return std::move(nowhere);
  if (!answer) co_return answer.error();
  const json group = json::parse(answer->body, nullptr, false);
  std::vector<std::string> versions;
  if (group.is_object() && group.contains("preferredVersion"))
    versions.push_back(text(group["preferredVersion"], "groupVersion"));
  if (group.is_object() && group.contains("versions") && group["versions"].is_array())
    for (const auto &version : group["versions"])
      versions.push_back(text(version, "groupVersion"));
  for (const auto &version : versions) {
    auto found = co_await client_.resource(version, kind.kind, deadline);
    if (found) {
      nowhere.push_back(std::move(*found));
      break;
    }
    if (found.error().code != Code::not_found) co_return found.error();
  }
  co_return std::move(nowhere);
}

asio::awaitable<Result<void>> WorkloadInventory::collect(ResourceInfo info, std::string ns,
                                                         const std::set<std::string> &wanted,
                                                         std::vector<Leftover> &into, Deadline deadline) {
  const std::string base = kubernetes::Client::collection_path(info, ns) + "?limit=500&labelSelector=" +
                           http::encode_component(std::string(kubernetes::apply_set_member_label) + "=" + parent_.id());
  std::vector<Leftover> found;
  std::string next;
  for (;;) {
    std::string path = base + (next.empty() ? "" : "&continue=" + http::encode_component(next));
    auto answer = co_await request_patiently(client_, "GET", std::move(path), std::string(), std::string(), deadline);
    if (!answer && answer.error().code == Code::not_found)
      co_return Result<void>(); // the kind went with its definition
    if (!answer && answer.error().code == Code::out_of_range && !next.empty()) {
      next.clear(); // the pages are too old: from the beginning
      found.clear();
      continue;
    }
    if (!answer) co_return answer.error();
    const json list = json::parse(answer->body, nullptr, false);
    if (!list.is_object() || !list.contains("items") || !list["items"].is_array())
      co_return Error(Code::internal, "reading the " + info.plural + " of an inventory: the answer is no list");
    for (const auto &item : list["items"]) {
      if (!item.is_object() || !item.contains("metadata")) continue;
      Leftover leftover;
      leftover.uid = text(item["metadata"], "uid");
      if (wanted.contains(leftover.uid)) continue;
      leftover.object.api_version = (info.group.empty() ? "" : info.group + "/") + info.version;
      leftover.object.kind = info.kind;
      leftover.object.ns = text(item["metadata"], "namespace");
      leftover.object.name = text(item["metadata"], "name");
      leftover.kept = kubernetes::apply_set_keeps(item);
      found.push_back(std::move(leftover));
    }
    next = list.contains("metadata") ? text(list["metadata"], "continue") : "";
    if (next.empty()) break;
  }
  for (auto &leftover : found)
    into.push_back(std::move(leftover));
  co_return Result<void>();
}

asio::awaitable<Result<std::vector<WorkloadInventory::Leftover>>>
WorkloadInventory::leftovers(std::set<std::string> wanted, std::size_t concurrency, Deadline deadline) {
  std::vector<Leftover> all;
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  const auto look_in = [&](ResourceInfo info, std::string ns) {
    work.push_back([this, info = std::move(info), ns = std::move(ns), &wanted, &all, deadline] {
      return collect(info, ns, wanted, all, deadline);
    });
  };
  for (const auto &kind : contents_.kinds) {
    auto places = co_await place_of(kind, deadline);
    if (!places) co_return about(parent_, places.error());
    for (const auto &info : *places) {
      if (!info.namespaced) look_in(info, "");
      for (const auto &ns : contents_.namespaces)
        if (info.namespaced) look_in(info, ns);
    }
  }
  ForEachOptions options;
  options.limit = concurrency;
  Result<void> done = co_await run_all(std::move(work), options);
  if (!done) co_return about(parent_, done.error());
  co_return std::move(all);
}

ApplySetContents contents_of(const ObjectSet &objects,
                             const std::map<std::pair<std::string, std::string>, ResourceInfo> &defined,
                             const std::string &default_namespace) {
  ApplySetContents all;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const manifests::Object object = objects.head(i);
    all.kinds.insert({object.group(), object.kind});
    const auto own = defined.find({object.api_version, object.kind});
    const auto known =
        own != defined.end() ? std::optional(own->second) : kubernetes::known_kind(object.api_version, object.kind);
    if (!known || known->namespaced) all.namespaces.insert(object.ns.empty() ? default_namespace : object.ns);
  }
  return all;
}

} // namespace ksail

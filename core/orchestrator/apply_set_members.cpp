// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/apply_set_members.hpp"

#include "kubernetes/json_field.hpp"
#include "kubernetes/known_kinds.hpp"
#include "orchestrator/workload_target.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <set>
#include <vector>

namespace ksail {

using kubernetes::GroupKind;
using kubernetes::ResourceInfo;
using nlohmann::json;

namespace {

/// Nothing when the server does not know the kind (any more).
asio::awaitable<Result<std::vector<ResourceInfo>>> place_of(kubernetes::Client &client, GroupKind kind,
                                                            Deadline deadline) {
  if (auto known = kubernetes::known_kind_of_group(kind.group, kind.kind))
    co_return std::vector<ResourceInfo>{std::move(*known)};
  std::vector<ResourceInfo> nowhere;
  auto answer =
      co_await request_patiently(client, "GET", "/apis/" + kind.group, std::string(), std::string(), deadline);
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
    auto found = co_await client.resource(version, kind.kind, deadline);
    if (found) {
      nowhere.push_back(std::move(*found));
      break;
    }
    if (found.error().code != Code::not_found) co_return found.error();
  }
  co_return std::move(nowhere);
}

asio::awaitable<Result<void>> list(kubernetes::Client &client, ResourceInfo info, std::string ns, std::string selector,
                                   const MemberSink &found, Deadline deadline) {
  const std::string base =
      kubernetes::Client::collection_path(info, ns) + "?limit=500&labelSelector=" + http::encode_component(selector);
  std::set<std::string> seen;
  std::string next;
  for (;;) {
    std::string path = base + (next.empty() ? "" : "&continue=" + http::encode_component(next));
    auto answer = co_await request_patiently(client, "GET", std::move(path), std::string(), std::string(), deadline);
    if (!answer && answer.error().code == Code::not_found)
      co_return Result<void>(); // the kind went with its definition
    if (!answer && answer.error().code == Code::out_of_range && !next.empty()) {
      next.clear(); // the pages are too old: from the beginning
      continue;
    }
    if (!answer) co_return answer.error();
    const json list = json::parse(answer->body, nullptr, false);
    if (!list.is_object() || !list.contains("items") || !list["items"].is_array())
      co_return Error(Code::internal, "reading the " + info.plural + " of an inventory: the answer is no list");
    for (const auto &item : list["items"])
      if (item.is_object() && item.contains("metadata") && seen.insert(text(item["metadata"], "uid")).second)
        found(info, item);
    next = list.contains("metadata") ? text(list["metadata"], "continue") : "";
    if (next.empty()) co_return Result<void>();
  }
}

} // namespace

asio::awaitable<Result<void>> find_members(kubernetes::Client &client, kubernetes::ApplySetContents where,
                                           std::string selector, MemberSink found, std::size_t concurrency,
                                           Deadline deadline) {
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  const auto look_in = [&](ResourceInfo info, std::string ns) {
    work.push_back([&client, &selector, &found, info = std::move(info), ns = std::move(ns), deadline] {
      return list(client, info, ns, selector, found, deadline);
    });
  };
  for (const auto &kind : where.kinds) {
    auto places = co_await place_of(client, kind, deadline);
    if (!places) co_return places.error();
    for (const auto &info : *places) {
      if (!info.namespaced) look_in(info, "");
      for (const auto &ns : where.namespaces)
        if (info.namespaced) look_in(info, ns);
    }
  }
  ForEachOptions options;
  options.limit = concurrency;
  options.stop_on_failure = false;
  Result<void> done = co_await run_all(std::move(work), options);
  co_return done;
}

} // namespace ksail

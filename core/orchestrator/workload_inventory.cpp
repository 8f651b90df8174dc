// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload_inventory.hpp"

#include "kubernetes/json_field.hpp"
#include "kubernetes/known_kinds.hpp"
#include "orchestrator/apply_set_members.hpp"
#include "orchestrator/workload_target.hpp"

#include <nlohmann/json.hpp>

#include <optional>

namespace ksail {

using kubernetes::ApplySetContents;
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

asio::awaitable<Result<std::vector<WorkloadInventory::Leftover>>>
WorkloadInventory::leftovers(std::set<std::string> wanted, std::size_t concurrency, Deadline deadline) {
  std::vector<Leftover> all;
  MemberSink member = [&](const ResourceInfo &info, const json &item) {
    const json &metadata = item["metadata"];
    Leftover leftover;
    leftover.uid = text(metadata, "uid");
    if (wanted.contains(leftover.uid)) return;
    leftover.object.api_version = (info.group.empty() ? "" : info.group + "/") + info.version;
    leftover.object.kind = info.kind;
    leftover.object.ns = text(metadata, "namespace");
    leftover.object.name = text(metadata, "name");
    leftover.kept = kubernetes::apply_set_keeps(item);
    all.push_back(std::move(leftover));
  };
  Result<void> done =
      co_await find_members(client_, contents_, std::string(kubernetes::apply_set_member_label) + "=" + parent_.id(),
                            member, concurrency, deadline);
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

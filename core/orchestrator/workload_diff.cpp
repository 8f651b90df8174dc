// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload_diff.hpp"

#include "kubernetes/apply_effect.hpp"
#include "kubernetes/json_text.hpp"
#include "kubernetes/object_difference.hpp"
#include "orchestrator/workload_body.hpp"
#include "orchestrator/workload_refusal.hpp"
#include "orchestrator/workload_target.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <set>

namespace ksail {

using manifests::Object;
using nlohmann::json;

namespace {

constexpr int most_looks = 4; ///< at an object that does not stand still

/// One call of diff_objects().
class DiffRun {
public:
  DiffRun(kubernetes::Client &client, std::vector<Object> objects, WorkloadDiffOptions options)
      : client_(client), objects_(std::move(objects)), options_(std::move(options)),
        deadline_(Deadline::after(options_.timeout)), differences_(objects_.size()) {
    if (options_.default_namespace.empty()) options_.default_namespace = client_.access().default_namespace;
    for (const auto &object : objects_) {
      if (object.kind == "Namespace" && object.api_version == "v1") new_namespaces_.insert(object.name);
      if (object.kind == "CustomResourceDefinition") defines_kinds_ = true;
    }
  }

  asio::awaitable<Result<std::vector<ObjectDifference>>> run();

private:
  asio::awaitable<Result<void>> one(std::size_t i);
  asio::awaitable<Result<void>> compare(const Object &object, ObjectDifference &difference);
  /// What is there and what would be, without `difference.text`.
  asio::awaitable<Result<void>> look(const Object &object, ObjectDifference &difference, json &live, json &merged);
  asio::awaitable<Result<json>> live_state(std::string path);
  asio::awaitable<Result<json>> merged_state(const Object &object, WorkloadTarget target);
  /// Why the server may not know what the manifest needs, when the set brings it; else empty.
  std::string excuse(const Error &error, const std::string &ns) const;

  kubernetes::Client &client_;
  std::vector<Object> objects_;
  WorkloadDiffOptions options_;
  Deadline deadline_;
  std::vector<ObjectDifference> differences_;
  std::set<std::string> new_namespaces_;
  bool defines_kinds_ = false;
};

bool mentions(const Error &error, std::string_view words) { return error.message.find(words) != std::string::npos; }

std::string DiffRun::excuse(const Error &error, const std::string &ns) const {
  if (error.code != Code::not_found) return {};
  if (mentions(error, "namespaces \"") && new_namespaces_.contains(ns))
    return "as in the manifest: its namespace is only added with it";
  const bool unknown = mentions(error, "the server has no kind") || mentions(error, "the server does not have") ||
                       mentions(error, "could not find the requested resource") || mentions(error, "page not found");
  if (unknown && defines_kinds_) return "as in the manifest: its definition is only added with it";
  return {};
}

asio::awaitable<Result<json>> DiffRun::live_state(std::string path) {
  auto answer = co_await request_patiently(client_, "GET", std::move(path), std::string(), std::string(), deadline_);
  if (!answer) {
    if (answer.error().code == Code::not_found) co_return json();
    co_return answer.error();
  }
  json live = json::parse(answer->body, nullptr, false);
  if (!live.is_object()) co_return Error(Code::internal, "reading: the answer is not an object");
  co_return std::move(live);
}

asio::awaitable<Result<json>> DiffRun::merged_state(const Object &object, WorkloadTarget target) {
  auto body = apply_body(object, target.ns);
  if (!body) co_return body.error();
  kubernetes::ApplyOptions how;
  how.field_manager = options_.field_manager;
  how.force = options_.force_conflicts;
  how.dry_run = true;
  std::string method = "PATCH", path = target.path() + "?" + kubernetes::apply_query(how);
  std::string type = "application/apply-patch+yaml", sent = kubernetes::yaml_safe(*body);
  if (object.name.empty()) { // generateName: always something new
    method = "POST";
    path = target.collection() +
           "?dryRun=All&fieldValidation=Strict&fieldManager=" + http::encode_component(options_.field_manager);
    type = "application/json";
    sent = std::move(*body);
  }
  auto answer = co_await request_patiently(client_, std::move(method), std::move(path), std::move(sent),
                                           std::move(type), deadline_);
  if (!answer) {
    co_return as_shown(object, answer.error());
  }
  json merged = json::parse(answer->body, nullptr, false);
  if (!merged.is_object()) co_return Error(Code::internal, object.describe() + ": the answer is not an object");
  co_return std::move(merged);
}

asio::awaitable<Result<void>> DiffRun::compare(const Object &object, ObjectDifference &difference) {
  for (int looks = 1;; ++looks) {
    json live, merged;
    Result<void> looked = co_await look(object, difference, live, merged);
    if (!looked) co_return looked.error();
    // A controller that wrote in between would be told as a difference of the manifest's.
    const bool moved = !live.is_null() && kubernetes::revision_of(live) != kubernetes::revision_of(merged) &&
                       kubernetes::revision_of(merged) != 0;
    if (moved && looks < most_looks) continue;
    difference.text = kubernetes::object_difference(live, merged);
    difference.change = difference.text.empty() ? "same" : live.is_null() ? "added" : "changed";
    co_return Result<void>();
  }
}

asio::awaitable<Result<void>> DiffRun::look(const Object &object, ObjectDifference &difference, json &live,
                                            json &merged) {
  const std::string ns = object.ns.empty() ? options_.default_namespace : object.ns;
  Result<WorkloadTarget> target = co_await find_target(client_, object, options_.default_namespace, deadline_);
  Result<json> tried = Error(Code::unknown, "");
  if (target) {
    if (!object.name.empty()) {
      auto read = co_await live_state(target->path());
      if (!read) co_return read.error();
      live = std::move(*read);
    }
    auto answer = co_await merged_state(object, *target);
    tried = std::move(answer);
  } else {
    tried = target.error();
  }
  if (tried) {
    merged = std::move(*tried);
  } else {
    difference.note = excuse(tried.error(), ns);
    if (difference.note.empty()) co_return tried.error();
    merged = json::parse(object.json, nullptr, false);
  }
  co_return Result<void>();
}

asio::awaitable<Result<void>> DiffRun::one(std::size_t i) {
  ObjectDifference &difference = differences_[i];
  difference.object = objects_[i].describe();
  Result<void> compared = co_await compare(objects_[i], difference);
  if (compared) co_return Result<void>();
  if (compared.error().code == Code::cancelled) co_return compared.error();
  difference.change = "failed";
  difference.error = compared.error();
  co_return Result<void>();
}

asio::awaitable<Result<std::vector<ObjectDifference>>> DiffRun::run() {
  // One small question before hundreds: is the server there, does it know us?
  auto known =
      co_await request_patiently(client_, "GET", "/api/v1/namespaces?limit=1", std::string(), std::string(), deadline_);
  if (!known && known.error().code != Code::permission_denied) co_return known.error();
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  for (std::size_t i = 0; i < objects_.size(); ++i)
    work.push_back([this, i] { return one(i); });
  ForEachOptions together;
  together.limit = options_.concurrency;
  Result<void> done = co_await run_all(std::move(work), together);
  if (!done) co_return done.error();
  co_return std::move(differences_);
}

} // namespace

asio::awaitable<Result<std::vector<ObjectDifference>>>
diff_objects(kubernetes::Client &client, std::vector<Object> objects, WorkloadDiffOptions options) {
  auto run = std::make_unique<DiffRun>(client, std::move(objects), std::move(options));
  auto differences = co_await run->run();
  co_return std::move(differences);
}

} // namespace ksail

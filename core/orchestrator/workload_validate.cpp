// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload_validate.hpp"

#include "kubernetes/json_field.hpp"
#include "kubernetes/kind_hint.hpp"
#include "orchestrator/workload_target.hpp"

#include <nlohmann/json.hpp>

#include <set>

namespace ksail {

using nlohmann::json;

Result<std::size_t> validate_objects(kubernetes::OpenApiSchema &schema, const ObjectSet &objects,
                                     std::function<void(const ObjectVerdict &)> on_verdict) {
  for (std::size_t i = 0; i < objects.size(); ++i) {
    if (objects.head(i).kind != "CustomResourceDefinition") continue;
    auto definition = objects.read(i);
    if (!definition) return definition.error();
    // One that holds no usable schema is told of as an object below.
    (void)schema.add(json::parse(definition->json, nullptr, false), definition->where.describe());
  }
  std::size_t invalid = 0;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    auto object = objects.read(i);
    if (!object) return object.error();
    ObjectVerdict verdict;
    verdict.object = object->describe();
    verdict.where = object->where.describe();
    if (schema.knows(object->api_version, object->kind)) {
      verdict.violations = schema.check(json::parse(object->json, nullptr, false));
    } else {
      std::string hint = kubernetes::kind_hint(object->api_version, object->kind, {});
      if (hint.empty()) hint = "add its CustomResourceDefinition to what is validated, or correct apiVersion and kind";
      verdict.error = Error(Code::not_found, "there is no schema for " + object->kind + " in " + object->api_version,
                            std::move(hint));
    }
    invalid += verdict.error || !verdict.violations.empty();
    on_verdict(verdict);
  }
  return invalid;
}

asio::awaitable<Result<std::string>> server_version(kubernetes::Client &client, std::chrono::nanoseconds timeout) {
  auto version = co_await client.get("/version", Deadline::after(timeout));
  if (!version) co_return version.error();
  co_return text(*version, "gitVersion");
}

asio::awaitable<Result<void>> fetch_schemas(kubernetes::Client &client, std::shared_ptr<const ObjectSet> objects,
                                            kubernetes::OpenApiSchema &schema, std::chrono::nanoseconds timeout) {
  const Deadline deadline = Deadline::after(timeout);
  std::set<std::string> versions;
  for (std::size_t i = 0; i < objects->size(); ++i)
    versions.insert(objects->head(i).api_version);
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  std::function<asio::awaitable<Result<void>>(std::string)> fetch =
      [&](std::string version) -> asio::awaitable<Result<void>> {
    const std::string path =
        (version.find('/') == std::string::npos ? "/openapi/v3/api/" : "/openapi/v3/apis/") + version;
    auto answer = co_await request_patiently(client, "GET", path, std::string(), std::string(), deadline);
    if (!answer && answer.error().code == Code::not_found) co_return Result<void>();
    if (!answer) co_return answer.error();
    Result<void> added = schema.add(json::parse(answer->body, nullptr, false), "the server's " + path);
    co_return added;
  };
  for (const auto &version : versions)
    work.push_back([&fetch, version] { return fetch(version); });
  ForEachOptions options;
  options.limit = 8;
  Result<void> done = co_await run_all(std::move(work), options);
  co_return done;
}

} // namespace ksail

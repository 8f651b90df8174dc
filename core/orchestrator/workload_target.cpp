// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload_target.hpp"

#include "orchestrator/backoff.hpp"

namespace ksail {

namespace {

constexpr auto settling = std::chrono::seconds(30); // as long as a restart of an API server takes

} // namespace

std::string WorkloadTarget::kubectl_words() const {
  return info.plural + (info.group.empty() ? "" : "." + info.group) + (ns.empty() ? "" : " -n " + ns) + " " + name;
}

asio::awaitable<Result<WorkloadTarget>> find_target(kubernetes::Client &client, manifests::Object object,
                                                    std::string default_namespace, Deadline deadline) {
  auto info = co_await client.resource(object.api_version, object.kind, deadline);
  if (!info) co_return Error(info.error()).in(object.describe());
  WorkloadTarget target;
  target.info = std::move(*info);
  target.name = object.name;
  if (target.info.namespaced) target.ns = object.ns.empty() ? std::move(default_namespace) : object.ns;
  target.title = target.info.kind + " " + (target.ns.empty() ? "" : target.ns + "/") + target.name;
  co_return std::move(target);
}

asio::awaitable<Result<http::Response>> request_patiently(kubernetes::Client &client, std::string method,
                                                          std::string path, std::string body, std::string content_type,
                                                          Deadline deadline) {
  std::function<asio::awaitable<Result<http::Response>>()> attempt = [&] {
    return client.request(method, path, body, content_type, deadline);
  };
  std::function<asio::awaitable<Result<void>>(const Error &)> nothing_to_observe;
  auto answer = co_await with_retry<http::Response>(std::move(attempt), std::move(nothing_to_observe),
                                                    Backoff(random_jitter()), deadline.min(Deadline::after(settling)));
  co_return std::move(answer);
}

} // namespace ksail

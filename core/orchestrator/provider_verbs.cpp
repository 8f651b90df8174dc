// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/provider_verbs.hpp"

#include "orchestrator/backoff.hpp"

namespace ksail {

asio::awaitable<Result<plugins::Reply>> call_verb(plugins::Provider &provider, std::string verb, nlohmann::json body,
                                                  std::vector<plugins::Blob> blobs, Deadline deadline,
                                                  plugins::EventHandler on_event) {
  const std::string cluster = body.value("cluster", std::string());
  std::function<asio::awaitable<Result<plugins::Reply>>()> attempt = [&]() {
    return provider.call(verb, body, blobs, deadline, on_event);
  };
  std::function<asio::awaitable<Result<void>>(const Error &)> observe =
      [&](const Error &error) -> asio::awaitable<Result<void>> {
    if (!error.outcome_unknown) co_return Result<void>();
    auto seen = co_await observe_nodes(provider, cluster, deadline);
    if (!seen) co_return seen.error();
    co_return Result<void>();
  };
  Result<plugins::Reply> reply =
      co_await with_retry<plugins::Reply>(attempt, observe, Backoff(random_jitter()), deadline);
  co_return reply;
}

asio::awaitable<Result<std::vector<ProviderNode>>> observe_nodes(plugins::Provider &provider, std::string cluster,
                                                                 Deadline deadline) {
  nlohmann::json body = nlohmann::json::object();
  if (!cluster.empty()) body["cluster"] = cluster;
  std::function<asio::awaitable<Result<plugins::Reply>>()> attempt = [&]() {
    return provider.call("observe", body, deadline);
  };
  Result<plugins::Reply> reply =
      co_await with_retry<plugins::Reply>(attempt, nullptr, Backoff(random_jitter()), deadline);
  if (!reply) co_return reply.error();
  co_return parse_nodes(reply->body);
}

asio::awaitable<Result<ExecOutput>> ProviderNodeAccess::exec(std::string node, std::vector<std::string> argv,
                                                             std::string standard_input, Deadline deadline) {
  nlohmann::json body = {{"cluster", cluster_}, {"node", node}, {"argv", argv}, {"stdin", !standard_input.empty()}};
  std::vector<plugins::Blob> blobs;
  if (!standard_input.empty()) blobs.emplace_back("stdin", std::move(standard_input));
  // Not repeated here: whether a command may run twice is known only to who asked for it.
  auto reply = co_await provider_.call("exec", std::move(body), std::move(blobs), deadline, plugins::EventHandler());
  if (!reply) co_return reply.error();
  ExecOutput output;
  output.exit_code = reply->body.value("exit_code", -1);
  if (const auto *out = reply->blob("stdout")) output.out = *out;
  if (const auto *err = reply->blob("stderr")) output.err = *err;
  co_return output;
}

asio::awaitable<Result<std::string>> ProviderNodeAccess::copy_from(std::string node, std::string path,
                                                                   Deadline deadline) {
  nlohmann::json body = {{"cluster", cluster_}, {"node", node}, {"path", path}};
  auto reply = co_await call_verb(provider_, "copy_from", std::move(body), std::vector<plugins::Blob>(), deadline,
                                  plugins::EventHandler());
  if (!reply) co_return reply.error();
  const auto *archive = reply->blob("archive");
  if (!archive)
    co_return Error(Code::plugin, "the provider's answer to copy_from of " + path + " on " + node + " has no archive");
  co_return *archive;
}

asio::awaitable<Result<std::string>> ProviderNodeAccess::log_tail(std::string node, unsigned lines, Deadline deadline) {
  nlohmann::json body = {{"cluster", cluster_}, {"node", node}, {"tail", lines}};
  auto reply = co_await call_verb(provider_, "logs", std::move(body), std::vector<plugins::Blob>(), deadline,
                                  plugins::EventHandler());
  if (!reply) co_return reply.error();
  const auto *log = reply->blob("log");
  co_return log ? *log : std::string();
}

} // namespace ksail

// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/local_registry.hpp"

#include "distributions/registries.hpp"
#include "orchestrator/provider_verbs.hpp"

namespace ksail {

using nlohmann::json;

asio::awaitable<Result<void>> ensure_local_registry(Session &session, LocalRegistry registry, std::string image,
                                                    std::string network, nlohmann::json labels, Deadline deadline) {
  json body = {{"name", registry.name},
               {"image", image},
               {"host_address", "127.0.0.1"},
               {"host_port", registry.host_port},
               {"network", network},
               {"labels", std::move(labels)},
               {"operation_id", "registry-" + registry.name}};
  auto answer = co_await call_verb(session.provider, "ensure_registry", std::move(body), std::vector<plugins::Blob>(),
                                   deadline, plugins::EventHandler());
  if (!answer) co_return answer.error();
  co_return Result<void>();
}

asio::awaitable<Result<void>> publish_local_registry(kubernetes::Client &client, LocalRegistry registry,
                                                     Deadline deadline) {
  const json object = {{"apiVersion", "v1"},
                       {"kind", "ConfigMap"},
                       {"metadata", {{"name", "local-registry-hosting"}, {"namespace", "kube-public"}}},
                       {"data", {{"localRegistryHosting.v1", local_registry_hosting(registry)}}}};
  kubernetes::ApplyOptions options;
  auto applied = co_await client.apply("/api/v1/namespaces/kube-public/configmaps/local-registry-hosting",
                                       object.dump(), options, deadline);
  if (!applied) co_return Error(applied.error()).in("telling the cluster of its registry");
  co_return Result<void>();
}

asio::awaitable<Result<RegistryRemoval>> remove_local_registry(Session &session, std::string name,
                                                               nlohmann::json labels, Deadline deadline) {
  json body = {{"name", name}, {"operation_id", "remove-registry-" + name}};
  if (!labels.empty()) body["labels"] = std::move(labels);
  auto answer = co_await call_verb(session.provider, "remove_registry", std::move(body), std::vector<plugins::Blob>(),
                                   deadline, plugins::EventHandler());
  if (!answer) co_return answer.error();
  RegistryRemoval removal;
  removal.removed = answer->body.value("removed", false);
  for (const auto &cluster : answer->body.value("used_by", json::array()))
    if (cluster.is_string()) removal.used_by.push_back(cluster.get<std::string>());
  co_return removal;
}

} // namespace ksail

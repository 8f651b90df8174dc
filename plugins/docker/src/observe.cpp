// SPDX-License-Identifier: Apache-2.0
#include "node_view.hpp"
#include "request_body.hpp"
#include "verbs.hpp"

namespace ksail::docker {

VerbResult observe(Verbs &verbs, Request request, Context &context) {
  auto cluster = optional_text(request, "cluster");
  if (!cluster) co_return cluster.error();
  auto listed = co_await list_containers(verbs.engine, *cluster, nlohmann::json::object(), context.deadline());
  if (!listed) co_return listed.error();
  Reply reply;
  auto &nodes = reply.body["nodes"] = nlohmann::json::array();
  for (const auto &entry : *listed) {
    nodes.push_back(node_from_list_entry(entry));
    const auto &node = nodes.back();
    verbs.ids.remember(node["cluster"], node["name"], node["id"]);
  }
  co_return reply;
}

} // namespace ksail::docker

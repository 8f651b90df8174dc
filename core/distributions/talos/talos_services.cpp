// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos/talos_services.hpp"

#include "distributions/talos/api_access.hpp"
#include "distributions/talos/config_tree.hpp"
#include "distributions/talos/secrets.hpp"

#include <algorithm>

namespace ksail::talos {

namespace {

bool is_machine(const NodeFacts &node) {
  return (node.role == "control-plane" || node.role == "worker") && !node.ipv4.empty();
}

NodeService service_of(const std::string &node, const talos_api::ServiceInfo &info) {
  NodeService service;
  service.node = node;
  service.name = info.id;
  service.state = info.state;
  // Some have no check at all, some have run to their end as they should.
  const bool well = info.state == "Finished" || info.state == "Skipped" || info.state == "Running";
  service.healthy = well && (info.healthy || info.health_unknown || info.state != "Running");
  if (!service.healthy) service.message = info.last_message;
  return service;
}

} // namespace

asio::awaitable<Result<std::vector<NodeService>>> TalosServices::list(asio::any_io_executor executor,
                                                                      NodeAccess &access, std::vector<NodeFacts> nodes,
                                                                      Deadline deadline) const {
  auto api = co_await open_api_access(access, nodes, role_reader, deadline);
  if (!api) co_return api.error();
  std::erase_if(nodes, [](const NodeFacts &node) { return !is_machine(node); });
  std::vector<std::vector<NodeService>> answers(nodes.size());
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    work.push_back([&, i]() -> asio::awaitable<Result<void>> {
      auto client = api->client_for(executor, nodes[i]);
      auto services = co_await client.services(deadline);
      if (!services) co_return Error(services.error()).in("node " + nodes[i].name);
      for (const auto &info : *services)
        answers[i].push_back(service_of(nodes[i].name, info));
      co_return Result<void>();
    });
  ForEachOptions keep_going;
  keep_going.stop_on_failure = false;
  Result<void> asked = co_await run_all(std::move(work), keep_going);
  if (!asked) co_return asked.error();
  std::vector<NodeService> all;
  for (auto &answer : answers)
    std::move(answer.begin(), answer.end(), std::back_inserter(all));
  co_return all;
}

asio::awaitable<Result<void>> TalosServices::logs(asio::any_io_executor executor, NodeAccess &access,
                                                  std::vector<NodeFacts> nodes, ServiceLogRequest request,
                                                  std::function<void(std::string_view, std::string_view)> emit,
                                                  Deadline deadline) const {
  auto api = co_await open_api_access(access, nodes, role_reader, deadline);
  if (!api) co_return api.error();
  std::erase_if(nodes, [&](const NodeFacts &node) {
    return !is_machine(node) || std::find(request.nodes.begin(), request.nodes.end(), node.name) == request.nodes.end();
  });
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  for (const auto &node : nodes)
    work.push_back([&, &node = node]() -> asio::awaitable<Result<void>> {
      auto client = api->client_for(executor, node);
      talos_api::LogsRequest wanted;
      wanted.service = request.service;
      wanted.follow = request.follow;
      wanted.tail_lines = static_cast<int>(request.tail);
      auto stream = co_await client.logs(wanted, deadline);
      if (!stream) co_return Error(stream.error()).in("node " + node.name);
      for (;;) {
        auto piece = co_await (*stream)->next(deadline);
        if (!piece) co_return Error(piece.error()).in("node " + node.name);
        if (!*piece) co_return Result<void>();
        emit(node.name, **piece);
      }
    });
  ForEachOptions keep_going;
  keep_going.stop_on_failure = false;
  co_return co_await run_all(std::move(work), keep_going);
}

asio::awaitable<Result<void>> TalosServices::free_control_planes(asio::any_io_executor executor, NodeAccess &access,
                                                                 std::vector<NodeFacts> nodes,
                                                                 Deadline deadline) const {
  auto api = co_await open_api_access(access, nodes, role_admin, deadline);
  if (!api) co_return api.error();
  std::erase_if(nodes, [](const NodeFacts &node) { return node.role != "control-plane"; });
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  for (const auto &node : nodes)
    work.push_back([&, &node = node]() -> asio::awaitable<Result<void>> {
      auto text = co_await read_machine_config(access, node.name, deadline);
      if (!text) co_return text.error();
      auto documents = kubernetes::parse_yaml_documents(*text, machine_config_name(node.name));
      if (!documents) co_return documents.error();
      for (auto &document : *documents)
        if (document.text("kind").empty()) set(document, "cluster.allowSchedulingOnControlPlanes", boolean(true));
      talos_api::ApplyConfiguration apply;
      apply.config = to_yaml(*documents);
      apply.mode = talos_api::ApplyMode::no_reboot;
      auto client = api->client_for(executor, node);
      auto applied = co_await client.apply_configuration(std::move(apply), deadline);
      if (!applied) co_return Error(applied.error()).in("node " + node.name);
      co_return Result<void>();
    });
  ForEachOptions at_once;
  co_return co_await run_all(std::move(work), at_once);
}

} // namespace ksail::talos

// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos/talos_services.hpp"

#include "distributions/talos/secrets.hpp"
#include "distributions/talos/talos_plan.hpp"
#include "distributions/talos_api/client.hpp"
#include "distributions/vanilla/image_manifests.hpp"

#include <algorithm>

namespace ksail::talos {

namespace {

/// The way into a cluster: whom to ask, and with what.
struct Door {
  std::string node; ///< the control plane that is asked
  talos_api::ClientOptions options;
};

asio::awaitable<Result<Door>> open_door(NodeAccess &access, const std::vector<NodeFacts> &nodes, Deadline deadline) {
  const auto found = std::find_if(nodes.begin(), nodes.end(), [](const NodeFacts &node) {
    return node.role == "control-plane" && node.ports.contains(talos_api_port);
  });
  if (found == nodes.end())
    co_return Error(Code::failed_precondition, "no control plane runs that publishes the Talos API",
                    "`ksail cluster start` starts the nodes");
  auto archive = co_await access.copy_from(found->name, config_file, deadline);
  if (!archive) co_return archive.error();
  const std::string what = std::string(config_file) + " of node " + found->name;
  const auto text = vanilla::tar_entry(*archive, "config.yaml");
  if (!text) co_return Error(Code::failed_precondition, what + " cannot be read", "is it a Talos node?");
  auto secrets = SecretsBundle::from_machine_config(*text, what);
  if (!secrets) co_return secrets.error();
  auto client = issue_api_client(*secrets, {role_reader});
  if (!client) co_return client.error();
  Door door;
  door.node = found->name;
  const auto &[host, port] = found->ports.at(talos_api_port);
  door.options.host = host;
  door.options.port = port;
  door.options.ca_pem = secrets->os.certificate_pem;
  door.options.certificate_pem = client->certificate_pem;
  door.options.key_pem = client->key_pem;
  co_return door;
}

talos_api::Client client_for(asio::any_io_executor executor, const Door &door, const NodeFacts &node) {
  talos_api::ClientOptions options = door.options;
  if (node.name != door.node) options.node = node.ipv4;
  return talos_api::Client(std::move(executor), std::move(options));
}

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
  auto door = co_await open_door(access, nodes, deadline);
  if (!door) co_return door.error();
  std::erase_if(nodes, [](const NodeFacts &node) { return !is_machine(node); });
  std::vector<std::vector<NodeService>> answers(nodes.size());
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    work.push_back([&, i]() -> asio::awaitable<Result<void>> {
      auto client = client_for(executor, *door, nodes[i]);
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
  auto door = co_await open_door(access, nodes, deadline);
  if (!door) co_return door.error();
  std::erase_if(nodes, [&](const NodeFacts &node) {
    return !is_machine(node) || std::find(request.nodes.begin(), request.nodes.end(), node.name) == request.nodes.end();
  });
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  for (const auto &node : nodes)
    work.push_back([&, &node = node]() -> asio::awaitable<Result<void>> {
      auto client = client_for(executor, *door, node);
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

} // namespace ksail::talos

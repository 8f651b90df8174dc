// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos/api_access.hpp"

#include "distributions/talos/secrets.hpp"
#include "distributions/talos/talos_plan.hpp"
#include "distributions/tar_entry.hpp"

#include <algorithm>

namespace ksail::talos {

std::string machine_config_name(const std::string &node) { return std::string(config_file) + " of node " + node; }

asio::awaitable<Result<std::string>> read_machine_config(NodeAccess &access, std::string node, Deadline deadline) {
  auto archive = co_await access.copy_from(node, config_file, deadline);
  if (!archive) co_return archive.error();
  auto text = tar_entry(*archive, "config.yaml");
  if (!text)
    co_return Error(Code::failed_precondition, machine_config_name(node) + " cannot be read", "is it a Talos node?");
  co_return std::move(*text);
}

talos_api::Client ApiAccess::client_for(asio::any_io_executor executor, const NodeFacts &machine) const {
  talos_api::ClientOptions made = options;
  if (machine.name != node) made.node = machine.ipv4;
  return talos_api::Client(std::move(executor), std::move(made));
}

asio::awaitable<Result<ApiAccess>> open_api_access(NodeAccess &access, const std::vector<NodeFacts> &nodes,
                                                   std::string role, Deadline deadline) {
  const auto found = std::find_if(nodes.begin(), nodes.end(), [](const NodeFacts &node) {
    return node.role == "control-plane" && node.ports.contains(talos_api_port);
  });
  if (found == nodes.end())
    co_return Error(Code::failed_precondition, "no control plane runs that publishes the Talos API",
                    "`ksail cluster start` starts the nodes");
  auto text = co_await read_machine_config(access, found->name, deadline);
  if (!text) co_return text.error();
  auto secrets = SecretsBundle::from_machine_config(*text, machine_config_name(found->name));
  if (!secrets) co_return secrets.error();
  std::vector<std::string> roles;
  roles.push_back(std::move(role));
  auto client = issue_api_client(*secrets, roles);
  if (!client) co_return client.error();
  ApiAccess opened;
  opened.node = found->name;
  const auto &[host, port] = found->ports.at(talos_api_port);
  opened.options.host = host;
  opened.options.port = port;
  opened.options.ca_pem = secrets->os.certificate_pem;
  opened.options.certificate_pem = client->certificate_pem;
  opened.options.key_pem = client->key_pem;
  co_return opened;
}

} // namespace ksail::talos

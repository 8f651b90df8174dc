// SPDX-License-Identifier: Apache-2.0
// More agents for a cluster that runs: they join as the first ones did, with the token that a server holds.
#include "distributions/cluster_layout.hpp"
#include "distributions/k3s/configuration.hpp"
#include "distributions/k3s/credentials.hpp"
#include "distributions/k3s/k3s.hpp"
#include "distributions/k3s/k3s_plan.hpp"
#include "distributions/k3s/release.hpp"

namespace ksail::k3s {

namespace {

asio::awaitable<Result<std::string>> read(NodeAccess &access, std::string node, std::string file, Deadline deadline) {
  std::vector<std::string> argv;
  argv.emplace_back("cat");
  argv.push_back(file);
  auto output = co_await access.exec(node, std::move(argv), std::string(), deadline);
  if (!output) co_return output.error();
  if (output->exit_code != 0)
    co_return Error(Code::failed_precondition, file + " of node " + node + " cannot be read: " + output->err);
  co_return std::move(output->out);
}

/// A first server holds the secret alone, the others hold it with the digest of the authority.
asio::awaitable<Result<std::string>> read_token(NodeAccess &access, std::string node, Deadline deadline) {
  auto token = co_await read(access, node, token_file, deadline);
  if (!token) co_return token.error();
  while (!token->empty() && token->back() == '\n')
    token->pop_back();
  if (token->starts_with("K10")) co_return std::move(*token);
  auto authority = co_await read(access, node, "/var/lib/rancher/k3s/server/tls/server-ca.crt", deadline);
  if (!authority) co_return authority.error();
  co_return full_token(*authority, *token);
}

} // namespace

asio::awaitable<Result<Expansion>> K3s::expand(NodeAccess &access, ExpansionInput input, Deadline deadline) const {
  const ClusterSpec &spec = input.spec;
  auto layout = lay_out(input);
  if (!layout) co_return layout.error();
  const ImageFacts &image = layout->image;
  auto release = release_of(spec.kubernetes_version, image.use, image.labels);
  if (!release) co_return release.error();
  auto token = co_await read_token(access, input.control_plane, deadline);
  if (!token) co_return token.error();
  const std::string registration = layout->balancer_address.value_or(layout->control_plane_address);
  Expansion expansion;
  for (const auto &worker : layout->workers) {
    AgentSettings agent{worker.name, worker.address, image.use, registration, *token, release->minor, false};
    expansion.nodes.push_back(agent_node(spec, input.host, agent));
  }
  co_return expansion;
}

} // namespace ksail::k3s

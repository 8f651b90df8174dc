// SPDX-License-Identifier: Apache-2.0
#include "distributions/k3s/bootstrap_steps.hpp"

#include "distributions/cluster_watch.hpp"
#include "distributions/k3s/configuration.hpp"
#include "distributions/registries.hpp"
#include "kubernetes/client.hpp"

#include <algorithm>

namespace ksail::k3s {

namespace {

/// What the steps of one bootstrap share.
struct Bootstrap {
  explicit Bootstrap(std::shared_ptr<Cluster> c) : cluster(std::move(c)) {}
  std::shared_ptr<Cluster> cluster;
  std::unique_ptr<kubernetes::Client> client;
};
using Shared = std::shared_ptr<Bootstrap>;

unsigned seconds_left(Deadline deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(deadline.remaining()).count();
  return static_cast<unsigned>(std::clamp<long long>(left, 1, 3600));
}

asio::awaitable<Result<void>> run_script(BootstrapContext &context, std::string what, std::string node,
                                         std::string script) {
  std::vector<std::string> argv;
  argv.emplace_back("/bin/sh");
  argv.emplace_back("-c");
  argv.push_back(std::move(script));
  auto output = co_await context.access().exec(node, std::move(argv), std::string(), context.deadline());
  if (!output) co_return output.error();
  if (output->exit_code == 0) co_return Result<void>();
  std::string detail = output->out + output->err;
  while (!detail.empty() && detail.back() == '\n')
    detail.pop_back();
  co_return Error(Code::failed_precondition,
                  what + " on " + node + " failed (exit code " + std::to_string(output->exit_code) + "): " + detail,
                  "`ksail cluster create --retain` keeps the node, and `ksail cluster logs` shows what K3s says");
}

/// The API server as that node publishes it.
Result<kubernetes::ClusterAccess> access_through(const Cluster &cluster, const NodeFacts &node) {
  const auto published = node.ports.find(api_port);
  if (published == node.ports.end())
    return Error(Code::failed_precondition, "node " + node.name + " does not publish the API server's port 6443");
  http::TlsOptions tls;
  tls.ca_pem = cluster.credentials.server_ca();
  tls.certificate_pem = cluster.credentials.admin().certificate_pem;
  tls.key_pem = cluster.credentials.admin().key_pem;
  tls.server_name = "localhost"; // in the certificate, whatever address the port is published on
  kubernetes::ClusterAccess access;
  access.endpoint = http::Endpoint::tls_tcp(published->second.first, published->second.second, std::move(tls));
  return access;
}

asio::awaitable<Result<void>> wait_for_api(Shared b, BootstrapContext &context) {
  auto access = access_through(*b->cluster, context.node(b->cluster->servers.front()));
  if (!access) co_return access.error();
  b->client = std::make_unique<kubernetes::Client>(context.executor(), std::move(*access), http::PoolOptions());
  Result<void> answering = co_await b->client->wait_until_answering("/readyz", context.deadline());
  co_return answering;
}

/// Agents join through it, and so does whoever uses the cluster: it has to know of the first server by now.
asio::awaitable<Result<void>> wait_for_load_balancer(Shared b, BootstrapContext &context) {
  auto access = access_through(*b->cluster, context.node(b->cluster->load_balancer));
  if (!access) co_return access.error();
  kubernetes::Client client(context.executor(), std::move(*access), http::PoolOptions());
  Result<void> answering = co_await client.wait_until_answering("/readyz", context.deadline());
  co_return answering;
}

asio::awaitable<Result<void>> release(BootstrapContext &context, std::string node) {
  std::string script = release_script();
  co_return co_await run_script(context, "letting K3s start", std::move(node), std::move(script));
}

asio::awaitable<Result<void>> wait_for_dns(Shared b, BootstrapContext &context) {
  auto node = co_await wait_for_dns_pod(*b->client, context);
  if (!node) co_return node.error();
  std::string script = dns_script(seconds_left(context.deadline()));
  co_return co_await run_script(context, "resolving kubernetes.default through the DNS Service", *node,
                                std::move(script));
}

} // namespace

std::vector<BootstrapStep> bootstrap_steps(std::shared_ptr<Cluster> cluster) {
  const auto b = std::make_shared<Bootstrap>(std::move(cluster));
  const ClusterSpec &spec = b->cluster->spec;
  const auto &servers = b->cluster->servers;
  using Run = std::function<asio::awaitable<Result<void>>(BootstrapContext &)>;
  std::vector<BootstrapStep> steps;
  const auto add = [&](std::string name, std::string phase, std::string title, std::vector<std::string> after,
                       Run run) {
    steps.push_back(
        BootstrapStep{std::move(name), std::move(phase), std::move(title), std::move(after), std::move(run)});
  };
  add("api", "bootstrap", "API server", {"node:" + servers.front()},
      [b](BootstrapContext &context) { return wait_for_api(b, context); });
  // All at once: etcd takes one new member at a time, and K3s waits for its turn by itself.
  for (std::size_t i = 1; i < servers.size(); ++i)
    add("join:" + servers[i], "join", "", {"api", "node:" + servers[i]},
        [node = servers[i]](BootstrapContext &context) { return release(context, node); });
  std::string registration = "api";
  if (const std::string &balancer = b->cluster->load_balancer; !balancer.empty()) {
    registration = "load-balancer";
    add(registration, "join", "", {"api", "node:" + balancer},
        [b](BootstrapContext &context) { return wait_for_load_balancer(b, context); });
  }
  for (const auto &node : b->cluster->agents)
    add("join:" + node, "join", "", {registration, "node:" + node},
        [node](BootstrapContext &context) { return release(context, node); });
  std::vector<std::string> names = servers;
  names.insert(names.end(), b->cluster->agents.begin(), b->cluster->agents.end());
  const bool network = spec.cni == Cni::standard;
  add("nodes-ready", "ready", "Nodes", {"api"}, [b, names, network](BootstrapContext &context) {
    return wait_for_nodes(*b->client, context, NodeWait{names, !network, {}, false});
  });
  const bool dns = std::find(spec.disable.begin(), spec.disable.end(), "coredns") == spec.disable.end();
  if (network && dns)
    add("dns", "ready", "Cluster DNS", {"api"}, [b](BootstrapContext &context) { return wait_for_dns(b, context); });
  for (auto &step : registry_check_steps(spec, servers.front()))
    steps.push_back(std::move(step));
  return steps;
}

} // namespace ksail::k3s

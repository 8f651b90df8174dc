// SPDX-License-Identifier: Apache-2.0
#include "distributions/k3s/bootstrap_steps.hpp"

#include "distributions/k3s/configuration.hpp"
#include "kubernetes/client.hpp"

#include <algorithm>
#include <set>

namespace ksail::k3s {

namespace {

using nlohmann::json;

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

asio::awaitable<Result<void>> wait_for_api(Shared b, BootstrapContext &context) {
  const std::string name = b->cluster->api_node.empty() ? b->cluster->servers.front() : b->cluster->api_node;
  const NodeFacts &node = context.node(name);
  const auto published = node.ports.find(api_port);
  if (published == node.ports.end())
    co_return Error(Code::failed_precondition, "node " + name + " does not publish the API server's port 6443");
  http::TlsOptions tls;
  tls.ca_pem = b->cluster->credentials.server_ca();
  tls.certificate_pem = b->cluster->credentials.admin().certificate_pem;
  tls.key_pem = b->cluster->credentials.admin().key_pem;
  tls.server_name = "localhost"; // in the certificate, whatever address the port is published on
  kubernetes::ClusterAccess access;
  access.endpoint = http::Endpoint::tls_tcp(published->second.first, published->second.second, std::move(tls));
  b->client = std::make_unique<kubernetes::Client>(context.executor(), std::move(access), http::PoolOptions());
  Result<void> answering = co_await b->client->wait_until_answering("/readyz", context.deadline());
  co_return answering;
}

asio::awaitable<Result<void>> release(BootstrapContext &context, std::string node) {
  std::string script = release_script();
  co_return co_await run_script(context, "letting K3s start", std::move(node), std::move(script));
}

bool is_ready(const json &object) {
  for (const auto &condition : object.value("status", json::object()).value("conditions", json::array()))
    if (condition.value("type", std::string()) == "Ready") return condition.value("status", std::string()) == "True";
  return false;
}

asio::awaitable<Result<void>> wait_for_nodes(Shared b, BootstrapContext &context, std::string step,
                                             std::vector<std::string> names, bool only_registered) {
  std::set<std::string> waiting(names.begin(), names.end());
  const auto total = waiting.size();
  const auto on_state = [&](std::string_view type, const json &object) {
    if (type == "SYNCED") return waiting.empty();
    const std::string name = object.value("metadata", json::object()).value("name", std::string());
    if (type != "DELETED" && (only_registered || is_ready(object))) waiting.erase(name);
    context.progress(step, std::to_string(total - waiting.size()) + " of " + std::to_string(total));
    return waiting.empty();
  };
  Result<void> watched = co_await b->client->watch("/api/v1/nodes", "", on_state, context.deadline());
  if (watched || watched.error().code != Code::deadline_exceeded) co_return watched;
  Error error = watched.error();
  error.message =
      std::string("not every node ") + (only_registered ? "registered" : "became Ready") + " in time; missing:";
  for (const auto &name : waiting)
    error.message += " " + name;
  co_return error;
}

/// A server that joins is a voting member of etcd before its own API server starts, and registers through that. Only
/// then may the next one come: etcd takes one learner at a time.
asio::awaitable<Result<void>> join_server(Shared b, BootstrapContext &context, std::string node) {
  Result<void> released = co_await release(context, node);
  if (!released) co_return released;
  std::vector<std::string> only(1, node);
  co_return co_await wait_for_nodes(b, context, "join:" + node, std::move(only), true);
}

asio::awaitable<Result<void>> wait_for_dns(Shared b, BootstrapContext &context) {
  std::string node;
  const auto on_state = [&](std::string_view type, const json &object) {
    if (type != "DELETED" && is_ready(object))
      node = object.value("spec", json::object()).value("nodeName", std::string());
    return !node.empty();
  };
  Result<void> watched = co_await b->client->watch("/api/v1/namespaces/kube-system/pods",
                                                   "labelSelector=k8s-app%3Dkube-dns", on_state, context.deadline());
  if (!watched) {
    Error error = watched.error();
    if (error.code == Code::deadline_exceeded) error.message = "no pod of the cluster's DNS became Ready in time";
    co_return error;
  }
  std::string script = dns_script(seconds_left(context.deadline()));
  co_return co_await run_script(context, "resolving kubernetes.default through the DNS Service", node,
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
  std::vector<std::string> api_after = {"node:" + servers.front()};
  if (!b->cluster->api_node.empty()) api_after.push_back("node:" + b->cluster->api_node);
  add("api", "bootstrap", "API server", std::move(api_after),
      [b](BootstrapContext &context) { return wait_for_api(b, context); });
  std::string before = "api";
  for (std::size_t i = 1; i < servers.size(); ++i) {
    const std::string node = servers[i];
    add("join:" + node, "join", "Server " + node, {before, "node:" + node},
        [b, node](BootstrapContext &context) { return join_server(b, context, node); });
    before = "join:" + node;
  }
  for (const auto &node : b->cluster->agents)
    add("join:" + node, "join", "", {"api", "node:" + node},
        [node](BootstrapContext &context) { return release(context, node); });
  std::vector<std::string> names = servers;
  names.insert(names.end(), b->cluster->agents.begin(), b->cluster->agents.end());
  const bool network = spec.cni == Cni::standard;
  add("nodes-ready", "ready", "Nodes", {"api"}, [b, names, network](BootstrapContext &context) {
    return wait_for_nodes(b, context, "nodes-ready", names, !network);
  });
  const bool dns = std::find(spec.disable.begin(), spec.disable.end(), "coredns") == spec.disable.end();
  if (network && dns)
    add("dns", "ready", "Cluster DNS", {"api"}, [b](BootstrapContext &context) { return wait_for_dns(b, context); });
  return steps;
}

} // namespace ksail::k3s

// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos/bootstrap_steps.hpp"

#include "distributions/cluster_watch.hpp"
#include "distributions/talos/talos_plan.hpp"
#include "distributions/talos/talosconfig.hpp"
#include "distributions/talos_api/client.hpp"
#include "kubernetes/client.hpp"

#include <algorithm>

namespace ksail::talos {

namespace {

/// What the steps of one bootstrap share.
struct Bootstrap {
  explicit Bootstrap(std::shared_ptr<Cluster> c) : cluster(std::move(c)) {}
  std::shared_ptr<Cluster> cluster;
  std::unique_ptr<talos_api::Client> machine;
  std::unique_ptr<kubernetes::Client> client;
};
using Shared = std::shared_ptr<Bootstrap>;

Result<std::pair<std::string, std::uint16_t>> published(BootstrapContext &context, const std::string &name, int port) {
  const NodeFacts &node = context.node(name);
  const auto found = node.ports.find(port);
  if (found == node.ports.end())
    return Error(Code::failed_precondition, "node " + name + " does not publish port " + std::to_string(port));
  return found->second;
}

/// What a machine says before it can be bootstrapped, or while it is not there yet.
bool not_yet(const Error &error) {
  switch (error.code) {
  case Code::unavailable:
  case Code::failed_precondition:
  case Code::deadline_exceeded:
  case Code::aborted:
    return true;
  case Code::cancelled:
    return error.outcome_unknown; // by the server, which restarts
  default:
    return false;
  }
}

/// Of the first control plane, or of another machine through it.
Result<std::unique_ptr<talos_api::Client>> talos_client(const Shared &b, BootstrapContext &context,
                                                        std::string node = std::string()) {
  auto address = published(context, b->cluster->control_planes.front().name, talos_api_port);
  if (!address) return address.error();
  talos_api::ClientOptions options;
  options.host = address->first;
  options.port = address->second;
  options.ca_pem = b->cluster->secrets.os.certificate_pem;
  options.certificate_pem = b->cluster->api_client.certificate_pem;
  options.key_pem = b->cluster->api_client.key_pem;
  options.node = std::move(node);
  return std::make_unique<talos_api::Client>(context.executor(), std::move(options));
}

/// Asked again and again, since the moment from which on it is accepted is told by nobody. A try that took effect
/// although its answer was lost shows as "already exists" in the next.
asio::awaitable<Result<void>> bootstrap_etcd(Shared b, BootstrapContext &context) {
  const std::string name = b->cluster->control_planes.front().name;
  auto client = talos_client(b, context);
  if (!client) co_return client.error();
  b->machine = std::move(*client);
  auto pause = std::chrono::milliseconds(50);
  const auto longest = std::chrono::milliseconds(250); // one cheap call on a local machine, and everything waits for it
  for (;;) {
    const Deadline patience = context.deadline().min(Deadline::after(std::chrono::seconds(3)));
    Result<void> done = co_await b->machine->bootstrap(patience);
    if (done || done.error().code == Code::already_exists) co_return Result<void>();
    if (!not_yet(done.error())) co_return Error(done.error()).in("node " + name);
    if (context.deadline().passed()) {
      Error error(Code::deadline_exceeded,
                  "node " + name +
                      " did not let itself be bootstrapped in time; it last said: " + done.error().message);
      if (done.error().code == Code::unavailable)
        error.hint =
            "nothing in it answers as Talos does: `ksail cluster create --retain` and `ksail cluster logs` show "
            "what it does, and --node-image takes an image of Talos";
      co_return error;
    }
    context.progress("bootstrap", done.error().message);
    const bool slept = co_await sleep_for(pause);
    if (!slept) co_return Error(Code::cancelled, "cancelled");
    pause = std::min(pause * 3 / 2, longest);
  }
}

asio::awaitable<Result<void>> pull_images_of(Shared b, const Machine &machine, BootstrapContext &context) {
  const bool first = machine.name == b->cluster->control_planes.front().name;
  auto client = talos_client(b, context, first ? std::string() : machine.address);
  if (!client) co_return client.error();
  co_return co_await pull_images(**client, machine.name, machine.pulls, context.deadline());
}

/// What the machine's own services are at, for when something does not come up.
asio::awaitable<std::string> what_services_say(Shared b) {
  auto services = co_await b->machine->services(Deadline::after(std::chrono::seconds(3)));
  if (!services) co_return std::string();
  std::string text;
  for (const auto &service : *services)
    if (service.state != "Running" || (!service.healthy && !service.health_unknown))
      text += "; " + service.id + " is " + service.state +
              (service.last_message.empty() ? "" : " (" + service.last_message + ")");
  co_return text;
}

/// Who waited for too long is also told what the machine's services are at.
asio::awaitable<Result<void>> with_services(Shared b, Result<void> waited) {
  if (waited || waited.error().code != Code::deadline_exceeded) co_return waited;
  Error error = waited.error();
  std::string services = co_await what_services_say(b);
  error.message += services;
  co_return error;
}

asio::awaitable<Result<void>> wait_for_api(Shared b, BootstrapContext &context) {
  auto address = published(context, b->cluster->api_node, kubernetes_api_port);
  if (!address) co_return address.error();
  http::TlsOptions tls;
  tls.ca_pem = b->cluster->secrets.k8s.certificate_pem;
  tls.certificate_pem = b->cluster->admin.certificate_pem;
  tls.key_pem = b->cluster->admin.key_pem;
  tls.server_name = "localhost"; // in the certificate, whatever address the port is published on
  kubernetes::ClusterAccess access;
  access.endpoint = http::Endpoint::tls_tcp(address->first, address->second, std::move(tls));
  b->client = std::make_unique<kubernetes::Client>(context.executor(), std::move(access), http::PoolOptions());
  Result<void> answering = co_await b->client->wait_until_answering("/readyz", context.deadline());
  co_return co_await with_services(b, std::move(answering));
}

asio::awaitable<Result<void>> wait_for_all_nodes(Shared b, BootstrapContext &context, bool only_registered) {
  NodeWait wait;
  for (const auto *machines : {&b->cluster->control_planes, &b->cluster->workers})
    for (const auto &machine : *machines)
      wait.names.push_back(machine.name);
  wait.only_registered = only_registered;
  wait.with_reasons = true;
  co_return co_await wait_for_nodes(*b->client, context, std::move(wait));
}

asio::awaitable<Result<void>> wait_for_control_planes(Shared b, BootstrapContext &context) {
  std::vector<std::pair<std::string, std::string>> machines;
  for (const auto &machine : b->cluster->control_planes)
    machines.emplace_back(machine.name, machine.address);
  Result<void> answering = co_await wait_for_api_servers(*b->client, context, std::move(machines));
  co_return co_await with_services(b, std::move(answering));
}

/// A node has no tools with which a name could be resolved in it: the DNS pods' own readiness is what can be seen.
asio::awaitable<Result<void>> wait_for_dns(Shared b, BootstrapContext &context) {
  auto node = co_await wait_for_dns_pod(*b->client, context);
  if (!node) co_return node.error();
  co_return Result<void>();
}

/// For talosctl, at the end, so that no context points to a cluster that then goes away.
Result<void> write_talosconfig(const Shared &b, BootstrapContext &context) {
  const Machine &first = b->cluster->control_planes.front();
  auto address = published(context, first.name, talos_api_port);
  if (!address) return address.error();
  TalosContext entry;
  entry.name = talos_context_name(b->cluster->spec.name);
  entry.endpoints = {address->first + ":" + std::to_string(address->second)};
  entry.nodes = {first.address};
  entry.ca_pem = b->cluster->secrets.os.certificate_pem;
  entry.client = b->cluster->api_client;
  const std::string file = talosconfig_path();
  if (file.empty()) return {}; // without a home directory nobody would look there
  return merge_talosconfig(file, entry, context.deadline().min(Deadline::after(std::chrono::seconds(20))));
}

} // namespace

std::vector<BootstrapStep> bootstrap_steps(std::shared_ptr<Cluster> cluster) {
  const auto b = std::make_shared<Bootstrap>(std::move(cluster));
  using Run = std::function<asio::awaitable<Result<void>>(BootstrapContext &)>;
  std::vector<BootstrapStep> steps;
  const auto add = [&](std::string name, std::string phase, std::string title, std::vector<std::string> after,
                       Run run) {
    steps.push_back(
        BootstrapStep{std::move(name), std::move(phase), std::move(title), std::move(after), std::move(run)});
  };
  const std::string first = "node:" + b->cluster->control_planes.front().name;
  add("bootstrap", "bootstrap", "Bootstrap of etcd", {first},
      [b](BootstrapContext &context) { return bootstrap_etcd(b, context); });
  for (const auto *machines : {&b->cluster->control_planes, &b->cluster->workers})
    for (const auto &machine : *machines)
      if (!machine.pulls.empty())
        add("images:" + machine.name, "bootstrap", "", {first, "node:" + machine.name},
            [b, &machine](BootstrapContext &context) { return pull_images_of(b, machine, context); });
  std::vector<std::string> api_after = {"bootstrap"};
  if (b->cluster->api_node != b->cluster->control_planes.front().name)
    api_after.push_back("node:" + b->cluster->api_node);
  add("api", "bootstrap", "API server", std::move(api_after),
      [b](BootstrapContext &context) { return wait_for_api(b, context); });
  const bool network = b->cluster->spec.cni == Cni::standard;
  add("nodes-ready", "ready", "Nodes", {"api"},
      [b, network](BootstrapContext &context) { return wait_for_all_nodes(b, context, !network); });
  const bool joining = b->cluster->control_planes.size() > 1;
  if (joining)
    add("control-planes", "ready", "Control planes", {"api"},
        [b](BootstrapContext &context) { return wait_for_control_planes(b, context); });
  if (network)
    add("dns", "ready", "Cluster DNS", {"api"}, [b](BootstrapContext &context) { return wait_for_dns(b, context); });
  std::vector<std::string> last = {"nodes-ready"};
  if (joining) last.push_back("control-planes");
  if (network) last.push_back("dns");
  add("talosconfig", "ready", "", std::move(last),
      [b](BootstrapContext &context) -> asio::awaitable<Result<void>> { co_return write_talosconfig(b, context); });
  return steps;
}

} // namespace ksail::talos

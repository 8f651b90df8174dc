// SPDX-License-Identifier: Apache-2.0
#include "distributions/vanilla/bootstrap_steps.hpp"

#include "distributions/cluster_watch.hpp"
#include "distributions/registries.hpp"
#include "distributions/tar_entry.hpp"
#include "distributions/vanilla/image_manifests.hpp"
#include "distributions/vanilla/node_scripts.hpp"
#include "kubernetes/client.hpp"
#include "kubernetes/json_field.hpp"

#include <nlohmann/json.hpp>

namespace ksail::vanilla {

namespace {

using nlohmann::json;
using Work = std::vector<std::function<asio::awaitable<Result<void>>()>>;

/// What the steps of one bootstrap share.
struct Bootstrap {
  explicit Bootstrap(std::shared_ptr<Cluster> c) : cluster(std::move(c)) {}
  std::shared_ptr<Cluster> cluster;
  std::unique_ptr<kubernetes::Client> client;
  std::vector<manifests::Object> network, storage;

  const NodeIdentity &first() const { return cluster->nodes.front(); }
  const ClusterSpec &spec() const { return cluster->config.spec; }
};
using Shared = std::shared_ptr<Bootstrap>;

Error script_failure(const std::string &what, const std::string &node, const ExecOutput &output) {
  std::string detail = output.out.empty() ? output.err : output.out;
  while (!detail.empty() && detail.back() == '\n')
    detail.pop_back();
  return Error(Code::failed_precondition,
               what + " on " + node + " failed (exit code " + std::to_string(output.exit_code) + "): " + detail,
               "`ksail cluster create --retain` keeps the node for a look inside: /kind/ksail/log");
}

asio::awaitable<Result<void>> read_image_manifests(Shared b, BootstrapContext &context) {
  auto archive = co_await context.access().copy_from(b->first().name, "/kind/manifests", context.deadline());
  if (!archive) co_return archive.error();
  if (b->spec().cni == Cni::standard) {
    const auto text = tar_entry(*archive, "manifests/default-cni.yaml");
    if (!text)
      co_return Error(Code::failed_precondition,
                      "the node image has no /kind/manifests/default-cni.yaml, so there is no pod network to install",
                      "use a kindest/node image, or --cni None and install one yourself");
    auto objects = network_objects(*text, b->spec().pod_subnet, b->cluster->config.endpoint);
    if (!objects) co_return objects.error();
    b->network = std::move(*objects);
  }
  // Older images have none; then there is no default storage class.
  if (const auto text = tar_entry(*archive, "manifests/default-storage.yaml")) {
    auto objects = storage_objects(*text);
    if (!objects) co_return objects.error();
    b->storage = std::move(*objects);
  }
  co_return Result<void>();
}

asio::awaitable<Result<void>> wait_for_api(Shared b, BootstrapContext &context) {
  const NodeFacts &node = context.node(b->first().name);
  const auto published = node.ports.find(6443);
  if (published == node.ports.end())
    co_return Error(Code::failed_precondition, "node " + node.name + " does not publish the API server's port 6443");
  http::TlsOptions tls;
  tls.ca_pem = b->cluster->credentials.authority().certificate_pem();
  tls.certificate_pem = b->cluster->credentials.super_admin().certificate_pem;
  tls.key_pem = b->cluster->credentials.super_admin().key_pem;
  tls.server_name = "localhost"; // in the certificate, whatever address the port is published on
  kubernetes::ClusterAccess access;
  access.endpoint = http::Endpoint::tls_tcp(published->second.first, published->second.second, std::move(tls));
  b->client = std::make_unique<kubernetes::Client>(context.executor(), std::move(access), http::PoolOptions());
  Result<void> answering = co_await b->client->wait_until_answering("/version", context.deadline());
  if (!answering) co_return answering;
  // The API server makes this namespace a moment after it begins to answer; made now, nothing has to wait for it.
  const json system = {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "kube-system"}}}};
  auto created = co_await b->client->create("/api/v1/namespaces", system, context.deadline());
  if (!created && created.error().code == Code::permission_denied) {
    // On a slow machine it answers before its admission plugins do: "not yet ready to handle request".
    answering = co_await b->client->wait_until_answering("/readyz", context.deadline());
    if (!answering) co_return answering;
    created = co_await b->client->create("/api/v1/namespaces", system, context.deadline());
  }
  if (!created && created.error().code != Code::already_exists) co_return created.error();
  co_return Result<void>();
}

/// Node objects with their pod ranges, before the kubelets and the controller manager come to it: the ranges in the
/// nodes' files and in the API are then the same.
asio::awaitable<Result<void>> register_node(Shared b, BootstrapContext &context, std::size_t index) {
  const NodeIdentity &node = b->cluster->nodes[index];
  auto range = b->cluster->pod_range(index);
  if (!range) co_return range.error();
  json spec = {{"podCIDR", *range}, {"podCIDRs", json::array({*range})}};
  const json assigned = {{"spec", spec}};
  // Where there are no workers, workloads run on the control planes.
  if (node.control_plane && b->spec().workers > 0)
    spec["taints"] = json::array({{{"key", "node-role.kubernetes.io/control-plane"}, {"effect", "NoSchedule"}}});
  json object = {
      {"apiVersion", "v1"}, {"kind", "Node"}, {"metadata", {{"name", node.name}}}, {"spec", std::move(spec)}};
  // A kubelet that learns of its node here before it has told what the node has would find no room for its static pods
  // and refuse them for good. kubeadm's minimum of a control plane, until the kubelet tells the truth.
  if (node.control_plane) {
    const json room = {{"cpu", "2"}, {"memory", "1700M"}, {"pods", "110"}};
    const json addresses = json::array({json{{"type", "InternalIP"}, {"address", node.address}}});
    object["status"] = {{"capacity", room}, {"allocatable", room}, {"addresses", addresses}};
  }
  auto created = co_await b->client->create("/api/v1/nodes", std::move(object), context.deadline());
  if (created) co_return Result<void>();
  const Error error = created.error();
  if (error.code != Code::already_exists) co_return error;
  // Its kubelet was quicker.
  auto patched = co_await b->client->patch("/api/v1/nodes/" + node.name, "application/merge-patch+json", assigned,
                                           context.deadline());
  if (!patched) co_return patched.error();
  co_return Result<void>();
}

asio::awaitable<Result<void>> register_nodes(Shared b, BootstrapContext &context) {
  Work work;
  for (std::size_t i = 0; i < b->cluster->nodes.size(); ++i)
    work.push_back([b, &context, i] { return register_node(b, context, i); });
  ForEachOptions at_once;
  co_return co_await run_all(std::move(work), at_once);
}

asio::awaitable<Result<void>> apply_one(Shared b, BootstrapContext &context, const manifests::Object &object) {
  auto info = co_await b->client->resource(object.api_version, object.kind, context.deadline());
  if (!info) co_return info.error();
  kubernetes::ApplyOptions options;
  auto applied = co_await b->client->apply(kubernetes::Client::object_path(*info, object.ns, object.name), object.json,
                                           options, context.deadline());
  if (!applied) co_return Error(applied.error()).in(object.describe());
  co_return Result<void>();
}

asio::awaitable<Result<void>> apply_objects(Shared b, BootstrapContext &context,
                                            const std::vector<manifests::Object> &objects) {
  // What others live in goes first; the rest at once.
  Work first, rest;
  for (const auto &object : objects)
    (object.kind == "Namespace" ? first : rest).push_back([b, &context, &object] {
      return apply_one(b, context, object);
    });
  ForEachOptions at_once;
  Result<void> done = co_await run_all(std::move(first), at_once);
  if (!done) co_return done;
  done = co_await run_all(std::move(rest), at_once);
  co_return done;
}

asio::awaitable<Result<void>> run_script(BootstrapContext &context, std::string what, std::string node,
                                         std::string script, Deadline deadline) {
  std::vector<std::string> argv;
  for (const char *word : {"bash", "-c"})
    argv.emplace_back(word);
  argv.push_back(std::move(script));
  auto output = co_await context.access().exec(node, std::move(argv), std::string(), deadline);
  if (!output) co_return output.error();
  if (output->exit_code != 0) co_return script_failure(what, node, *output);
  co_return Result<void>();
}

unsigned seconds_left(Deadline deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(deadline.remaining()).count();
  return static_cast<unsigned>(std::min<long long>(std::max<long long>(left, 1), 3600));
}

asio::awaitable<Result<void>> wait_for_marker(BootstrapContext &context, std::string node) {
  std::string script = wait_script(seconds_left(context.deadline()));
  co_return co_await run_script(context, "bringing up the control plane", std::move(node), std::move(script),
                                context.deadline());
}

asio::awaitable<Result<void>> wait_for_control_planes(Shared b, BootstrapContext &context) {
  Work work;
  for (const auto &node : b->cluster->nodes)
    if (node.control_plane) work.push_back([b, &context, &node] { return wait_for_marker(context, node.name); });
  ForEachOptions at_once;
  co_return co_await run_all(std::move(work), at_once);
}

/// A node that was only announced has no kubelet version yet.
bool is_reported(const json &node) { return !text(field(field(node, "status"), "nodeInfo"), "kubeletVersion").empty(); }

asio::awaitable<Result<void>> wait_for_all_nodes(Shared b, BootstrapContext &context) {
  NodeWait wait;
  for (const auto &node : b->cluster->nodes)
    wait.names.push_back(node.name);
  wait.only_registered = b->spec().cni == Cni::none;
  wait.registered = is_reported;
  co_return co_await wait_for_nodes(*b->client, context, std::move(wait));
}

asio::awaitable<Result<void>> wait_for_dns(Shared b, BootstrapContext &context) {
  auto node = co_await wait_for_dns_pod(*b->client, context);
  if (!node) co_return node.error();
  std::string script = dns_script(b->cluster->dns_address, seconds_left(context.deadline()));
  co_return co_await run_script(context, "resolving kubernetes.default through the DNS Service", *node,
                                std::move(script), context.deadline());
}

} // namespace

std::vector<BootstrapStep> bootstrap_steps(std::shared_ptr<Cluster> cluster) {
  const auto b = std::make_shared<Bootstrap>(std::move(cluster));
  const std::string node = b->first().name;
  const bool with_cni = b->spec().cni == Cni::standard;
  using Run = asio::awaitable<Result<void>> (*)(Shared, BootstrapContext &);
  std::vector<BootstrapStep> steps;
  const auto add = [&](std::string name, std::string phase, std::string title, std::vector<std::string> after,
                       Run run) {
    BootstrapStep step;
    step.name = std::move(name);
    step.phase = std::move(phase);
    step.title = std::move(title);
    step.after = std::move(after);
    step.run = [b, run](BootstrapContext &context) { return run(b, context); };
    steps.push_back(std::move(step));
  };
  add("image-manifests", "prepare", "", {"created:" + node}, read_image_manifests);
  add("api:" + node, "bootstrap", "API server", {"node:" + node}, wait_for_api);
  std::vector<std::string> registered = {"api:" + node};
  if (with_cni) {
    add("register", "join", "", {"api:" + node}, register_nodes);
    registered = {"register"};
  }
  if (with_cni)
    add("cni", "cni", "Pod network", {"api:" + node, "image-manifests"},
        [](Shared s, BootstrapContext &c) { return apply_objects(s, c, s->network); });
  add("storage", "addons", "Storage", {"api:" + node, "image-manifests"},
      [](Shared s, BootstrapContext &c) { return apply_objects(s, c, s->storage); });
  add("nodes-ready", "ready", "Nodes", registered, wait_for_all_nodes);
  if (with_cni) {
    std::vector<std::string> control_planes;
    for (const auto &each : b->cluster->nodes)
      if (each.control_plane) control_planes.push_back("node:" + each.name);
    add("control-plane", "addons", control_planes.size() == 1 ? "Control plane" : "Control planes", control_planes,
        wait_for_control_planes);
    add("dns", "ready", "Cluster DNS", {"cni", "api:" + node}, wait_for_dns);
  }
  for (auto &step : registry_check_steps(b->spec(), node))
    steps.push_back(std::move(step));
  return steps;
}

} // namespace ksail::vanilla

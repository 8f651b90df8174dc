// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/cluster_scale.hpp"

#include "distributions/distribution.hpp"
#include "distributions/node_counts.hpp"
#include "distributions/node_services.hpp"
#include "kubernetes/kubeconfig.hpp"
#include "orchestrator/cluster_access.hpp"
#include "orchestrator/cluster_removal.hpp"
#include "orchestrator/existing_nodes.hpp"
#include "orchestrator/graph.hpp"
#include "orchestrator/host_answer.hpp"
#include "orchestrator/image_pulls.hpp"
#include "orchestrator/labels.hpp"
#include "orchestrator/local_registry.hpp"
#include "orchestrator/node_drain.hpp"
#include "orchestrator/node_templates.hpp"
#include "orchestrator/node_wait.hpp"
#include "orchestrator/operation_id.hpp"
#include "orchestrator/provider_verbs.hpp"
#include "orchestrator/spec_label.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace ksail {

namespace {

using nlohmann::json;
using Work = std::vector<std::function<asio::awaitable<Result<void>>()>>;

constexpr const char *control_plane_taint = "node-role.kubernetes.io/control-plane";

std::string listed(const std::vector<std::string> &words) {
  std::string text;
  for (const auto &word : words)
    text += (text.empty() ? "" : ", ") + word;
  return text;
}

class Scaling {
public:
  Scaling(Session &session, std::string cluster, ScaleOptions options, Deadline deadline)
      : session_(session), cluster_(std::move(cluster)), options_(std::move(options)), deadline_(deadline),
        access_(session.provider, cluster_), operation_id_(make_operation_id()) {}

  asio::awaitable<Result<ScaleReport>> run();

private:
  asio::awaitable<Result<void>> look();
  asio::awaitable<Result<void>> connect();
  asio::awaitable<Result<void>> grow();
  asio::awaitable<Result<void>> plan_growth();
  asio::awaitable<Result<void>> make_nodes();
  asio::awaitable<Result<void>> wait_ready();
  asio::awaitable<Result<void>> take_back();
  asio::awaitable<Result<void>> shrink();
  asio::awaitable<Result<void>> check_losses(DrainPlan &plan);
  asio::awaitable<Result<void>> empty_nodes(DrainPlan plan);
  asio::awaitable<Result<void>> remove_nodes();
  asio::awaitable<Result<void>> free_control_planes();
  asio::awaitable<Result<void>> forget_node(std::string name);

  Session &session_;
  std::string cluster_;
  ScaleOptions options_;
  Deadline deadline_;
  ProviderNodeAccess access_;
  std::string operation_id_;
  std::vector<ProviderNode> nodes_;
  std::vector<std::string> workers_; ///< in the order of their numbers
  ClusterSpec spec_;
  const Distribution *distribution_ = nullptr;
  std::unique_ptr<kubernetes::Client> client_;
  Expansion expansion_;
  std::string network_;
  bool shared_volumes_ = false;
  ScaleReport report_;
};

asio::awaitable<Result<void>> Scaling::look() {
  auto nodes = co_await existing_nodes(session_, cluster_, deadline_);
  if (!nodes) co_return nodes.error();
  nodes_ = std::move(*nodes);
  std::vector<std::string> stopped;
  for (const auto &node : nodes_) {
    if (node.role == "worker") workers_.push_back(node.name);
    if (node.role != "worker" && node.state != "running") stopped.push_back(node.name);
  }
  if (!stopped.empty())
    co_return Error(Code::failed_precondition,
                    "cluster '" + cluster_ + "' cannot be scaled: not running are " + listed(stopped),
                    "`ksail cluster start --name " + cluster_ + "`");
  const auto &labels = nodes_.front().labels;
  const auto label = labels.find(label_spec);
  if (label == labels.end())
    co_return Error(Code::failed_precondition,
                    "cluster '" + cluster_ + "' does not tell what it was created as, so no node can be added",
                    "it was made by an older ksail: create it anew");
  auto spec = parse_spec(label->second);
  if (!spec) co_return spec.error();
  spec_ = std::move(*spec);
  spec_.name = cluster_;
  distribution_ = find_distribution(spec_.distribution);
  if (!distribution_)
    co_return Error(Code::failed_precondition,
                    "cluster '" + cluster_ + "' was made with a distribution this ksail does not know",
                    "use the ksail that made it");
  ClusterSpec wanted = spec_;
  wanted.workers = options_.workers;
  co_return check_node_counts(wanted);
}

asio::awaitable<Result<void>> Scaling::connect() {
  auto reach = co_await cluster_access(session_, nodes_, cluster_, deadline_);
  if (!reach) co_return reach.error();
  client_ = std::make_unique<kubernetes::Client>(session_.executor, std::move(*reach), http::PoolOptions());
  Result<void> answering =
      co_await client_->wait_until_answering("/readyz", deadline_.min(Deadline::after(std::chrono::seconds(30))));
  if (answering) co_return answering;
  Error error = answering.error();
  error.hint = "`ksail cluster status --name " + cluster_ + "` says more";
  co_return error;
}

asio::awaitable<Result<void>> Scaling::plan_growth() {
  ExpansionInput input;
  input.spec = spec_;
  input.spec.workers = options_.workers;
  const auto more = options_.workers - static_cast<unsigned>(workers_.size());
  input.names = new_worker_names(cluster_, workers_, more);
  for (const auto &node : nodes_) {
    input.nodes.push_back(node.facts());
    if (input.control_plane.empty() && node.role == "control-plane") input.control_plane = node.name;
  }
  auto description = co_await session_.provider.call("describe", json::object(), deadline_);
  if (!description) co_return description.error();
  shared_volumes_ = description->body.value("capabilities", json::object()).value("shared_volumes", false);
  json body = {{"cluster", cluster_}};
  auto host = co_await call_verb(session_.provider, "validate", std::move(body), std::vector<plugins::Blob>(),
                                 deadline_, plugins::EventHandler());
  if (!host) co_return host.error();
  input.host = parse_host(host->body);
  // The cluster's own: it is there, and asking for it again says what it is.
  json network = {{"name", "ksail-" + cluster_}, {"ipv6", false}};
  body = {{"cluster", cluster_}, {"network", std::move(network)}, {"operation_id", operation_id_ + "-infra"}};
  auto infrastructure = co_await call_verb(session_.provider, "ensure_infrastructure", std::move(body),
                                           std::vector<plugins::Blob>(), deadline_, plugins::EventHandler());
  if (!infrastructure) co_return infrastructure.error();
  input.network = parse_network(infrastructure->body);
  network_ = input.network.name;
  // What the others run, which need not be what was asked for.
  std::string image;
  for (const auto &node : nodes_)
    if (image.empty() && node.role == "control-plane") image = node.image;
  std::vector<ImageNeed> needs;
  needs.push_back({image, std::string()});
  auto images =
      co_await pull_images(session_, std::move(needs), json::object(), operation_id_ + "-prefetch", deadline_);
  if (!images) co_return images.error();
  input.images[spec_.node_image] = images->at(image);
  for (const auto &name : input.names)
    report_.added.push_back(name);
  auto expansion = co_await distribution_->expand(access_, std::move(input), deadline_);
  if (!expansion) co_return expansion.error();
  expansion_ = std::move(*expansion);
  co_return Result<void>();
}

asio::awaitable<Result<void>> Scaling::make_nodes() {
  if (expansion_.announce) {
    Result<void> announced = co_await expansion_.announce();
    if (!announced) co_return announced;
  }
  json labels = cluster_labels(spec_, session_.ksail_version, operation_id_);
  NodeRequest request = node_request(expansion_.nodes, shared_volumes_);
  json body = {{"cluster", cluster_},
               {"network", network_},
               {"labels", std::move(labels)},
               {"nodes", std::move(request.templates)},
               {"operation_id", operation_id_ + "-nodes"}};
  auto answer = co_await call_verb(session_.provider, "create_nodes", std::move(body), std::move(request.blobs),
                                   deadline_, plugins::EventHandler());
  if (!answer) co_return answer.error();
  co_return Result<void>();
}

asio::awaitable<Result<void>> Scaling::wait_ready() {
  std::function<void(std::size_t, std::size_t)> on_change = [this](std::size_t ready, std::size_t total) {
    session_.progress.step_text("ready", std::to_string(ready) + " of " + std::to_string(total) + " Ready");
  };
  // Without a network of its own nothing becomes Ready: registering is all there is to wait for.
  if (spec_.cni == Cni::none) co_return co_await wait_nodes_registered(*client_, report_.added, on_change, deadline_);
  co_return co_await wait_nodes_ready(*client_, report_.added, 0, on_change, deadline_);
}

asio::awaitable<Result<void>> Scaling::forget_node(std::string name) {
  auto removed =
      co_await client_->remove("/api/v1/nodes/" + name, deadline_.min(Deadline::after(std::chrono::seconds(20))));
  if (!removed && removed.error().code != Code::not_found) co_return removed.error();
  co_return Result<void>();
}

/// A failed addition leaves the cluster as it was.
asio::awaitable<Result<void>> Scaling::take_back() {
  Result<void> rolled_back = co_await roll_back(session_, cluster_, operation_id_);
  Work work;
  for (const auto &name : report_.added)
    work.push_back([this, name] { return forget_node(name); });
  ForEachOptions all;
  all.stop_on_failure = false;
  Result<void> forgotten = co_await run_all(std::move(work), all);
  if (!rolled_back) co_return rolled_back;
  co_return forgotten;
}

asio::awaitable<Result<void>> Scaling::grow() {
  Graph graph;
  const auto more = options_.workers - workers_.size();
  const std::string title = "Adding " + std::to_string(more) + (more == 1 ? " worker" : " workers");
  graph.add({"plan", "prepare", "", {}, [this] { return plan_growth(); }});
  graph.add({"nodes", "nodes", title, {"plan"}, [this] { return make_nodes(); }});
  graph.add({"ready", "ready", "Waiting for the nodes", {"nodes"}, [this] { return wait_ready(); }});
  Result<void> grown = co_await graph.run(session_.progress, session_.timing);
  if (grown) co_return grown;
  Error error = grown.error();
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  Result<void> back = co_await take_back();
  if (!back) {
    error.causes.push_back(back.error());
    error.hint = "parts of what was added may be left: `ksail cluster status --nodes --name " + cluster_ + "`";
  }
  co_return error;
}

/// What would be lost is named before anything changes.
asio::awaitable<Result<void>> Scaling::check_losses(DrainPlan &plan) {
  auto planned = co_await plan_drain(*client_, report_.removed, deadline_);
  if (!planned) co_return planned.error();
  plan = std::move(*planned);
  if (options_.force) co_return Result<void>();
  std::string what;
  if (!plan.lost_pods.empty()) what += "\n  pods that nobody would start again: " + listed(plan.lost_pods);
  if (!plan.lost_volumes.empty()) what += "\n  volumes whose content lies on the node: " + listed(plan.lost_volumes);
  if (what.empty()) co_return Result<void>();
  co_return Error(Code::failed_precondition,
                  "scaling cluster '" + cluster_ + "' to " + std::to_string(options_.workers) + " workers would lose" +
                      what,
                  "remove or move them first, or --force to lose them");
}

/// With no worker left, what they ran has to run on the control planes, as in a cluster that was created without any.
asio::awaitable<Result<void>> Scaling::free_control_planes() {
  // Where nodes look after their own taints, taking them away here would not last.
  if (const NodeServices *services = node_services(spec_.distribution)) {
    Result<void> freed =
        co_await services->free_control_planes(session_.executor, access_, running_nodes(nodes_), deadline_);
    if (!freed) co_return freed;
  }
  auto list = co_await client_->get("/api/v1/nodes", deadline_);
  if (!list) co_return list.error();
  for (const auto &node : list->value("items", json::array())) {
    const json taints = node.value(json::json_pointer("/spec/taints"), json::array());
    json rest = json::array();
    for (const auto &taint : taints)
      if (taint.value("key", std::string()) != control_plane_taint) rest.push_back(taint);
    if (rest.size() == taints.size()) continue;
    json body = {{"spec", {{"taints", std::move(rest)}}}};
    auto patched = co_await client_->patch("/api/v1/nodes/" + node["metadata"].value("name", std::string()),
                                           "application/merge-patch+json", std::move(body), deadline_);
    if (!patched) co_return patched.error();
  }
  co_return Result<void>();
}

asio::awaitable<Result<void>> Scaling::empty_nodes(DrainPlan plan) {
  Work work;
  for (const auto &name : report_.removed)
    work.push_back([this, name] { return cordon(*client_, name, true, deadline_); });
  ForEachOptions all;
  Result<void> result = co_await run_all(std::move(work), all);
  if (result && options_.workers == 0) result = co_await free_control_planes();
  if (result && !options_.force) {
    std::function<void(std::size_t, std::size_t)> on_change = [this](std::size_t gone, std::size_t total) {
      session_.progress.step_text("drain", std::to_string(gone) + " of " + std::to_string(total) + " pods moved");
    };
    result = co_await drain(*client_, std::move(plan), on_change, deadline_);
  }
  if (result) co_return result;
  // They stay, so they are to be used again.
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  Work back;
  for (const auto &name : report_.removed)
    back.push_back([this, name] { return cordon(*client_, name, false, Deadline::after(std::chrono::seconds(20))); });
  all.stop_on_failure = false;
  Result<void> undone = co_await run_all(std::move(back), all);
  if (!undone) session_.progress.warning("nodes stay unschedulable: " + undone.error().message);
  co_return result;
}

asio::awaitable<Result<void>> Scaling::remove_nodes() {
  json body = {{"cluster", cluster_}, {"nodes", report_.removed}, {"operation_id", operation_id_ + "-remove"}};
  auto answer = co_await call_verb(session_.provider, "destroy", std::move(body), std::vector<plugins::Blob>(),
                                   deadline_, plugins::EventHandler());
  if (!answer) co_return answer.error();
  // Only now: a kubelet that runs would register its node again.
  Work work;
  for (const auto &name : report_.removed)
    work.push_back([this, name] { return forget_node(name); });
  ForEachOptions all;
  all.stop_on_failure = false;
  co_return co_await run_all(std::move(work), all);
}

asio::awaitable<Result<void>> Scaling::shrink() {
  report_.removed.assign(workers_.begin() + options_.workers, workers_.end());
  DrainPlan plan;
  Result<void> harmless = co_await check_losses(plan);
  if (!harmless) {
    report_.removed.clear();
    co_return harmless;
  }
  Graph graph;
  graph.add({"drain", "drain", "Draining " + listed(report_.removed), {}, [this, &plan] { return empty_nodes(plan); }});
  graph.add({"remove", "nodes", "Removing " + listed(report_.removed), {"drain"}, [this] { return remove_nodes(); }});
  co_return co_await graph.run(session_.progress, session_.timing);
}

asio::awaitable<Result<ScaleReport>> Scaling::run() {
  co_await asio::this_coro::throw_if_cancelled(false);
  auto seen = co_await look();
  if (!seen) co_return seen.error();
  report_.workers = options_.workers;
  if (workers_.size() == options_.workers) co_return report_;
  auto connected = co_await connect();
  if (!connected) co_return connected.error();
  Result<void> scaled = workers_.size() < options_.workers ? co_await grow() : co_await shrink();
  if (!scaled) co_return scaled.error();
  co_return report_;
}

} // namespace

std::vector<std::string> new_worker_names(const std::string &cluster, const std::vector<std::string> &existing,
                                          unsigned more) {
  ClusterSpec spec;
  spec.name = cluster;
  spec.workers = static_cast<unsigned>(existing.size()) + more;
  std::vector<std::string> names;
  for (auto &name : spec.worker_names())
    if (names.size() < more && std::find(existing.begin(), existing.end(), name) == existing.end())
      names.push_back(std::move(name));
  return names;
}

asio::awaitable<Result<ScaleReport>> scale_cluster(Session &session, std::string name, ScaleOptions options,
                                                   Deadline deadline) {
  Scaling scaling(session, std::move(name), std::move(options), deadline);
  auto report = co_await scaling.run();
  co_return report;
}

} // namespace ksail

// SPDX-License-Identifier: Apache-2.0
// create_nodes: every node at once; each is created, gets its files as one archive, and is started. Three calls per
// node and nothing asked in between: address and ports are known because they were chosen here.
#include "container_body.hpp"
#include "engine_error.hpp"
#include "free_port.hpp"
#include "labels.hpp"
#include "node_view.hpp"
#include "request_body.hpp"
#include "verbs.hpp"

#include <chrono>
#include <set>

namespace ksail::docker {

namespace {

using nlohmann::json;

std::int64_t unix_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// One node on its way.
struct NodeInMaking {
  explicit NodeInMaking(NodeTemplate t) : wanted(std::move(t)) {}
  NodeTemplate wanted;
  std::vector<HeldPort> held;
  std::string id;
  bool rivalled = false; ///< another creation of this cluster has the name
  json view;
};

class NodeCreation {
public:
  NodeCreation(Verbs &verbs, Context &context, ClusterSettings cluster, std::vector<NodeInMaking> nodes)
      : verbs_(verbs), context_(context), cluster_(std::move(cluster)), nodes_(std::move(nodes)) {}

  VerbResult run();

private:
  asio::awaitable<Result<void>> refuse_taken_ports();
  asio::awaitable<Result<void>> make(NodeInMaking &node);
  asio::awaitable<Result<bool>> create(NodeInMaking &node);
  asio::awaitable<Result<bool>> create_despite_rivals(NodeInMaking &node);
  asio::awaitable<Result<bool>> adopt(NodeInMaking &node);
  asio::awaitable<Result<void>> place_files(NodeInMaking &node);
  asio::awaitable<Result<http::Response>> start(NodeInMaking &node);
  asio::awaitable<Result<void>> choose_other_ports(NodeInMaking &node);
  asio::awaitable<Result<void>> learn_address(NodeInMaking &node);
  Result<void> choose_ports(NodeInMaking &node, bool local);
  Error start_error(const NodeInMaking &node, const http::Response &answer) const;
  void tell(NodeInMaking &node, bool running);

  Verbs &verbs_;
  Context &context_;
  ClusterSettings cluster_;
  std::vector<NodeInMaking> nodes_;
};

Result<void> NodeCreation::choose_ports(NodeInMaking &node, bool local) {
  node.held.clear();
  for (auto &port : node.wanted.ports) {
    if (!port.chosen) continue;
    if (!local) {
      port.host = guess_port();
      continue;
    }
    auto held = hold_free_port(port.host_address, port.protocol);
    if (!held) return std::move(held.error()).in("cannot create node " + node.wanted.name);
    port.host = held->port();
    node.held.push_back(std::move(*held));
  }
  return Result<void>();
}

/// What was asked for and is taken is said before anything is made. Ports that a node of this very request holds
/// already are fine: the request is being repeated.
asio::awaitable<Result<void>> NodeCreation::refuse_taken_ports() {
  std::vector<std::pair<const NodeInMaking *, const PublishedPort *>> taken;
  for (const auto &node : nodes_)
    for (const auto &port : node.wanted.ports)
      if (!port.chosen && port_is_taken(port.host_address, port.host, port.protocol)) taken.emplace_back(&node, &port);
  if (taken.empty()) co_return Result<void>();
  json ours = json::object();
  if (!cluster_.request_id.empty()) ours[request_label] = cluster_.request_id;
  auto listed = co_await list_containers(verbs_.engine, cluster_.cluster, std::move(ours), context_.deadline());
  if (!listed) co_return listed.error();
  std::set<std::pair<std::string, std::int64_t>> held_by_us;
  if (!cluster_.request_id.empty())
    for (const auto &entry : *listed) {
      const json node = node_from_list_entry(entry);
      for (const auto &port : node["ports"])
        held_by_us.emplace(node["name"], port["host_port"].get<std::int64_t>());
    }
  for (const auto &[node, port] : taken) {
    if (held_by_us.contains({node->wanted.name, port->host})) continue;
    const std::string shown = port->host_address + ":" + std::to_string(port->host);
    co_return Error(Code::already_exists,
                    "cannot publish port " + std::to_string(port->container) + " of node " + node->wanted.name +
                        " at " + shown + ": the port is in use on this host",
                    "stop what listens there (ss -ltnp 'sport = :" + std::to_string(port->host) +
                        "' shows it), or choose another port");
  }
  co_return Result<void>();
}

void NodeCreation::tell(NodeInMaking &node, bool running) {
  const std::string state = running ? "started" : "created";
  context_.event(json{{"event", "node"}, {"name", node.wanted.name}, {"state", state}, {"node", node.view}});
}

/// A container of that name exists: ours from an earlier attempt at this request, or somebody else's. True when it
/// runs.
asio::awaitable<Result<bool>> NodeCreation::adopt(NodeInMaking &node) {
  const std::string &name = node.wanted.name;
  EngineCall call("GET", "/containers/" + http::encode_component(name) + "/json", "look at node " + name);
  auto answer = co_await verbs_.engine.send(std::move(call), context_.deadline());
  if (!answer) co_return answer.error();
  if (answer->status == 404) {
    // Its name is reserved, but it is not there yet: the engine is still at it.
    Error busy(Code::aborted, "cannot create node " + name + ": the engine is still creating a container of that name");
    co_return std::move(busy).retry(std::chrono::milliseconds(200));
  }
  if (answer->status >= 400) co_return engine_error("look at node " + name, answer->status, answer->body);
  const json container = json::parse(answer->body, nullptr, false);
  json view = node_from_inspection(container);
  const json &labels = view["labels"];
  if (view["cluster"] != cluster_.cluster || cluster_.request_id.empty() ||
      labels.value(request_label, std::string()) != cluster_.request_id) {
    const std::string owner = view["cluster"];
    node.rivalled = owner == cluster_.cluster;
    co_return Error(Code::already_exists,
                    "cannot create node " + name + ": a container of that name exists" +
                        (owner.empty() ? std::string() : ", a node of cluster '" + owner + "'"),
                    owner.empty() ? "remove it (docker rm -f " + name + "), or choose another name"
                                  : "delete that cluster, or choose another name");
  }
  node.id = view["id"];
  for (auto &port : node.wanted.ports)
    for (const auto &bound : view["ports"])
      if (bound["container"] == port.container && bound["protocol"] == port.protocol &&
          bound["host_address"] == port.host_address)
        port.host = bound["host_port"];
  node.view = std::move(view);
  const std::string state = node.view["state"];
  co_return state == "running";
}

/// True when it runs already.
asio::awaitable<Result<bool>> NodeCreation::create(NodeInMaking &node) {
  const std::string &name = node.wanted.name;
  auto answer = co_await verbs_.creations.create(cluster_.cluster, name, create_body(node.wanted, cluster_));
  if (!answer) co_return answer.error();
  if (answer->status < 300) {
    const json made = json::parse(answer->body, nullptr, false);
    if (made.is_object()) node.id = made.value("Id", std::string());
    if (node.id.empty()) co_return Error(Code::internal, "cannot create node " + name + ": the engine gave it no id");
    node.view = node_from_template(node.wanted, cluster_, node.id, /*running=*/false, unix_now());
    co_return false;
  }
  const std::string reason = engine_message(answer->body);
  if (answer->status == 409 && reason.find("in use") != std::string::npos) {
    auto running = co_await adopt(node);
    co_return running;
  }
  Error error = engine_error("create node " + name, answer->status, answer->body);
  if (answer->status == 404 && reason.find("image") != std::string::npos)
    error.hint = "the image " + node.wanted.image + " has to be on the engine: pull or build it first";
  co_return error;
}

/// Of two creations at once that cannot see each other, the one that got the first node's name goes on; the other fails
/// by it and takes away what it made, and is waited for.
asio::awaitable<Result<bool>> NodeCreation::create_despite_rivals(NodeInMaking &node) {
  const Deadline patience = context_.deadline().min(Deadline::after(std::chrono::seconds(30)));
  auto pause = std::chrono::milliseconds(100);
  for (;;) {
    node.rivalled = false;
    auto running = co_await create(node);
    if (running || !node.rivalled || &node == &nodes_.front() || patience.passed()) co_return running;
    const bool waited = co_await sleep_for(pause); // not when the first node failed meanwhile
    if (!waited) co_return running;
    pause = std::min(pause * 2, std::chrono::milliseconds(1000));
  }
}

asio::awaitable<Result<void>> NodeCreation::place_files(NodeInMaking &node) {
  std::vector<FileArchive> archives = file_archives(node.wanted, unix_now());
  for (auto &archive : archives) {
    EngineCall call("PUT", "/containers/" + node.id + "/archive?path=" + http::encode_component(archive.folder),
                    "place files in node " + node.wanted.name);
    call.body = std::move(archive.bytes);
    call.content_type = "application/x-tar";
    auto placed = co_await verbs_.engine.require(std::move(call), context_.deadline());
    if (!placed) co_return placed.error();
  }
  co_return Result<void>();
}

asio::awaitable<Result<http::Response>> NodeCreation::start(NodeInMaking &node) {
  for (auto &port : node.held)
    port.release(); // the engine binds them now
  EngineCall call("POST", "/containers/" + node.id + "/start", "start node " + node.wanted.name);
  auto answer = co_await verbs_.engine.send(std::move(call), context_.deadline());
  co_return std::move(answer);
}

/// Somebody took a port in the moment between release and start. Ports cannot be changed in a container that exists.
asio::awaitable<Result<void>> NodeCreation::choose_other_ports(NodeInMaking &node) {
  EngineCall call("DELETE", "/containers/" + node.id + "?force=1&v=1", "remove node " + node.wanted.name);
  auto removed = co_await verbs_.engine.send(std::move(call), context_.deadline());
  if (!removed) co_return removed.error();
  if (removed->status >= 400 && removed->status != 404)
    co_return engine_error("remove node " + node.wanted.name, removed->status, removed->body);
  auto address = verbs_.engine.address();
  if (!address) co_return address.error();
  co_return choose_ports(node, address->local());
}

Error NodeCreation::start_error(const NodeInMaking &node, const http::Response &answer) const {
  Error error = engine_error("start node " + node.wanted.name, answer.status, answer.body);
  const std::string reason = engine_message(answer.body);
  if (is_port_conflict(reason)) {
    std::string ports;
    for (const auto &port : node.wanted.ports)
      ports += (ports.empty() ? "" : ", ") + port.host_address + ":" + std::to_string(port.host);
    error.message = "cannot publish " + ports + " for node " + node.wanted.name + ": the port is in use: " + reason;
  } else if (reason.find("Address already in use") != std::string::npos) {
    error.code = Code::already_exists;
    error.message = "cannot start node " + node.wanted.name + ": its address " + node.wanted.address + " on network " +
                    cluster_.network + " is taken";
    error.hint = "`docker network inspect " + cluster_.network + "` shows by whom";
  }
  return error;
}

/// Only for a node without fixed address: the engine chose one at its start.
asio::awaitable<Result<void>> NodeCreation::learn_address(NodeInMaking &node) {
  EngineCall call("GET", "/containers/" + node.id + "/json", "look at node " + node.wanted.name);
  auto container = co_await verbs_.engine.require_json(std::move(call), context_.deadline());
  if (!container) co_return container.error();
  node.view = node_from_inspection(*container);
  co_return Result<void>();
}

asio::awaitable<Result<void>> NodeCreation::make(NodeInMaking &node) {
  co_await asio::this_coro::throw_if_cancelled(false);
  for (int attempt = 0;; ++attempt) {
    auto running = co_await create_despite_rivals(node);
    if (!running) co_return running.error();
    verbs_.ids.remember(cluster_.cluster, node.wanted.name, node.id);
    if (*running) {
      tell(node, false);
      tell(node, true);
      co_return Result<void>();
    }
    auto placed = co_await place_files(node);
    if (!placed) co_return placed.error();
    tell(node, false);
    auto answer = co_await start(node);
    if (!answer) co_return answer.error();
    if (answer->status < 400) break; // 304: it ran already
    bool all_fixed = true;
    for (const auto &port : node.wanted.ports)
      all_fixed = all_fixed && !port.chosen;
    if (attempt > 0 || all_fixed || !is_port_conflict(engine_message(answer->body)))
      co_return start_error(node, *answer);
    auto changed = co_await choose_other_ports(node);
    if (!changed) co_return changed.error();
  }
  node.view = node_from_template(node.wanted, cluster_, node.id, /*running=*/true, unix_now());
  if (node.wanted.address.empty()) {
    auto learned = co_await learn_address(node);
    if (!learned) co_return learned.error();
  }
  tell(node, true);
  co_return Result<void>();
}

VerbResult NodeCreation::run() {
  auto address = verbs_.engine.address();
  if (!address) co_return address.error();
  // All of them are held before the first is used, so that no two nodes get the same.
  for (auto &node : nodes_)
    if (auto chosen = choose_ports(node, address->local()); !chosen) co_return chosen.error();
  if (address->local()) {
    auto free = co_await refuse_taken_ports();
    if (!free) co_return free.error();
  }
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  for (auto &node : nodes_)
    work.push_back([this, &node] { return make(node); });
  ForEachOptions all_at_once;
  auto made = co_await run_all(std::move(work), all_at_once);
  if (!made) co_return made.error();
  Reply reply;
  auto &nodes = reply.body["nodes"] = json::array();
  for (auto &node : nodes_)
    nodes.push_back(std::move(node.view));
  co_return reply;
}

} // namespace

VerbResult create_nodes(Verbs &verbs, Request request, Context &context) {
  auto name = required_cluster(request);
  if (!name) co_return name.error();
  auto network = required_text(request, "network");
  if (!network) co_return network.error();
  auto labels = optional_labels(request, "labels");
  if (!labels) co_return labels.error();
  for (const auto &[member, value] : request.body.items())
    if (member != "cluster" && member != "network" && member != "labels" && member != "nodes")
      co_return Error(Code::invalid_argument, "create_nodes: unknown member '" + member + "' of the request");
  const auto templates = request.body.find("nodes");
  if (templates == request.body.end() || !templates->is_array())
    co_return Error(Code::invalid_argument, "create_nodes: member 'nodes' of the request has to be an array");
  ClusterSettings cluster;
  cluster.cluster = *name;
  cluster.network = *network;
  cluster.labels = *labels;
  cluster.request_id = request.operation_id;
  std::vector<NodeInMaking> nodes;
  std::set<std::string> names;
  for (const auto &entry : *templates) {
    auto wanted = parse_node_template(entry, request);
    if (!wanted) co_return wanted.error();
    if (!names.insert(wanted->name).second)
      co_return Error(Code::invalid_argument, "create_nodes: two nodes are called '" + wanted->name + "'");
    nodes.emplace_back(std::move(*wanted));
  }
  NodeCreation creation(verbs, context, std::move(cluster), std::move(nodes));
  auto reply = co_await creation.run();
  co_return std::move(reply);
}

} // namespace ksail::docker

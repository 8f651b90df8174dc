// SPDX-License-Identifier: Apache-2.0
// `cluster create`: two graphs in a row. The first finds out what the plan needs (host, images, network), the second is
// the plan itself: nodes, and the distribution's own steps behind the milestones "created:<node>" and "node:<node>".
#include "distributions/distribution.hpp"
#include "distributions/registries.hpp"
#include "kubernetes/kubeconfig.hpp"
#include "orchestrator/cluster.hpp"
#include "orchestrator/cluster_removal.hpp"
#include "orchestrator/graph.hpp"
#include "orchestrator/host_answer.hpp"
#include "orchestrator/image_load.hpp"
#include "orchestrator/image_pulls.hpp"
#include "orchestrator/journal.hpp"
#include "orchestrator/labels.hpp"
#include "orchestrator/local_registry.hpp"
#include "orchestrator/node_guard.hpp"
#include "orchestrator/node_templates.hpp"
#include "orchestrator/operation_id.hpp"
#include "orchestrator/pod_images.hpp"
#include "orchestrator/provider_verbs.hpp"
#include "orchestrator/resource_sampler.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <unistd.h>

#include <algorithm>
#include <tuple>

namespace ksail {

namespace {

using nlohmann::json;

/// For the provider's own checks. An engine that is being started answers well before; nothing is made yet, so whoever
/// waits longer waits for one that is not well without being told.
constexpr std::chrono::seconds longest_preflight(30);

std::string plural(std::size_t n, const char *one) { return std::to_string(n) + " " + one + (n == 1 ? "" : "s"); }

class Creation final : public BootstrapContext {
public:
  Creation(Session &session, ClusterSpec spec, CreateOptions options, const Distribution &distribution)
      : session_(session), options_(std::move(options)), distribution_(distribution),
        access_(session.provider, spec.name), guard_(session.provider, access_, spec.name, session.executor),
        sampler_(session.provider, session.timing, spec.name), deadline_(Deadline::after(options_.timeout)),
        operation_id_(make_operation_id()), labels_(cluster_labels(spec, session.ksail_version, operation_id_)),
        pod_images_(session, spec.name, distribution.pod_images(spec), labels_, operation_id_, deadline_) {
    input_.spec = std::move(spec);
  }

  /// Whether anything may exist that a failed creation has to remove.
  bool made_something() const { return made_something_; }
  const std::string &operation_id() const { return operation_id_; }

  asio::awaitable<Result<void>> run(Journal &journal);
  CreateReport report() const;

  asio::any_io_executor executor() const override { return session_.executor; }
  NodeAccess &access() override { return access_; }
  const NodeFacts &node(std::string_view name) const override {
    const auto found = nodes_.find(name);
    if (found == nodes_.end())
      throw std::logic_error("a step asked for node " + std::string(name) + " before it was up");
    return found->second;
  }
  Deadline deadline() const override { return deadline_; }
  void progress(std::string_view step, std::string text) override { session_.progress.step_text(step, text); }

private:
  const ClusterSpec &spec() const { return input_.spec; }
  void note_step(Journal &journal, std::string state, std::string step);
  asio::awaitable<Result<void>> prepare(Journal &journal);
  asio::awaitable<Result<void>> build(Journal &journal);
  asio::awaitable<Result<void>> preflight();
  asio::awaitable<Result<void>> prefetch();
  asio::awaitable<Result<void>> infrastructure();
  asio::awaitable<Result<void>> make_keys();
  asio::awaitable<Result<void>> make_plan();
  asio::awaitable<Result<void>> make_registry();
  asio::awaitable<Result<void>> tell_of_registry();
  asio::awaitable<Result<void>> place_images();
  asio::awaitable<Result<void>> create_nodes(Graph &graph);
  asio::awaitable<Result<void>> write_kubeconfig();
  void node_event(Graph &graph, const json &event);
  std::string server() const;

  Session &session_;
  CreateOptions options_;
  const Distribution &distribution_;
  ProviderNodeAccess access_;
  NodeGuard guard_;
  ResourceSampler sampler_;
  Deadline deadline_;
  std::string operation_id_;
  json labels_;
  PodImages pod_images_;
  PlanInput input_;
  std::unique_ptr<ClusterPlan> plan_;
  std::map<std::string, NodeFacts, std::less<>> nodes_;
  std::size_t started_ = 0;
  std::vector<std::string> warnings_;
  bool made_something_ = false;
  bool shared_volumes_ = false; ///< the provider offers them
  bool takes_images_ = false;   ///< the provider can put images into nodes
};

void Creation::note_step(Journal &journal, std::string state, std::string step) {
  JournalEntry entry;
  entry.cluster = spec().name;
  entry.provider = session_.provider.id();
  entry.distribution = spec().distribution;
  entry.operation_id = operation_id_;
  entry.state = std::move(state);
  entry.step = std::move(step);
  entry.kubeconfig_file = options_.kubeconfig_file;
  entry.context = options_.context;
  entry.pid = ::getpid();
  if (auto written = journal.write(entry); !written) session_.progress.warning(written.error().message);
}

asio::awaitable<Result<void>> Creation::preflight() {
  // It does no I/O.
  auto description = co_await session_.provider.call("describe", json::object(), deadline_);
  if (!description) co_return description.error();
  const json capabilities = description->body.value("capabilities", json::object());
  for (const auto &needed : distribution_.required_capabilities())
    if (!capabilities.value(needed, false))
      co_return Error(Code::failed_precondition,
                      std::string(distribution_.name()) + " needs '" + needed + "' of its provider, which " +
                          spec().provider + " does not offer",
                      "choose another --distribution or --provider");
  shared_volumes_ = capabilities.value("shared_volumes", false);
  takes_images_ = capabilities.value("images", false);
  for (const auto &[option, wanted, capability] :
       {std::tuple("--local-registry", !spec().local_registry.name.empty(), "registry"),
        std::tuple("--prefetch", !spec().prefetch.empty(), "images")})
    if (wanted && !capabilities.value(capability, false))
      co_return Error(Code::failed_precondition,
                      std::string(option) + " needs '" + capability + "' of the provider, which " + spec().provider +
                          " does not offer",
                      "leave it away, or choose another --provider");
  json body = {{"cluster", spec().name}};
  auto answer = co_await call_verb(session_.provider, "validate", std::move(body), std::vector<plugins::Blob>(),
                                   deadline_.min(Deadline::after(longest_preflight)), plugins::EventHandler());
  if (!answer) co_return answer.error();
  if (const auto existing = answer->body.find("nodes"); existing != answer->body.end() && !existing->empty())
    co_return Error(Code::already_exists,
                    "cluster '" + spec().name + "' already exists (" + plural(existing->size(), "node") + " on " +
                        spec().provider + ")",
                    "`ksail cluster delete -f --name " + spec().name + "` removes it; or give another --name");
  input_.host = parse_host(answer->body);
  for (const auto &warning : answer->body.value("warnings", json::array()))
    if (warning.is_string()) {
      warnings_.push_back(warning.get<std::string>());
      session_.progress.warning(warnings_.back());
    }
  co_return Result<void>();
}

asio::awaitable<Result<void>> Creation::prefetch() {
  std::vector<ImageNeed> needs = distribution_.images(spec());
  if (!spec().local_registry.name.empty())
    needs.push_back({std::string(local_registry_image), "ksail.node-image=registry"});
  for (const auto &ref : spec().prefetch)
    needs.push_back({ref, std::string()});
  if (takes_images_) pod_images_.may_pull(); // begins when this has to wait
  auto images = co_await pull_images(session_, std::move(needs), labels_, operation_id_ + "-prefetch", deadline_);
  if (!images) co_return images.error();
  input_.images = std::move(*images);
  // An image that stands in for the published one brings its own.
  for (const auto &[ref, facts] : input_.images)
    if (ref == spec().node_image && facts.source == "substitute") pod_images_.not_needed();
  co_return Result<void>();
}

asio::awaitable<Result<void>> Creation::infrastructure() {
  made_something_ = true;
  json network = {{"name", "ksail-" + spec().name}, {"ipv6", false}};
  json body = {{"cluster", spec().name},
               {"labels", labels_},
               {"network", std::move(network)},
               {"operation_id", operation_id_ + "-infra"}};
  auto answer = co_await call_verb(session_.provider, "ensure_infrastructure", std::move(body),
                                   std::vector<plugins::Blob>(), deadline_, plugins::EventHandler());
  if (!answer) co_return answer.error();
  input_.network = parse_network(answer->body);
  co_return Result<void>();
}

asio::awaitable<Result<void>> Creation::make_keys() {
  // They take processor time: off the event loop, so that pulls and progress go on.
  asio::thread_pool worker(1);
  auto work = [this]() -> asio::awaitable<Result<std::shared_ptr<const KeyMaterial>>> {
    co_return distribution_.make_keys(spec());
  };
  auto keys = co_await asio::co_spawn(worker, std::move(work), asio::use_awaitable);
  if (!keys) co_return keys.error();
  input_.keys = std::move(*keys);
  co_return Result<void>();
}

asio::awaitable<Result<void>> Creation::make_plan() {
  asio::thread_pool worker(1);
  auto work = [this]() -> asio::awaitable<Result<std::unique_ptr<ClusterPlan>>> {
    co_return distribution_.plan(input_);
  };
  auto plan = co_await asio::co_spawn(worker, std::move(work), asio::use_awaitable);
  if (!plan) co_return plan.error();
  plan_ = std::move(*plan);
  co_return Result<void>();
}

asio::awaitable<Result<void>> Creation::prepare(Journal &journal) {
  note_step(journal, "creating", "prepare");
  Graph graph;
  graph.add({"preflight", "preflight", "Checking " + spec().provider, {}, [this] { return preflight(); }});
  graph.add({"prefetch", "prefetch", "Images", {"preflight"}, [this] { return prefetch(); }});
  graph.add({"infrastructure", "infrastructure", "Network", {"preflight"}, [this] { return infrastructure(); }});
  graph.add({"keys", "prepare", "Keys", {"preflight"}, [this] { return make_keys(); }});
  std::vector<std::string> all = {"prefetch", "infrastructure", "keys"};
  graph.add({"plan", "prepare", "Plan", std::move(all), [this] { return make_plan(); }});
  co_return co_await graph.run(session_.progress, session_.timing);
}

void Creation::node_event(Graph &graph, const json &event) {
  if (event.value("event", std::string()) != "node") return;
  const std::string name = event.value("name", std::string());
  const std::string state = event.value("state", std::string());
  graph.reached("created:" + name);
  if (state != "started" || nodes_.contains(name)) return;
  ProviderNode node = parse_node(event.value("node", json::object()));
  node.name = name;
  nodes_[name] = node.facts();
  ++started_;
  session_.progress.step_text("nodes",
                              std::to_string(started_) + " of " + std::to_string(plan_->nodes().size()) + " up");
  graph.reached("node:" + name);
}

asio::awaitable<Result<void>> Creation::create_nodes(Graph &graph) {
  NodeRequest request = node_request(plan_->nodes(), shared_volumes_);
  json body = {{"cluster", spec().name},
               {"network", input_.network.name},
               {"labels", labels_},
               {"nodes", std::move(request.templates)},
               {"operation_id", operation_id_ + "-nodes"}};
  plugins::EventHandler on_event = [this, &graph](const json &event, const std::vector<plugins::Blob> &) {
    node_event(graph, event);
  };
  auto answer = co_await call_verb(session_.provider, "create_nodes", std::move(body), std::move(request.blobs),
                                   deadline_, std::move(on_event));
  if (!answer) co_return answer.error();
  // A provider without events tells everything in its answer.
  for (const auto &node : answer->body.value("nodes", json::array())) {
    const json event = {
        {"event", "node"}, {"name", node.value("name", std::string())}, {"state", "started"}, {"node", node}};
    node_event(graph, event);
  }
  for (const auto &node : plan_->nodes())
    if (!nodes_.contains(node.name))
      co_return Error(Code::plugin,
                      "the provider said that all nodes were created, but " + node.name + " is not among them");
  pod_images_.may_place();
  co_return Result<void>();
}

std::string Creation::server() const {
  const auto [name, port] = plan_->api_endpoint();
  const auto node = nodes_.find(name);
  if (node == nodes_.end()) return {};
  const auto published = node->second.ports.find(port);
  if (published == node->second.ports.end()) return "https://" + node->second.ipv4 + ":" + std::to_string(port);
  const auto &[address, host_port] = published->second;
  const bool v6 = address.find(':') != std::string::npos;
  return "https://" + (v6 ? "[" + address + "]" : address) + ":" + std::to_string(host_port);
}

asio::awaitable<Result<void>> Creation::make_registry() {
  const auto image = input_.images.find(std::string(local_registry_image));
  if (image == input_.images.end()) co_return Error(Code::internal, "nothing is known of the registry's image");
  json labels = {{label_version, session_.ksail_version}, {label_operation, operation_id_}};
  co_return co_await ensure_local_registry(session_, spec().local_registry, image->second.use, input_.network.name,
                                           std::move(labels), deadline_);
}

asio::awaitable<Result<void>> Creation::tell_of_registry() {
  auto access = kubernetes::parse_access(plan_->kubeconfig(options_.context, server()), options_.context);
  if (!access) co_return access.error();
  kubernetes::Client client(session_.executor, std::move(*access), http::PoolOptions());
  co_return co_await publish_local_registry(client, spec().local_registry, deadline_);
}

asio::awaitable<Result<void>> Creation::place_images() {
  ImageLoadOptions options;
  options.images = spec().prefetch;
  auto placed = co_await load_images(session_, spec().name, std::move(options), deadline_);
  if (!placed) co_return placed.error();
  co_return Result<void>();
}

asio::awaitable<Result<void>> Creation::write_kubeconfig() {
  const std::string text = plan_->kubeconfig(options_.context, server());
  auto merged = kubernetes::merge_kubeconfig(options_.kubeconfig_file, text,
                                             deadline_.min(Deadline::after(std::chrono::seconds(20))));
  if (!merged) co_return merged.error();
  co_return Result<void>();
}

asio::awaitable<Result<void>> Creation::build(Journal &journal) {
  note_step(journal, "creating", "nodes");
  Graph graph({"preflight", "prefetch", "infrastructure", "plan"});
  const auto count = plan_->nodes().size();
  graph.add({"nodes", "nodes", "Starting " + plural(count, "node"), {"plan"}, [this, &graph] {
               return create_nodes(graph);
             }});
  for (const auto &node : plan_->nodes()) {
    graph.add({"created:" + node.name, "nodes", "", {}, nullptr});
    graph.add({"node:" + node.name, "nodes", "", {}, nullptr});
  }
  std::vector<std::string> last = {"nodes"};
  for (auto &step : plan_->steps()) {
    GraphStep entry;
    entry.name = step.name;
    entry.phase = step.phase;
    entry.title = step.title;
    entry.after = step.after;
    entry.run = [this, run = std::move(step.run)] { return run(*this); };
    last.push_back(entry.name);
    graph.add(std::move(entry));
  }
  if (!spec().local_registry.name.empty()) {
    graph.add({"registry", "infrastructure", "Registry", {"plan"}, [this] { return make_registry(); }});
    graph.add({"registry-hosting", "ready", "", last, [this] { return tell_of_registry(); }});
    last.push_back("registry");
    last.push_back("registry-hosting");
  }
  if (!spec().prefetch.empty()) {
    graph.add({"place-images",
               "images",
               "Placing " + plural(spec().prefetch.size(), "image") + " in the nodes",
               {"nodes"},
               [this] { return place_images(); }});
    last.push_back("place-images");
  }
  // Last, so that a context never shows up for a cluster that then goes away again.
  graph.add({"kubeconfig", "ready", "", std::move(last), [this] { return write_kubeconfig(); }});
  const auto steps = [&] { return graph.run(session_.progress, session_.timing); };
  const auto run = [&] { return sampler_.run(steps, input_.host.cpus, deadline_); };
  Result<void> built = co_await guard_.run(run);
  if (built) note_step(journal, "created", "");
  co_return built;
}

asio::awaitable<Result<void>> Creation::run(Journal &journal) {
  const auto work = [this, &journal]() -> asio::awaitable<Result<void>> {
    co_await asio::this_coro::throw_if_cancelled(false);
    Result<void> result = co_await prepare(journal);
    const auto state = co_await asio::this_coro::cancellation_state;
    if (result && state.cancelled() != asio::cancellation_type::none) result = Error(Code::cancelled, "cancelled");
    if (result) result = co_await build(journal);
    co_return result;
  };
  co_return co_await pod_images_.beside(work);
}

CreateReport Creation::report() const {
  CreateReport report;
  report.context = options_.context;
  report.kubeconfig_file = options_.kubeconfig_file;
  report.server = server();
  report.kubernetes_version = plan_->kubernetes_version();
  for (const auto &node : plan_->nodes()) {
    report.nodes.push_back(node.name);
    if (report.node_image.empty()) report.node_image = node.image;
  }
  for (const auto &[ref, facts] : input_.images)
    if (facts.use == report.node_image) report.node_image_source = facts.source;
  report.warnings = warnings_;
  return report;
}

Error timed_out(const Error &error, const CreateOptions &options) {
  Error result = error;
  if (result.code == Code::deadline_exceeded && result.hint.empty())
    result.hint =
        "it had " + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(options.timeout).count()) +
        " s; give more with --timeout, and see `ksail cluster create --retain` and `ksail cluster logs` for what hangs";
  return result;
}

} // namespace

asio::awaitable<Result<CreateReport>> create_cluster(Session &session, ClusterSpec spec, CreateOptions options) {
  // Cancellation is looked at where it matters; after it, rolling back must still be able to wait for things.
  co_await asio::this_coro::throw_if_cancelled(false);
  const Distribution *distribution = find_distribution(spec.distribution);
  if (!distribution) co_return Error(Code::usage, "unknown distribution '" + spec.distribution + "'");
  if (auto checked = distribution->check(spec); !checked) co_return checked.error();
  if (options.context.empty()) options.context = context_name(spec.name);
  auto journal = Journal::open(std::string(session.provider.id()), spec.name);
  if (!journal) co_return journal.error();

  const std::string name = spec.name, registry = spec.local_registry.name;
  Creation creation(session, std::move(spec), options, *distribution);
  Result<void> result = co_await creation.run(*journal);
  if (result) co_return creation.report();

  const Error error = timed_out(result.error(), options);
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  if (!creation.made_something()) {
    journal->remove();
    co_return error;
  }
  if (options.retain) {
    session.progress.note("--retain: what was made of cluster '" + name + "' stays; `ksail cluster delete -f --name " +
                          name + "` removes it");
    co_return error;
  }
  Result<void> rolled_back = co_await roll_back(session, name, creation.operation_id());
  if (rolled_back && !registry.empty()) {
    // Only one that this creation made, and only when no other cluster has come to use it meanwhile.
    json made_here = {{label_operation, creation.operation_id()}};
    auto removed = co_await remove_local_registry(session, registry, std::move(made_here),
                                                  Deadline::after(std::chrono::seconds(30)));
    if (!removed) rolled_back = removed.error();
  }
  if (rolled_back) {
    journal->remove();
    co_return error;
  }
  Error both = error;
  both.causes.push_back(rolled_back.error());
  both.hint = "parts of cluster '" + name + "' are left; `ksail cluster delete -f --name " + name + "` removes them";
  co_return both;
}

std::string context_name(std::string_view cluster) { return "ksail-" + std::string(cluster); }

} // namespace ksail

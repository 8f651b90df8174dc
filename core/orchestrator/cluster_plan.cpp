// SPDX-License-Identifier: Apache-2.0
// What `cluster create` would do, without doing anything.
#include "distributions/distribution.hpp"
#include "orchestrator/cluster.hpp"
#include "orchestrator/graph.hpp"

namespace ksail {

using nlohmann::json;

Result<nlohmann::json> plan_cluster(const ClusterSpec &spec) {
  const Distribution *distribution = find_distribution(spec.distribution);
  if (!distribution) return Error(Code::usage, "unknown distribution '" + spec.distribution + "'");
  if (auto checked = distribution->check(spec); !checked) return checked.error();
  PlanInput input;
  input.spec = spec;
  // An address range of documentation (RFC 5737): nothing is asked and nothing is made.
  input.network = NetworkFacts{"ksail-" + spec.name, "192.0.2.0/24", "192.0.2.1"};
  json images = json::array();
  for (const auto &need : distribution->images(spec)) {
    images.push_back(need.ref);
    input.images[need.ref] = ImageFacts{need.ref, "present", {}};
  }
  auto plan = distribution->plan(input);
  if (!plan) return plan.error();
  json nodes = json::array();
  for (const auto &node : (*plan)->nodes())
    nodes.push_back({{"name", node.name}, {"role", node.role}, {"image", node.image}});
  Graph graph({});
  graph.add({"preflight", "preflight", "", {}, nullptr});
  graph.add({"prefetch", "prefetch", "", {"preflight"}, nullptr});
  graph.add({"infrastructure", "infrastructure", "", {"preflight"}, nullptr});
  graph.add({"keys", "prepare", "", {"preflight"}, nullptr});
  graph.add({"plan", "prepare", "", {"prefetch", "infrastructure", "keys"}, nullptr});
  graph.add({"nodes", "nodes", "", {"plan"}, nullptr});
  for (const auto &node : (*plan)->nodes()) {
    graph.add({"created:" + node.name, "nodes", "", {"plan"}, nullptr});
    graph.add({"node:" + node.name, "nodes", "", {"created:" + node.name}, nullptr});
  }
  std::vector<std::string> last = {"nodes"};
  for (const auto &step : (*plan)->steps()) {
    graph.add({step.name, step.phase, step.title, step.after, nullptr});
    last.push_back(step.name);
  }
  graph.add({"kubeconfig", "ready", "", std::move(last), nullptr});
  auto order = graph.order();
  if (!order) return order.error();
  json steps = json::array();
  for (const auto &name : *order)
    for (const auto &step : graph.steps())
      if (step.name == name) steps.push_back({{"name", step.name}, {"phase", step.phase}, {"after", step.after}});
  return json{{"cluster", spec.name},        {"distribution", spec.distribution}, {"provider", spec.provider},
              {"images", std::move(images)}, {"nodes", std::move(nodes)},         {"steps", std::move(steps)}};
}

} // namespace ksail

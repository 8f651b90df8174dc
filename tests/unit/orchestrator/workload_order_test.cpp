// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload_order.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

using namespace ksail;
using manifests::Object;
using nlohmann::json;
using Need = ApplyStep::Need;

namespace {

Object object(const std::string &api_version, const std::string &kind, const std::string &ns, const std::string &name,
              json rest = json::object()) {
  Object out;
  out.api_version = api_version;
  out.kind = kind;
  out.ns = ns;
  out.name = name;
  rest["apiVersion"] = api_version;
  rest["kind"] = kind;
  rest["metadata"]["name"] = name;
  if (!ns.empty()) rest["metadata"]["namespace"] = ns;
  out.json = rest.dump();
  return out;
}

Object after(const std::string &kind, const std::string &name, const std::string &what) {
  return object("v1", kind, "a", name, {{"metadata", {{"annotations", {{"config.kubernetes.io/depends-on", what}}}}}});
}

Object definition() {
  return object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "widgets.example.org",
                {{"spec",
                  {{"group", "example.org"},
                   {"scope", "Cluster"},
                   {"names", {{"kind", "Widget"}, {"plural", "widgets"}}},
                   {"versions", {{{"name", "v1"}}, {{"name", "v2"}}}}}}});
}

std::optional<Need> need(const ApplyOrder &order, std::size_t of, std::size_t on) {
  for (const auto &edge : order.steps[of].after)
    if (edge.on == on) return edge.need;
  return std::nullopt;
}

/// Whether `later` waits for `earlier` by an edge or behind a gate.
bool waits(const ApplyOrder &order, std::size_t later, std::size_t earlier) {
  if (need(order, later, earlier)) return true;
  const auto &gates = order.steps[earlier].in_gates;
  return std::any_of(order.steps[later].behind_gates.begin(), order.steps[later].behind_gates.end(),
                     [&](std::size_t g) { return std::find(gates.begin(), gates.end(), g) != gates.end(); });
}

/// Plays the graph: the order in which everything starts when every step ends at once. Shorter when something never
/// starts.
std::vector<std::size_t> play(const ApplyOrder &order) {
  std::vector<std::size_t> started, open = order.gate_members;
  std::vector<bool> done(order.steps.size(), false);
  for (bool progress = true; progress;) {
    progress = false;
    for (std::size_t i = 0; i < order.steps.size(); ++i) {
      const auto &step = order.steps[i];
      if (done[i]) continue;
      const bool free =
          std::all_of(step.after.begin(), step.after.end(), [&](const auto &e) { return done[e.on]; }) &&
          std::all_of(step.behind_gates.begin(), step.behind_gates.end(), [&](auto g) { return open[g] == 0; });
      if (!free) continue;
      done[i] = progress = true;
      started.push_back(i);
      for (const auto g : step.in_gates)
        --open[g];
    }
  }
  return started;
}

} // namespace

TEST_CASE("an object waits for its Namespace, named or by default, and nothing waits for the order of the input") {
  const auto order = order_objects({object("v1", "ConfigMap", "a", "x"), object("v1", "ConfigMap", "", "y"),
                                    object("v1", "Namespace", "", "a"), object("v1", "Namespace", "", "home"),
                                    object("v1", "ConfigMap", "b", "z")},
                                   "home");
  CHECK(need(order, 0, 2) == Need::applied);
  CHECK(need(order, 1, 3) == Need::applied);
  CHECK(order.steps[4].after.empty());
}

TEST_CASE("a custom resource waits until its definition is ready, and its mapping is known from it") {
  const auto order = order_objects({object("example.org/v2", "Widget", "", "w"), definition()}, "default");
  CHECK(need(order, 0, 1) == Need::ready);
  REQUIRE(order.defined.contains({"example.org/v2", "Widget"}));
  const auto &info = order.defined.at({"example.org/v2", "Widget"});
  CHECK(info.plural == "widgets");
  CHECK_FALSE(info.namespaced);
}

TEST_CASE("configuration of the own namespace and of the cluster comes before workloads, other namespaces' does not") {
  const auto order =
      order_objects({object("apps/v1", "Deployment", "a", "web"), object("v1", "ConfigMap", "a", "x"),
                     object("v1", "Secret", "b", "y"), object("storage.k8s.io/v1", "StorageClass", "", "fast"),
                     object("v1", "PersistentVolumeClaim", "a", "data"),
                     object("rbac.authorization.k8s.io/v1", "ClusterRole", "", "r"),
                     object("networking.k8s.io/v1", "Ingress", "a", "i")},
                    "default");
  CHECK(waits(order, 0, 1));
  CHECK_FALSE(waits(order, 0, 2));
  CHECK(waits(order, 0, 3));
  CHECK(waits(order, 0, 4));
  CHECK(waits(order, 0, 5));
  CHECK(waits(order, 4, 3));
  CHECK_FALSE(waits(order, 6, 0));
  CHECK(play(order).size() == 7);
}

TEST_CASE("a binding comes after its role") {
  const auto order = order_objects({object("rbac.authorization.k8s.io/v1", "RoleBinding", "a", "b",
                                           {{"roleRef", {{"kind", "Role"}, {"name", "r"}}}}),
                                    object("rbac.authorization.k8s.io/v1", "Role", "a", "r"),
                                    object("rbac.authorization.k8s.io/v1", "Role", "b", "r")},
                                   "default");
  CHECK(need(order, 0, 1) == Need::ended);
  CHECK_FALSE(need(order, 0, 2));
}

TEST_CASE("webhooks come last") {
  const auto order = order_objects(
      {object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "", "w"),
       object("apps/v1", "Deployment", "a", "web"), definition(), object("example.org/v1", "Widget", "", "x")},
      "default");
  const auto started = play(order);
  REQUIRE(started.size() == 4);
  CHECK(started.back() == 0);
}

TEST_CASE("depends-on waits until what it names is ready, in both of its forms") {
  const auto order = order_objects(
      {after("ConfigMap", "x", "apps/namespaces/a/Deployment/web, rbac.authorization.k8s.io/ClusterRole/r"),
       object("apps/v1", "Deployment", "a", "web"), object("rbac.authorization.k8s.io/v1", "ClusterRole", "", "r")},
      "default");
  CHECK(need(order, 0, 1) == Need::ready);
  CHECK(need(order, 0, 2) == Need::ready);
  CHECK_FALSE(order.steps[0].refused);
  // The ConfigMap is in the workload's namespace, whose gate must not wait for it now.
  CHECK(play(order).size() == 3);
}

TEST_CASE("a depends-on that cannot be met refuses the object, not the others") {
  const auto order = order_objects({after("ConfigMap", "x", "/namespaces/a/ConfigMap/absent"),
                                    after("ConfigMap", "y", "one/two"), object("v1", "ConfigMap", "a", "z")},
                                   "default");
  REQUIRE(order.steps[0].refused);
  CHECK_THAT(order.steps[0].refused->message, Catch::Contains("absent"));
  REQUIRE(order.steps[1].refused);
  CHECK_FALSE(order.steps[2].refused);
}

TEST_CASE("objects that wait for each other are refused with all their names, what waits for them is not") {
  const auto order = order_objects({after("ConfigMap", "x", "/namespaces/a/ConfigMap/y"),
                                    after("ConfigMap", "y", "/namespaces/a/ConfigMap/x"),
                                    after("ConfigMap", "z", "/namespaces/a/ConfigMap/x"),
                                    after("ConfigMap", "self", "/namespaces/a/ConfigMap/self")},
                                   "default");
  REQUIRE(order.steps[0].refused);
  REQUIRE(order.steps[1].refused);
  REQUIRE(order.steps[3].refused);
  CHECK_FALSE(order.steps[2].refused);
  CHECK_THAT(order.steps[0].refused->message,
             Catch::Contains("a/x") && Catch::Contains("a/y") && !Catch::Contains("a/z"));
  CHECK(play(order).size() == 4);
}

TEST_CASE("an order of the user's own never makes a gate wait for itself") {
  // A namespace that depends on a webhook, with members the webhook's gate would otherwise wait for.
  auto home = object("v1", "Namespace", "", "a");
  home.json =
      R"({"metadata":{"annotations":{"config.kubernetes.io/depends-on":"admissionregistration.k8s.io/ValidatingWebhookConfiguration/w"}}})";
  const auto order =
      order_objects({home, object("v1", "ConfigMap", "a", "x"), object("apps/v1", "Deployment", "a", "web"),
                     object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "", "w"),
                     object("v1", "ConfigMap", "b", "free")},
                    "default");
  const auto started = play(order);
  REQUIRE(started.size() == 5);
  CHECK(started[0] == 4);
}

TEST_CASE("the same object twice is applied in the order of the input") {
  const auto order =
      order_objects({object("v1", "ConfigMap", "a", "x"), object("v1", "ConfigMap", "a", "x")}, "default");
  CHECK(need(order, 1, 0) == Need::ended);
  CHECK(order.steps[0].after.empty());
}

TEST_CASE("three thousand objects make few edges") {
  std::vector<Object> many{object("v1", "Namespace", "", "a")};
  for (int i = 0; i < 1500; ++i) {
    many.push_back(object("v1", "ConfigMap", "a", "c" + std::to_string(i)));
    many.push_back(object("apps/v1", "Deployment", "a", "d" + std::to_string(i)));
  }
  const auto order = order_objects(many, "default");
  std::size_t edges = 0;
  for (const auto &step : order.steps)
    edges += step.after.size() + step.behind_gates.size() + step.in_gates.size();
  CHECK(edges < 5 * many.size());
  CHECK(play(order).size() == many.size());
}

TEST_CASE("the sequence has everything once, and nothing before what it waits for") {
  std::vector<Object> objects;
  for (int i = 0; i < 50; ++i) {
    const std::string n = std::to_string(i), ns = "n" + std::to_string(i % 3);
    objects.push_back(object("apps/v1", "Deployment", ns, "d" + n));
    objects.push_back(object("v1", "ConfigMap", ns, "c" + n));
  }
  objects.push_back(object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "", "hook"));
  for (int i = 0; i < 3; ++i)
    objects.push_back(object("v1", "Namespace", "", "n" + std::to_string(i)));
  const auto order = order_objects(objects, "default");
  const auto sequence = apply_sequence(order);
  REQUIRE(sequence.size() == objects.size());
  std::vector<std::size_t> at(objects.size(), objects.size());
  for (std::size_t i = 0; i < sequence.size(); ++i)
    at[sequence[i]] = i;
  std::vector<std::size_t> opened(order.gate_members.size(), 0);
  for (std::size_t i = 0; i < objects.size(); ++i) {
    REQUIRE(at[i] < objects.size());
    for (const auto gate : order.steps[i].in_gates)
      opened[gate] = std::max(opened[gate], at[i]);
  }
  for (std::size_t i = 0; i < objects.size(); ++i) {
    for (const auto &edge : order.steps[i].after)
      CHECK(at[edge.on] < at[i]);
    for (const auto gate : order.steps[i].behind_gates)
      if (order.gate_members[gate] > 0) CHECK(opened[gate] < at[i]);
  }
}

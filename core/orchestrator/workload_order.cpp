// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload_order.hpp"

#include "kubernetes/json_field.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <string_view>
#include <tuple>

namespace ksail {

using manifests::Object;
using nlohmann::json;
using Need = ApplyStep::Need;

namespace {

constexpr std::string_view depends_on = "config.kubernetes.io/depends-on";

enum class Stage {
  first,          ///< Namespaces and CustomResourceDefinitions: nothing holds them back
  cluster_config, ///< what workloads of every namespace may refer to
  config,         ///< what workloads of its own namespace may refer to
  workload,
  other,
  last ///< what may refuse everything that comes behind it
};

struct KindStage {
  std::string_view group, kind;
  Stage stage;
};

constexpr std::string_view rbac = "rbac.authorization.k8s.io";
constexpr std::string_view admission = "admissionregistration.k8s.io";

constexpr std::array kind_stages = {
    KindStage{"", "Namespace", Stage::first},
    KindStage{"apiextensions.k8s.io", "CustomResourceDefinition", Stage::first},
    KindStage{rbac, "ClusterRole", Stage::cluster_config},
    KindStage{rbac, "ClusterRoleBinding", Stage::cluster_config},
    KindStage{"storage.k8s.io", "StorageClass", Stage::cluster_config},
    KindStage{"scheduling.k8s.io", "PriorityClass", Stage::cluster_config},
    KindStage{"node.k8s.io", "RuntimeClass", Stage::cluster_config},
    KindStage{"networking.k8s.io", "IngressClass", Stage::cluster_config},
    KindStage{"", "PersistentVolume", Stage::cluster_config},
    KindStage{"", "ServiceAccount", Stage::config},
    KindStage{"", "ConfigMap", Stage::config},
    KindStage{"", "Secret", Stage::config},
    KindStage{"", "PersistentVolumeClaim", Stage::config},
    KindStage{"", "ResourceQuota", Stage::config},
    KindStage{"", "LimitRange", Stage::config},
    KindStage{"", "Service", Stage::config},
    KindStage{"", "Endpoints", Stage::config},
    KindStage{"networking.k8s.io", "NetworkPolicy", Stage::config},
    KindStage{rbac, "Role", Stage::config},
    KindStage{rbac, "RoleBinding", Stage::config},
    KindStage{"", "Pod", Stage::workload},
    KindStage{"", "ReplicationController", Stage::workload},
    KindStage{"apps", "Deployment", Stage::workload},
    KindStage{"apps", "ReplicaSet", Stage::workload},
    KindStage{"apps", "StatefulSet", Stage::workload},
    KindStage{"apps", "DaemonSet", Stage::workload},
    KindStage{"batch", "Job", Stage::workload},
    KindStage{"batch", "CronJob", Stage::workload},
    KindStage{admission, "MutatingWebhookConfiguration", Stage::last},
    KindStage{admission, "ValidatingWebhookConfiguration", Stage::last},
    KindStage{admission, "ValidatingAdmissionPolicy", Stage::last},
    KindStage{admission, "ValidatingAdmissionPolicyBinding", Stage::last},
};

Stage stage_of(const std::string &group, const std::string &kind) {
  const auto row = std::find_if(kind_stages.begin(), kind_stages.end(),
                                [&](const KindStage &r) { return r.group == group && r.kind == kind; });
  return row == kind_stages.end() ? Stage::other : row->stage;
}

/// (group, kind, namespace, name)
using Identity = std::tuple<std::string, std::string, std::string, std::string>;

std::string_view trimmed(std::string_view word) {
  const auto first = word.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return word.substr(first, word.find_last_not_of(" \t\r\n") - first + 1);
}

std::vector<std::string> split(std::string_view list, char separator) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= list.size();) {
    const auto end = std::min(list.find(separator, at), list.size());
    out.emplace_back(trimmed(list.substr(at, end - at)));
    at = end + 1;
  }
  return out;
}

/// The objects, wherever they are.
struct Objects {
  std::size_t count = 0;
  std::function<Object(std::size_t)> head;
  std::function<std::string(std::size_t)> body; ///< as JSON
  std::function<bool(std::size_t)> may_state_dependencies;

  std::size_t size() const { return count; }
  Object operator[](std::size_t i) const { return head(i); }
};

class Orderer {
public:
  Orderer(Objects objects, const std::string &default_namespace)
      : objects_(std::move(objects)), default_namespace_(default_namespace) {
    order_.steps.resize(objects.size());
    names_own_order_.resize(objects.size(), false);
  }

  ApplyOrder build() {
    index();
    for (std::size_t i = 0; i < objects_.size(); ++i)
      edges(i);
    refuse_cycles();
    gates();
    return std::move(order_);
  }

private:
  /// What an object is kept under; cluster-scoped built-in kinds have no namespace.
  std::string namespace_of(const Object &object) const { return object.ns.empty() ? default_namespace_ : object.ns; }

  Identity identity(const Object &object) const {
    const Stage stage = stage_of(object.group(), object.kind);
    const bool cluster = stage == Stage::first || stage == Stage::cluster_config || stage == Stage::last;
    return {object.group(), object.kind, cluster ? "" : namespace_of(object), object.name};
  }

  void index() {
    for (std::size_t i = 0; i < objects_.size(); ++i) {
      const Object object = objects_[i];
      if (!object.generate_name.empty() && object.name.empty()) continue;
      const auto [known, is_new] = at_.try_emplace(identity(object), i);
      if (!is_new) {
        // The same object twice: the later one has the last word, as with kubectl.
        after(i, known->second, Need::ended);
        known->second = i;
      }
      if (object.kind == "CustomResourceDefinition" && object.group() == "apiextensions.k8s.io") define(i);
      if (object.kind == "APIService" && object.group() == "apiregistration.k8s.io") serve(i);
    }
  }

  void define(std::size_t i) {
    const json definition = json::parse(objects_.body(i), nullptr, false);
    const json spec = field(definition, "spec");
    const json names = field(spec, "names");
    kubernetes::ResourceInfo info;
    info.group = text(spec, "group");
    info.kind = text(names, "kind");
    info.plural = text(names, "plural");
    info.namespaced = text(spec, "scope") == "Namespaced";
    const json versions = field(spec, "versions");
    if (!versions.is_array() || info.plural.empty()) return;
    for (const auto &version : versions) {
      info.version = text(version, "name");
      const std::string api_version = info.group + "/" + info.version;
      order_.defined[{api_version, info.kind}] = info;
      definition_[{info.group, info.kind}] = i;
    }
  }

  void serve(std::size_t i) {
    const json service = json::parse(objects_.body(i), nullptr, false);
    const json spec = field(service, "spec");
    if (field(spec, "service").is_object()) served_[text(spec, "group") + "/" + text(spec, "version")] = i;
  }

  void after(std::size_t object, std::size_t other, Need need) {
    order_.steps[object].after.push_back(ApplyStep::Edge{other, need});
  }

  void edges(std::size_t i) {
    const Object object = objects_[i];
    const Stage stage = stage_of(object.group(), object.kind);
    if (stage == Stage::config || stage == Stage::workload || stage == Stage::other) {
      const auto home = at_.find(Identity{"", "Namespace", "", namespace_of(object)});
      // An unknown cluster-scoped kind without namespace must not wait for the default one's sake.
      if (home != at_.end() && home->second != i) after(i, home->second, Need::applied);
    }
    if (const auto defined = definition_.find({object.group(), object.kind}); defined != definition_.end())
      after(i, defined->second, Need::ready);
    else if (const auto served = served_.find(object.api_version); served != served_.end() && served->second != i)
      after(i, served->second, Need::ready);
    if ((object.kind == "RoleBinding" || object.kind == "ClusterRoleBinding") && object.group() == rbac) role_edge(i);
    if (objects_.may_state_dependencies(i)) stated_edges(i);
  }

  void role_edge(std::size_t i) {
    const json binding = json::parse(objects_.body(i), nullptr, false);
    const json role = field(binding, "roleRef");
    const std::string kind = text(role, "kind");
    const Identity wanted{std::string(rbac), kind, kind == "Role" ? namespace_of(objects_[i]) : "", text(role, "name")};
    if (const auto found = at_.find(wanted); found != at_.end()) after(i, found->second, Need::ended);
  }

  /// group/namespaces/NAMESPACE/Kind/name or group/Kind/name, comma separated; the core group is empty.
  void stated_edges(std::size_t i) {
    const json object = json::parse(objects_.body(i), nullptr, false);
    const std::string stated = text(field(field(object, "metadata"), "annotations"), std::string(depends_on).c_str());
    if (stated.empty()) return;
    names_own_order_[i] = true;
    for (const auto &reference : split(stated, ',')) {
      const auto parts = split(reference, '/');
      Identity wanted;
      if (parts.size() == 5 && parts[1] == "namespaces")
        wanted = Identity{parts[0], parts[3], parts[2], parts[4]};
      else if (parts.size() == 3)
        wanted = Identity{parts[0], parts[1], "", parts[2]};
      else {
        refuse(i, "\"" + reference + "\" is neither group/Kind/name nor group/namespaces/NAMESPACE/Kind/name");
        continue;
      }
      auto found = at_.find(wanted);
      if (found == at_.end() && parts.size() == 3) { // a cluster-scoped kind we do not know as such
        std::get<2>(wanted) = default_namespace_;
        found = at_.find(wanted);
      }
      if (found == at_.end())
        refuse(i, "it names " + reference + ", which is not among the objects to apply");
      else
        after(i, found->second, Need::ready);
    }
  }

  void refuse(std::size_t i, const std::string &why) {
    if (order_.steps[i].refused) return;
    order_.steps[i].refused =
        Error(Code::invalid_argument,
              objects_[i].describe() + ": its annotation " + std::string(depends_on) + " cannot be followed: " + why,
              "correct the annotation (" + objects_[i].where.describe() + ")");
  }

  /// Tarjan's components: what is in one with others, or depends on itself, can never start.
  void refuse_cycles() {
    const std::size_t count = objects_.size();
    std::vector<std::size_t> number(count, 0), low(count, 0), stack;
    std::vector<bool> on_stack(count, false);
    std::size_t next = 0;
    struct Frame {
      std::size_t node, edge;
    };
    for (std::size_t root = 0; root < count; ++root) {
      if (number[root] != 0) continue;
      std::vector<Frame> frames{{root, 0}};
      while (!frames.empty()) {
        const std::size_t node = frames.back().node;
        if (frames.back().edge == 0 && number[node] == 0) {
          number[node] = low[node] = ++next;
          stack.push_back(node);
          on_stack[node] = true;
        }
        const auto &after = order_.steps[node].after;
        if (frames.back().edge < after.size()) {
          const std::size_t other = after[frames.back().edge++].on;
          if (number[other] == 0)
            frames.push_back({other, 0});
          else if (on_stack[other])
            low[node] = std::min(low[node], number[other]);
          continue;
        }
        if (low[node] == number[node]) component(node, stack, on_stack);
        frames.pop_back();
        if (!frames.empty()) low[frames.back().node] = std::min(low[frames.back().node], low[node]);
      }
    }
  }

  void component(std::size_t root, std::vector<std::size_t> &stack, std::vector<bool> &on_stack) {
    std::vector<std::size_t> members;
    do {
      members.push_back(stack.back());
      on_stack[stack.back()] = false;
      stack.pop_back();
    } while (members.back() != root);
    const auto &own = order_.steps[root].after;
    const bool self = std::any_of(own.begin(), own.end(), [&](const auto &edge) { return edge.on == root; });
    if (members.size() == 1 && !self) return;
    std::sort(members.begin(), members.end());
    std::string names;
    for (const auto member : members)
      names += (names.empty() ? "" : ", ") + objects_[member].describe();
    for (const auto member : members) {
      refuse(member, "these wait for each other: " + names);
      order_.steps[member].after.clear();
    }
  }

  /// Objects that state their own order, and what waits for them, are in no gate: a gate that waits for them could be
  /// what they wait for.
  std::vector<bool> outside_gates() const {
    std::vector<std::vector<std::size_t>> waiting(objects_.size());
    for (std::size_t i = 0; i < objects_.size(); ++i)
      for (const auto &edge : order_.steps[i].after)
        waiting[edge.on].push_back(i);
    std::vector<bool> outside(objects_.size(), false);
    std::vector<std::size_t> todo;
    for (std::size_t i = 0; i < objects_.size(); ++i)
      if (names_own_order_[i]) todo.push_back(i);
    while (!todo.empty()) {
      const std::size_t i = todo.back();
      todo.pop_back();
      if (outside[i]) continue;
      outside[i] = true;
      todo.insert(todo.end(), waiting[i].begin(), waiting[i].end());
    }
    return outside;
  }

  void gates() {
    const auto outside = outside_gates();
    std::map<std::string, std::size_t> by_name;
    const auto gate = [&](const std::string &name) {
      const auto [at, is_new] = by_name.try_emplace(name, order_.gate_members.size());
      if (is_new) order_.gate_members.push_back(0);
      return at->second;
    };
    const auto join = [&](std::size_t i, std::size_t g) {
      if (outside[i]) return;
      order_.steps[i].in_gates.push_back(g);
      ++order_.gate_members[g];
    };
    const std::size_t cluster = gate("cluster"), rest = gate("rest");
    for (std::size_t i = 0; i < objects_.size(); ++i) {
      ApplyStep &step = order_.steps[i];
      const Stage stage = stage_of(objects_[i].group(), objects_[i].kind);
      if (stage != Stage::last) join(i, rest);
      switch (stage) {
      case Stage::first:
      case Stage::other:
        break;
      case Stage::cluster_config:
        join(i, cluster);
        break;
      case Stage::config:
        join(i, gate("config:" + namespace_of(objects_[i])));
        if (objects_[i].kind == "PersistentVolumeClaim") step.behind_gates.push_back(cluster);
        break;
      case Stage::workload:
        step.behind_gates.push_back(cluster);
        step.behind_gates.push_back(gate("config:" + namespace_of(objects_[i])));
        break;
      case Stage::last:
        step.behind_gates.push_back(rest);
        break;
      }
    }
  }

  Objects objects_;
  const std::string &default_namespace_;
  ApplyOrder order_;
  std::vector<bool> names_own_order_;
  std::map<Identity, std::size_t> at_;
  std::map<std::pair<std::string, std::string>, std::size_t> definition_; ///< (group, kind) -> its CRD
  std::map<std::string, std::size_t> served_;                             ///< apiVersion -> its APIService
};

} // namespace

ApplyOrder order_objects(const std::vector<Object> &objects, const std::string &default_namespace) {
  Objects all;
  all.count = objects.size();
  all.head = [&objects](std::size_t i) { return objects[i]; };
  all.body = [&objects](std::size_t i) { return objects[i].json; };
  all.may_state_dependencies = [&objects](std::size_t i) {
    return objects[i].json.find(depends_on) != std::string::npos;
  };
  return Orderer(std::move(all), default_namespace).build();
}

ApplyOrder order_objects(const ObjectSet &objects, const std::string &default_namespace) {
  Objects all;
  all.count = objects.size();
  all.head = [&objects](std::size_t i) { return objects.head(i); };
  // One that cannot be read again is refused when its turn comes.
  all.body = [&objects](std::size_t i) {
    auto object = objects.read(i);
    return object ? std::move(object->json) : std::string();
  };
  all.may_state_dependencies = [&objects](std::size_t i) { return objects.may_state_dependencies(i); };
  return Orderer(std::move(all), default_namespace).build();
}

} // namespace ksail

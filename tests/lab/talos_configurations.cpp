// SPDX-License-Identifier: Apache-2.0
// Writes what ksail gives to Talos, for talosctl to look at, and compares configurations by their meaning.
//
//   talos_configurations write FOLDER     secrets.yaml, talosconfig, <minor>-<machine>[-metal].yaml for every contract
//   talos_configurations compare A B      ends with 1 and the first difference when the two do not say the same
//   talos_configurations patch CONFIG PATCH   prints the patched configuration
//   talos_configurations secrets FILE     reads a secrets.yaml and prints it as ksail writes it
#include "distributions/talos/config_check.hpp"
#include "distributions/talos/config_patch.hpp"
#include "distributions/talos/machine_config.hpp"
#include "distributions/talos/talosconfig.hpp"
#include "kubernetes/atomic_file.hpp"

#include <algorithm>
#include <iostream>
#include <stdexcept>

using namespace ksail;
using namespace ksail::talos;

namespace {

template <class T> T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

std::string content(const std::string &path) {
  auto text = must(kubernetes::read_whole_file(path));
  if (!text) throw std::runtime_error(path + " is not there");
  return *text;
}

void write(const std::string &folder) {
  const SecretsBundle secrets = must(SecretsBundle::create());
  must(kubernetes::replace_file(folder + "/secrets.yaml", secrets.to_yaml()));
  TalosContext context;
  context.name = "dev";
  context.endpoints = {"127.0.0.1:40000"};
  context.nodes = {"10.5.0.2"};
  context.ca_pem = secrets.os.certificate_pem;
  context.client = must(issue_api_client(secrets, {role_admin}));
  must(merge_talosconfig(folder + "/talosconfig", context, Deadline::never()));
  for (unsigned minor = oldest_minor; minor <= newest_minor; ++minor)
    for (const auto type : {MachineType::controlplane, MachineType::worker})
      for (const bool metal : {false, true}) {
        ClusterConfig cluster;
        cluster.contract = Contract{minor};
        cluster.cluster_name = "dev";
        cluster.endpoint = "https://10.5.0.2:6443";
        cluster.kubernetes_version = "v1.31.4";
        cluster.cert_sans = {"127.0.0.1"};
        if (metal) {
          cluster.install_disk = "/dev/sda";
          cluster.install_image = "ghcr.io/siderolabs/installer:v1.13.0";
        } else {
          cluster.mirrors = {{"registry.k8s.io", {"http://10.5.0.1:5000"}}};
          cluster.inline_manifests = {{"cni", "apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n"}};
          cluster.cni = "none";
          cluster.allow_scheduling_on_control_planes = true;
        }
        const Documents config = machine_config(cluster, secrets, type);
        const std::string name = "1." + std::to_string(minor) +
                                 (type == MachineType::controlplane ? "-controlplane" : "-worker") +
                                 (metal ? "-metal" : "") + ".yaml";
        must(check_config(config, cluster.contract, metal ? MachineMode::metal : MachineMode::container, name));
        must(kubernetes::replace_file(folder + "/" + name, to_yaml(config)));
      }
}

/// The path of the first difference, or nothing. Keys may stand in any order; an empty collection and none are the same, as
/// they are for Talos.
std::string difference(const YamlNode &a, const YamlNode &b, const std::string &path) {
  if (a.kind != b.kind) return path + " (another kind)";
  if (a.is_scalar()) return a.value == b.value || (a.is_null() && b.is_null()) ? "" : path + " (" + a.value + " and " + b.value + ")";
  if (a.is_sequence()) {
    if (a.items.size() != b.items.size()) return path + " (another length)";
    for (std::size_t i = 0; i < a.items.size(); ++i)
      if (auto found = difference(a.items[i], b.items[i], path + "[" + std::to_string(i) + "]"); !found.empty()) return found;
    return "";
  }
  const auto nothing = [](const YamlNode &node) { return node.is_null() || (!node.is_scalar() && node.items.empty()); };
  for (const auto &[one, other] : {std::pair(&a, &b), std::pair(&b, &a)})
    for (std::size_t i = 0; i + 1 < one->items.size(); i += 2) {
      const std::string &key = one->items[i].value;
      const std::string below = path.empty() ? key : path + "." + key;
      const YamlNode *there = other->field(key);
      if (!there) {
        if (!nothing(one->items[i + 1])) return below + " (in one only)";
      } else if (auto found = difference(one->items[i + 1], *there, below); !found.empty()) {
        return found;
      }
    }
  return "";
}

int compare(const std::string &a, const std::string &b) {
  const Documents one = must(kubernetes::parse_yaml_documents(content(a), a));
  const Documents other = must(kubernetes::parse_yaml_documents(content(b), b));
  std::string found = one.size() == other.size() ? "" : "the number of documents";
  for (std::size_t i = 0; found.empty() && i < one.size(); ++i)
    found = difference(one[i], other[i], "");
  if (found.empty()) return 0;
  std::cout << "first difference: " << found << "\n";
  return 1;
}

} // namespace

int main(int argc, char **argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  try {
    if (words.size() == 2 && words[0] == "write") {
      write(words[1]);
    } else if (words.size() == 3 && words[0] == "compare") {
      return compare(words[1], words[2]);
    } else if (words.size() == 3 && words[0] == "patch") {
      Documents config = must(kubernetes::parse_yaml_documents(content(words[1]), words[1]));
      must(apply_config_patch(config, must(parse_config_patch(content(words[2]), words[2]))));
      std::cout << to_yaml(config);
    } else if (words.size() == 2 && words[0] == "secrets") {
      std::cout << must(SecretsBundle::parse(content(words[1]), words[1])).to_yaml();
    } else {
      std::cerr << "usage: talos_configurations write FOLDER | compare A B | patch CONFIG PATCH | secrets FILE\n";
      return 2;
    }
  } catch (const std::exception &e) {
    std::cerr << e.what() << "\n";
    return 1;
  }
  return 0;
}

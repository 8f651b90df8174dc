// SPDX-License-Identifier: Apache-2.0
#include "config/setting.hpp"

#include <ksail/sdk/letter_case.hpp>

#include <array>

namespace ksail::config {

namespace {

using Names = std::array<std::string_view, 1>;
constexpr Names distribution_alias = {"KSAIL_SPEC_DISTRIBUTION"};
constexpr Names source_alias = {"KSAIL_SPEC_SOURCEDIRECTORY"};
constexpr std::array<std::string_view, 2> kubeconfig_alias = {"KSAIL_SPEC_CONNECTION_KUBECONFIG", "KUBECONFIG"};
constexpr Names context_alias = {"KSAIL_SPEC_CONNECTION_CONTEXT"};
constexpr Names timeout_alias = {"KSAIL_SPEC_CONNECTION_TIMEOUT"};
constexpr Names load_balancer_alias = {"KSAIL_LOAD_BALANCER_IMAGE"};
constexpr Names vanilla_alias = {"KSAIL_VANILLA_NODE_IMAGE"};
constexpr Names k3s_alias = {"KSAIL_K3S_NODE_IMAGE"};
constexpr Names talos_alias = {"KSAIL_TALOS_NODE_IMAGE"};

/// One default name for every distribution, so that plain `cluster create` and `cluster delete` belong together.
constexpr std::array all_settings = {
    Setting{key::name, Type::name, "dev", "name of the cluster", {}},
    Setting{key::distribution, Type::distribution, "Vanilla", "what runs on the nodes", distribution_alias},
    Setting{key::provider, Type::provider, "Docker", "where the nodes run", {}},
    Setting{key::control_planes, Type::at_least_one, "1", "number of control plane nodes", {}},
    Setting{key::workers, Type::count, "0", "number of worker nodes", {}},
    Setting{key::kubernetes_version, Type::version, "", "version of Kubernetes; unset: what the node image holds", {}},
    Setting{key::load_balancer_image, Type::image, "", "image in front of several control planes; unset: built-in",
            load_balancer_alias},
    Setting{key::cni, Type::cni, "Default", "Default, or None to bring your own network", {}},
    Setting{key::disable, Type::text, "", "bundled components to leave away, separated by commas", {}},
    Setting{key::registry_mirrors, Type::text, "", "mirrors of registries as HOST=URL, separated by commas", {}},
    Setting{key::local_registry, Type::text, "", "registry that clusters share, as NAME:PORT", {}},
    Setting{key::prefetch, Type::text, "", "images to put into every node of a new cluster, separated by commas", {}},
    Setting{key::api_port, Type::port, "0", "port of this machine that reaches the API server; 0: a free one", {}},
    Setting{key::kubeconfig, Type::path, "", "kubeconfig file; unset: ~/.kube/config", kubeconfig_alias},
    Setting{key::context, Type::text, "", "kubeconfig context; unset: ksail-<name>", context_alias},
    Setting{key::timeout, Type::duration, "", "time a command has; unset: depends on the command", timeout_alias},
    Setting{key::source_directory, Type::path, "k8s", "what `workload apply` applies without -f", source_alias},
    Setting{"spec.vanilla.nodeImage", Type::image, "", "node image of Vanilla clusters; unset: built-in",
            vanilla_alias},
    Setting{"spec.k3s.nodeImage", Type::image, "", "node image of K3s clusters; unset: built-in", k3s_alias},
    Setting{"spec.talos.nodeImage", Type::image, "", "node image of Talos clusters; unset: built-in", talos_alias},
    Setting{key::talos_patches,
            Type::patches,
            "",
            "patches of machine configurations as [ROLE=]FILE, separated by commas",
            {}},
    Setting{key::talos_secrets, Type::path, "", "secrets bundle of talosctl for new clusters; unset: new keys", {}},
    Setting{key::allow_user_plugins, Type::boolean, "false", "also load plugins from $XDG_DATA_HOME/ksail/plugins", {}},
};

} // namespace

std::string key::node_image(std::string_view of) { return "spec." + ascii_lower(of) + ".nodeImage"; }

std::span<const Setting> settings() { return all_settings; }

const Setting *find_setting(std::string_view name) {
  for (const auto &setting : all_settings)
    if (setting.key == name) return &setting;
  return nullptr;
}

std::string environment_name(std::string_view path) {
  std::string name = "KSAIL_" + ascii_upper(path);
  for (char &c : name)
    if (c == '.') c = '_';
  return name;
}

std::vector<std::string> environment_names(const Setting &setting) {
  std::vector<std::string> names = {environment_name(setting.key)};
  for (const auto other : setting.others)
    names.emplace_back(other);
  return names;
}

} // namespace ksail::config

// SPDX-License-Identifier: Apache-2.0
// Every setting there is: its key in ksail.yaml, its type, its default and the environment variables that set it.
#pragma once

#include <ksail/sdk/result.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ksail::config {

namespace key {
inline constexpr std::string_view name = "metadata.name";
inline constexpr std::string_view distribution = "spec.cluster.distribution";
inline constexpr std::string_view provider = "spec.cluster.provider";
inline constexpr std::string_view control_planes = "spec.cluster.controlPlanes";
inline constexpr std::string_view workers = "spec.cluster.workers";
inline constexpr std::string_view kubernetes_version = "spec.cluster.kubernetesVersion";
inline constexpr std::string_view load_balancer_image = "spec.cluster.loadBalancerImage";
inline constexpr std::string_view cni = "spec.cluster.cni";
inline constexpr std::string_view disable = "spec.cluster.disable";
inline constexpr std::string_view registry_mirrors = "spec.cluster.registryMirrors";
inline constexpr std::string_view local_registry = "spec.cluster.localRegistry";
inline constexpr std::string_view prefetch = "spec.cluster.prefetch";
inline constexpr std::string_view api_port = "spec.cluster.apiPort";
inline constexpr std::string_view kubeconfig = "spec.cluster.connection.kubeconfig";
inline constexpr std::string_view context = "spec.cluster.connection.context";
inline constexpr std::string_view timeout = "spec.cluster.connection.timeout";
inline constexpr std::string_view source_directory = "spec.workload.sourceDirectory";
inline constexpr std::string_view allow_user_plugins = "spec.plugins.allowUser";
inline constexpr std::string_view talos_patches = "spec.talos.patches";
inline constexpr std::string_view talos_secrets = "spec.talos.secrets";
/// "spec.vanilla.nodeImage"
std::string node_image(std::string_view distribution_name);
} // namespace key

enum class Type {
  name,         ///< of a cluster: DNS-1123 label, at most 50 characters
  distribution, ///< one of Choices::distributions
  provider,     ///< one of Choices::providers
  at_least_one, ///< a count
  count,        ///< from 0
  port,         ///< 0..65535
  version,      ///< of Kubernetes
  cni,          ///< Default | None
  path,
  patches, ///< "[ROLE=]FILE,...", paths as above
  text,
  duration,
  image, ///< pinned: a tag other than latest, or a digest
  boolean,
};

struct Setting {
  std::string_view key;
  Type type;
  std::string_view fallback;                ///< the default
  std::string_view summary;                 ///< one line
  std::span<const std::string_view> others; ///< further environment variables, weaker than the one made from the key
};

std::span<const Setting> settings();
const Setting *find_setting(std::string_view key);

/// "KSAIL_SPEC_CLUSTER_CONTROLPLANES"
std::string environment_name(std::string_view key);
/// All that set it, strongest first.
std::vector<std::string> environment_names(const Setting &setting);

/// The names that can be chosen from, in display form. What is not among them is refused.
struct Choices {
  std::vector<std::string> distributions;
  std::vector<std::string> providers;
};

/// What values a setting of that type may have, for documents: "a number from 0 to 999".
std::string accepted_values(Type type);

/// The value as it is used and shown ("vanilla" -> "Vanilla", "1.34.2" -> "v1.34.2"). The failure's message says what
/// is wrong with the value without saying where it comes from; its code is Code::config.
Result<std::string> normalise(const Setting &setting, std::string_view text, const Choices &choices);

} // namespace ksail::config

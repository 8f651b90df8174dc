// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos/contract.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>

namespace ksail::talos {

namespace {

struct TalosMinor {
  unsigned minor;
  unsigned oldest_kubernetes, newest_kubernetes;
  const char *kubernetes, *etcd, *coredns, *pause;
};
constexpr std::array<TalosMinor, 5> releases{{
    {9, 27, 32, "v1.32.4", "gcr.io/etcd-development/etcd:v3.5.21", "v1.12.0", "3.10"},
    {10, 28, 33, "v1.33.6", "gcr.io/etcd-development/etcd:v3.5.26", "v1.12.1", "3.10"},
    {11, 29, 34, "v1.34.1", "gcr.io/etcd-development/etcd:v3.6.5", "v1.12.4", "3.10"},
    {12, 30, 35, "v1.35.4", "registry.k8s.io/etcd:v3.6.11", "v1.14.2", "3.10.1"},
    {13, 31, 36, "v1.36.0", "registry.k8s.io/etcd:v3.6.12", "v1.14.6", "3.10.1"},
}};

const TalosMinor &release(Contract contract) { return releases.at(contract.minor - oldest_minor); }

/// The two leading numbers of "v1.13.0".
std::optional<std::pair<unsigned, unsigned>> numbers(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  const char *const end = text.data() + text.size();
  unsigned major = 0;
  unsigned minor = 0;
  const auto [dot, bad_major] = std::from_chars(text.data(), end, major);
  if (bad_major != std::errc() || dot == end || *dot != '.') return std::nullopt;
  const auto [rest, bad_minor] = std::from_chars(dot + 1, end, minor);
  if (bad_minor != std::errc() || (rest != end && *rest != '.' && *rest != '-')) return std::nullopt;
  return std::pair(major, minor);
}

std::string name(unsigned minor) { return "1." + std::to_string(minor); }

constexpr auto since_9 =
    std::to_array<std::string_view>({"EventSinkConfig", "ExtensionServiceConfig", "KmsgLogConfig",
                                     "KubeSpanEndpointsConfig", "NetworkDefaultActionConfig", "NetworkRuleConfig",
                                     "SideroLinkConfig", "TrustedRootsConfig", "VolumeConfig", "WatchdogTimerConfig"});
constexpr auto since_10 =
    std::to_array<std::string_view>({"EthernetConfig", "PCIDriverRebindConfig", "UserVolumeConfig"});
constexpr auto since_11 =
    std::to_array<std::string_view>({"ExistingVolumeConfig", "RawVolumeConfig", "SwapVolumeConfig", "ZswapConfig"});
constexpr auto since_12 = std::to_array<std::string_view>(
    {"BondConfig", "BridgeConfig", "DHCPv4Config", "DHCPv6Config", "DummyLinkConfig", "HCloudVIPConfig",
     "HostnameConfig", "Layer2VIPConfig", "LinkAliasConfig", "LinkConfig", "OOMConfig", "RegistryAuthConfig",
     "RegistryMirrorConfig", "RegistryTLSConfig", "ResolverConfig", "StaticHostConfig", "TimeSyncConfig", "VLANConfig",
     "WireguardConfig"});
constexpr auto since_13 = std::to_array<std::string_view>(
    {"BlackholeRouteConfig", "EnvironmentConfig", "ExternalVolumeConfig", "ImageVerificationConfig", "KubeSpanConfig",
     "RoutingRuleConfig", "TCPProbeConfig", "VRFConfig"});

bool holds(std::span<const std::string_view> list, std::string_view kind) {
  return std::find(list.begin(), list.end(), kind) != list.end();
}

} // namespace

Result<Contract> contract_of(std::string_view talos_version) {
  const auto version = numbers(talos_version);
  if (!version)
    return Error(Code::usage, "'" + std::string(talos_version) + "' is not a Talos version", "write it like v1.13.0");
  if (version->first != 1 || version->second < oldest_minor)
    return Error(Code::usage, "Talos " + std::string(talos_version) + " is not supported",
                 "the oldest that is, is " + name(oldest_minor));
  return Contract{std::min(version->second, newest_minor)};
}

Result<void> check_kubernetes(Contract contract, std::string_view kubernetes_version) {
  const auto version = numbers(kubernetes_version);
  const TalosMinor &talos = release(contract);
  const std::string accepted = "Talos " + name(contract.minor) + " runs Kubernetes " + name(talos.oldest_kubernetes) +
                               " to " + name(talos.newest_kubernetes);
  if (!version || version->first != 1)
    return Error(Code::usage, "'" + std::string(kubernetes_version) + "' is not a Kubernetes version", accepted);
  if (version->second < talos.oldest_kubernetes || version->second > talos.newest_kubernetes)
    return Error(Code::usage,
                 "Talos " + name(contract.minor) + " does not run Kubernetes " + std::string(kubernetes_version),
                 accepted + "; choose another --kubernetes-version or --node-image");
  return {};
}

std::string default_kubernetes(Contract contract) { return release(contract).kubernetes; }

NodeImages node_images(Contract contract, std::string_view kubernetes_version) {
  const TalosMinor &talos = release(contract);
  std::string version(kubernetes_version);
  if (!version.starts_with('v')) version.insert(0, "v");
  const std::string registry = "registry.k8s.io/";
  NodeImages images;
  images.kubelet = "ghcr.io/siderolabs/kubelet:" + version;
  images.etcd = talos.etcd;
  images.pause = registry + "pause:" + talos.pause;
  images.api_server = registry + "kube-apiserver:" + version;
  images.controller_manager = registry + "kube-controller-manager:" + version;
  images.scheduler = registry + "kube-scheduler:" + version;
  images.proxy = registry + "kube-proxy:" + version;
  images.coredns = registry + "coredns/coredns:" + talos.coredns;
  return images;
}

unsigned first_minor_with(std::string_view kind) {
  if (holds(since_9, kind)) return 9;
  if (holds(since_10, kind)) return 10;
  if (holds(since_11, kind)) return 11;
  if (holds(since_12, kind)) return 12;
  if (holds(since_13, kind)) return 13;
  return 0;
}

bool knows_document(Contract contract, std::string_view kind) {
  const unsigned first = first_minor_with(kind);
  return first != 0 && first <= contract.minor;
}

} // namespace ksail::talos

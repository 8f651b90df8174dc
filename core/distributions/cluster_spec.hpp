// SPDX-License-Identifier: Apache-2.0
// What the user asked for, resolved: every default is filled in, nothing is looked up again later.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ksail {

enum class Cni { standard, none }; ///< `--cni Default|None`

/// Where images of a registry are pulled from instead.
struct RegistryMirror {
  std::string host;                   ///< as it stands in image names: "ghcr.io", "localhost:5000"; "*": all others
  std::vector<std::string> endpoints; ///< base URLs as the nodes see them, tried in this order
};

/// A registry beside the clusters, shared by them.
struct LocalRegistry {
  std::string name;             ///< its host name in the networks of the clusters; empty: none
  std::uint16_t host_port = 0;  ///< on the loopback of the machine the provider runs on
};

/// A change of the user's to what machines are told, for distributions whose machines read a configuration.
struct MachinePatch {
  std::string role; ///< "control-plane", "worker"; empty: every machine
  std::string file; ///< what errors name
  std::string text; ///< may hold secrets: never logged, and in no label
};

/// The keys of a cluster in a file of the user's, for distributions that can take them instead of making new ones.
struct SecretsFile {
  std::string file; ///< what errors name; empty: new keys are made
  std::string text; ///< never logged, and in no label
};

struct ClusterSpec {
  std::string name;                    ///< DNS-1123 label, at most 50 characters
  std::string distribution = "Vanilla"; ///< display form
  std::string provider;                 ///< display form, as the provider calls itself
  unsigned control_planes = 1;
  unsigned workers = 0;
  std::string kubernetes_version; ///< "v1.34.2", or empty: what the node image holds
  std::string node_image;         ///< pinned reference
  bool node_image_is_default = false; ///< taken from the built-in table: a local substitute may replace it
  std::string load_balancer_image; ///< what stands in front of several control planes; empty: built-in
  Cni cni = Cni::standard;
  std::vector<std::string> disable; ///< bundled components of the distribution to leave away
  std::vector<RegistryMirror> registry_mirrors;
  LocalRegistry local_registry;
  std::vector<std::string> prefetch; ///< images to be put into every node
  std::vector<MachinePatch> machine_patches; ///< in the order of applying
  SecretsFile secrets;
  std::string pod_subnet = "10.244.0.0/16";
  std::string service_subnet = "10.96.0.0/16";
  std::string api_host_address = "127.0.0.1"; ///< where the API server is published
  std::uint16_t api_host_port = 0;            ///< 0: a free one is chosen

  /// Node names in the order control planes, workers: `dev-control-plane`, `dev-control-plane2`, `dev-worker`, `dev-worker2`, ...
  std::vector<std::string> control_plane_names() const;
  std::vector<std::string> worker_names() const;
};

} // namespace ksail

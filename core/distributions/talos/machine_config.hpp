// SPDX-License-Identifier: Apache-2.0
// The machine configurations of a Talos cluster: what a control plane and what a worker are told before they boot.
//
// Source: siderolabs/talos, pkg/machinery/config (generate, types/v1alpha1), v1.9 to v1.13; the shapes are those of its
// own generator for the same contract. Pure; any thread. The results hold keys: never log them.
#pragma once

#include "distributions/talos/config_tree.hpp"
#include "distributions/talos/contract.hpp"
#include "distributions/talos/secrets.hpp"

#include <string>
#include <utility>
#include <vector>

namespace ksail::talos {

enum class MachineType { controlplane, worker };

/// Where the images of a registry are to be had instead, in the order of trying.
struct RegistryMirror {
  std::string registry; ///< "registry.k8s.io"
  std::vector<std::string> endpoints;
};

struct ClusterConfig {
  Contract contract;
  std::string cluster_name;
  std::string endpoint;           ///< "https://10.5.0.2:6443", reachable for every node
  std::string kubernetes_version; ///< "v1.34.2"
  std::vector<std::string> pod_subnets = {"10.244.0.0/16"};
  std::vector<std::string> service_subnets = {"10.96.0.0/12"};
  std::string dns_domain = "cluster.local";
  std::vector<std::string>
      cert_sans;               ///< further names and addresses of the Talos API's and the API server's certificates
  std::string cni = "flannel"; ///< flannel | custom | none
  std::vector<std::string> cni_urls; ///< of custom: manifests
  bool allow_scheduling_on_control_planes = false;
  /// Talos' load balancer for the API server on every node. It looks only every 20 s whether an API server is there, so
  /// that a cluster becomes ready much later with it.
  bool kube_prism = true;
  /// The kubelet asks machined for its static pods every second instead of every 20: the first time it asks there are
  /// none, as etcd has to be healthy before they are told. And the controller manager and the scheduler, which start
  /// before the API server has allowed them anything, wait for that instead of ending and being started again after 10
  /// and 20 s. They then do without the certificate of the API aggregation, behind which neither of them stands.
  bool quick_control_plane = false;
  std::string install_disk;  ///< "/dev/sda"; empty: no disk is named, as for containers
  std::string install_image; ///< empty: what the running Talos takes by itself
  std::vector<RegistryMirror> mirrors;
  std::vector<std::pair<std::string, std::string>> inline_manifests; ///< name, YAML
  NodeImages images;                                                 ///< empty texts: those of the contract
};

/// The documents for one kind of machine.
Documents machine_config(const ClusterConfig &cluster, const SecretsBundle &secrets, MachineType type);

} // namespace ksail::talos

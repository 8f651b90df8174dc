// SPDX-License-Identifier: Apache-2.0
// What stands in a node's volumes before it starts, beside its configuration. Pure; any thread. Holds keys.
#pragma once

#include "distributions/distribution.hpp"
#include "distributions/talos/secrets.hpp"

#include <string>
#include <vector>

namespace ksail::talos {

/// The kubelet's own certificate and kubeconfig. Without them it asks the API server for a certificate, first at once,
/// when nobody answers yet, and then with growing pauses of up to half a minute. Talos keeps them when the certificate
/// is for the node's name and of the cluster's authority, and writes the server into the kubeconfig itself
/// (siderolabs/talos, KubeletServiceController).
Result<std::vector<NodeFile>> kubelet_files(const SecretsBundle &secrets, const std::string &node_name);

/// The pod network's configuration, which the agent of our own node images would write as soon as it runs: in place
/// before, the node is Ready before. `pod_range` is the node's, "10.244.0.0/24".
NodeFile network_file(const std::string &pod_range);

} // namespace ksail::talos

// SPDX-License-Identifier: Apache-2.0
// What is in a kubeadm node before it starts, file by file. Pure.
#pragma once

#include "distributions/distribution.hpp"
#include "distributions/vanilla/credentials.hpp"
#include "distributions/vanilla/kubeadm_config.hpp"

#include <string>

namespace ksail::vanilla {

inline constexpr int api_port = 6443;

void add_file(NodeTemplate &node, std::string path, std::string content, unsigned mode = 0644);
void add_link(NodeTemplate &node, std::string path, std::string target);
/// A script, its unit, and the link that makes systemd start it at boot.
void add_script(NodeTemplate &node, const std::string &name, const std::string &description, std::string text,
                bool blocking, const std::string &before);

/// A node without files.
NodeTemplate node_template(const ConfigInput &config, const NodeIdentity &identity, const std::string &image);
/// The kubelet of any node, its registries and, unless `pod_range` is empty, its pod network.
void add_kubelet_files(NodeTemplate &node, const ConfigInput &config, const NodeIdentity &identity,
                       const std::string &ca_pem, const pki::KeyPair &client, const std::string &pod_range);
/// What only workers have. `api_address`: a control plane's.
void add_worker_files(NodeTemplate &node, const std::string &service_address, const std::string &api_address);

} // namespace ksail::vanilla

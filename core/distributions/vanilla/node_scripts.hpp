// SPDX-License-Identifier: Apache-2.0
// What runs inside a node: one script per job, started by systemd units that are in the node before it starts. They run
// once: when the node is started again, the unit's condition keeps them from running.
#pragma once

#include <string>

namespace ksail::vanilla {

/// Folder for everything of ours inside a node.
inline constexpr const char *script_folder = "/kind/ksail";
/// Made when the control plane is complete; its absence is the units' condition.
inline constexpr const char *done_marker = "/kind/ksail/done";
inline constexpr const char *failed_marker = "/kind/ksail/failed";

/// Where containerd keeps the file systems of images and containers.
/// Source: https://github.com/containerd/containerd/blob/main/docs/ops.md
inline constexpr const char *snapshotter_folder = "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs";
/// Before containerd starts: the layers that the image has unpacked stay in the image, where all nodes share them, and
/// are linked into the empty volume at `snapshotter_folder`. Copying them would cost every node a second and the disk a
/// third of a gigabyte.
std::string image_layers_script();
/// Writes the static pods of etcd and the API server with kubeadm itself, at boot. `etcd_members` is etcd's
/// --initial-cluster: all members start at once as one cluster, nobody has to join. Only the first control plane's API
/// server starts at boot.
std::string static_pods_script(const std::string &etcd_members, bool first);
/// From "the API server answers" to "all of kubeadm's objects are there".
std::string bootstrap_script(const std::string &service_address, const std::string &node_address);
/// On the other control planes: everything but etcd, once the first API server answers.
std::string follow_script(const std::string &service_address, const std::string &first_address);
/// On workers: reaches the API server's Service address until kube-proxy does.
std::string detour_script(const std::string &service_address, const std::string &first_address);
/// Lets a worker's kubelet start the moment the API server listens: started earlier, it would be in a long back-off by
/// then.
std::string worker_script(const std::string &control_plane_address);
/// Waits for the markers above; prints the log when it failed.
std::string wait_script(unsigned seconds);
/// Asks the DNS Service for kubernetes.default from the network namespace of a pod until it answers with an address.
std::string dns_script(const std::string &dns_address, unsigned seconds);

/// A systemd unit that runs `script` once in the life of the node.
std::string unit_text(const std::string &description, const std::string &script, bool blocking,
                      const std::string &before);

} // namespace ksail::vanilla

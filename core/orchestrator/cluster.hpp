// SPDX-License-Identifier: Apache-2.0
// The verbs of `ksail cluster`, without a word about terminals: each takes resolved input and a provider, and reports
// through a ProgressSink and a timing::Recorder. All run on the executor of `Session`; cancelling the coroutine (asio
// terminal cancellation, what Ctrl-C does) makes create roll back unless `retain`.
#pragma once

#include "distributions/cluster_spec.hpp"
#include "distributions/node_services.hpp"
#include "orchestrator/progress.hpp"
#include "plugins/provider.hpp"
#include "timing/timing.hpp"

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace ksail {

/// What every verb works with. References outlive the call.
struct Session {
  asio::any_io_executor executor;
  plugins::Provider &provider;
  std::string provider_name; ///< display form, "Docker"
  ProgressSink &progress;
  timing::Recorder &timing;
  std::string ksail_version; ///< for the label ksail.version
};

struct CreateOptions {
  bool retain = false; ///< keep what was made when creation fails
  std::chrono::nanoseconds timeout{std::chrono::minutes(10)};
  std::string kubeconfig_file; ///< where the context is merged into
  std::string context;         ///< empty: "ksail-<name>"
};

struct CreateReport {
  std::string context;
  std::string kubeconfig_file;
  std::string server;
  std::string kubernetes_version;
  std::string node_image;
  std::string node_image_source; ///< present | pulled | substitute
  std::vector<std::string> nodes;
  std::vector<std::string> warnings;
};

/// Creates the cluster; Ready when it returns (every node Ready and cluster DNS answering from a pod; with Cni::none:
/// the API answers and every node has registered). already_exists when a cluster or a running creation of that name
/// exists.
asio::awaitable<Result<CreateReport>> create_cluster(Session &session, ClusterSpec spec, CreateOptions options);

/// The steps create would run, in topological order, without doing anything:
/// {"steps":[{"name","phase","after":[]}],"nodes":[...]}.
Result<nlohmann::json> plan_cluster(const ClusterSpec &spec);

struct DeleteReport {
  unsigned nodes = 0, volumes = 0, networks = 0;
  bool existed = false;
  std::string registry;                      ///< that was to be removed too; empty: none
  bool registry_removed = false;
  std::vector<std::string> registry_used_by; ///< clusters for whose sake it stays
};
struct DeleteOptions {
  std::vector<std::string> kubeconfig_files;
  bool with_registry = false;
  std::string registry; ///< its name where no node of the cluster tells
};
/// Removes everything that carries the cluster's label, its kubeconfig entries and its journal. Works from labels alone.
asio::awaitable<Result<DeleteReport>> delete_cluster(Session &session, std::string name, DeleteOptions options,
                                                     Deadline deadline);

struct NodeStatus {
  std::string name, role, state, health, ipv4, image;
  bool ready = false;       ///< Kubernetes' own condition, when asked
  std::string ready_reason; ///< why not
  std::string kubelet_version;
};
struct ClusterStatus {
  std::string name, distribution, provider, kubernetes_version;
  std::string
      state; ///< Ready | NotReady | Unreachable (the API server was asked) or Running (it was not); Stopped | Partial
  std::string detail; ///< why it is not Ready, naming nodes
  std::string server, context;
  std::vector<NodeStatus> nodes;
  /// Asked for with StatusOptions::nodes; nothing where the distribution's nodes have no API that tells.
  std::optional<std::vector<NodeService>> services;
  std::string services_unknown; ///< why they could not be asked for; hides nothing of the rest
};

/// ONE observe call to the provider for everything of that label.
asio::awaitable<Result<std::vector<ClusterStatus>>> list_clusters(Session &session, Deadline deadline);

struct StatusOptions {
  bool nodes = false; ///< also what runs on the nodes beside their pods
  std::vector<std::string> kubeconfig_files;
  std::string context; ///< empty: "ksail-<name>"
};
/// One observe call and, in parallel, one read of the API server. not_found when nothing carries the label.
asio::awaitable<Result<ClusterStatus>> cluster_status(Session &session, std::string name, StatusOptions options,
                                                      Deadline deadline);

/// Starts or stops every node, in parallel; start waits until every node is Ready again.
asio::awaitable<Result<ClusterStatus>> start_cluster(Session &session, std::string name,
                                                     std::vector<std::string> kubeconfig_files, Deadline deadline);
asio::awaitable<Result<void>> stop_cluster(Session &session, std::string name, Deadline deadline);

/// Kubeconfig of a running cluster with its present port, as YAML text.
asio::awaitable<Result<std::string>> cluster_kubeconfig(Session &session, std::string name, std::string context,
                                                        Deadline deadline);

/// Logs of a node (all nodes when `node` is empty); `emit` gets node name and bytes as they come.
struct LogOptions {
  std::string node;
  bool follow = false;
  unsigned tail = 200;
};
asio::awaitable<Result<void>> cluster_logs(Session &session, std::string name, LogOptions options,
                                           std::function<void(std::string_view node, std::string_view bytes)> emit,
                                           Deadline deadline);

/// "ksail-<name>"
std::string context_name(std::string_view cluster);

} // namespace ksail

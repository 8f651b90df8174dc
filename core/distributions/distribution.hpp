// SPDX-License-Identifier: Apache-2.0
// A distribution says what runs on nodes: which images, which files and settings each node gets before it starts, and
// which steps bring the cluster up. It knows no provider; what it needs of one it asks as a capability.
#pragma once

#include "distributions/cluster_spec.hpp"
#include "distributions/image_import.hpp"

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ksail {

/// What is known of the place the nodes will run on (the provider's `validate` answer).
struct HostFacts {
  int cgroup_version = 2;
  unsigned cpus = 1;
  std::string arch = "x86_64";
  std::string backing_filesystem;
  bool rootless = false;
};

struct NetworkFacts {
  std::string name;
  std::string subnet;  ///< IPv4 CIDR
  std::string gateway; ///< IPv4
};

/// An image the cluster needs on the provider's side before nodes are created.
struct ImageNeed {
  std::string ref;
  std::string substitute_label; ///< "key=value" of a local image that may stand in when `ref` cannot be had; or empty
  bool optional = false;        ///< that it cannot be had is no error
};
/// What the provider found for it.
struct ImageFacts {
  std::string use;    ///< reference for node templates
  std::string source; ///< present | pulled | substitute | missing
  std::map<std::string, std::string> labels;
  std::string reason{}; ///< why it is missing
  std::vector<std::string> command{}; ///< what it starts unless told otherwise; empty: not known
};

/// A file placed in a node before it starts. Not below a tmpfs.
struct NodeFile {
  std::string path;
  unsigned mode = 0644;
  std::string content; ///< any bytes; may hold keys: never logged
  std::string symlink; ///< instead of content
};

/// One node as the distribution wants it. `settings` are further members of the provider's node template (see
/// sdk/docs/provider-1.md): env, args, ports, mounts, volumes, tmpfs, privileged, address, ...
struct NodeTemplate {
  std::string name;
  std::string role; ///< control-plane | worker | load-balancer
  std::string image;
  std::vector<NodeFile> files;
  nlohmann::json settings = nlohmann::json::object();
};

/// A node that runs.
struct NodeFacts {
  std::string name;
  std::string role;
  std::string id;
  std::string ipv4;
  std::map<int, std::pair<std::string, std::uint16_t>> ports; ///< container port -> host address, host port
};

struct ExecOutput {
  int exit_code = 0;
  std::string out;
  std::string err;
};

/// Reaching into nodes, on the host's executor.
class NodeAccess {
public:
  virtual ~NodeAccess() = default;
  /// A command that ran and ended with a non-zero code is not an error here.
  virtual asio::awaitable<Result<ExecOutput>> exec(std::string node, std::vector<std::string> argv, std::string standard_input,
                                                   Deadline deadline) = 0;
  /// A tar archive of that path.
  virtual asio::awaitable<Result<std::string>> copy_from(std::string node, std::string path, Deadline deadline) = 0;
  /// Last lines of the node's own log.
  virtual asio::awaitable<Result<std::string>> log_tail(std::string node, unsigned lines, Deadline deadline) = 0;
};

/// What a bootstrap step may use. Lives until every step ended.
class BootstrapContext {
public:
  virtual ~BootstrapContext() = default;
  virtual asio::any_io_executor executor() const = 0;
  virtual NodeAccess &access() = 0;
  /// A node that is up; valid in steps that come after "node:<name>".
  virtual const NodeFacts &node(std::string_view name) const = 0;
  virtual Deadline deadline() const = 0;
  /// One short line about what the running step is doing now ("waiting for 2 of 3 nodes").
  virtual void progress(std::string_view step, std::string text) = 0;
};

/// A step of the graph. `after` names other steps, or "node:<name>" (that node has started) or "created:<name>" (its files are
/// in place, it is about to start).
struct BootstrapStep {
  std::string name;
  std::string phase; ///< bootstrap | cni | join | addons | ready: what the timing table groups by
  std::string title; ///< for people, e.g. "Waiting for the API server"; empty: not shown
  std::vector<std::string> after;
  std::function<asio::awaitable<Result<void>>(BootstrapContext &)> run;
};

/// Keys and certificates that need nothing but the specification: made while images are pulled. What is in it only its
/// distribution knows.
class KeyMaterial {
public:
  virtual ~KeyMaterial() = default;
};

struct PlanInput {
  ClusterSpec spec;
  HostFacts host;
  NetworkFacts network;
  std::map<std::string, ImageFacts> images; ///< by the ref of ImageNeed
  std::shared_ptr<const KeyMaterial> keys;  ///< of make_keys(); null: plan() makes them
};

/// A running cluster that is to get more workers.
struct ExpansionInput {
  ClusterSpec spec; ///< as it was created; `workers` counts those that will be there
  HostFacts host;
  NetworkFacts network;
  std::map<std::string, ImageFacts> images;
  std::vector<NodeFacts> nodes;   ///< that are there, also stopped ones
  std::string control_plane;      ///< one that runs
  std::vector<std::string> names; ///< of the new ones
};
struct Expansion {
  std::vector<NodeTemplate> nodes;
  /// Run before the nodes are made; empty: nothing to do.
  std::function<asio::awaitable<Result<void>>()> announce;
};

/// Everything that can be known before a node exists. Made off the event loop (key generation costs CPU).
class ClusterPlan {
public:
  virtual ~ClusterPlan() = default;
  virtual const std::vector<NodeTemplate> &nodes() const = 0;
  virtual std::vector<BootstrapStep> steps() = 0;
  virtual std::string kubernetes_version() const = 0; ///< "v1.34.2"
  /// Kubeconfig (YAML) with one cluster, user and context, all named `context_name`. Valid once the node that publishes
  /// the API server has started. Holds keys.
  virtual std::string kubeconfig(const std::string &context_name, const std::string &server) const = 0;
  /// Which node and container port publish the API server.
  virtual std::pair<std::string, int> api_endpoint() const = 0;
};

class Distribution {
public:
  virtual ~Distribution() = default;
  virtual std::string_view name() const = 0; ///< "Vanilla"
  /// Capabilities of provider-1.md it cannot do without: {"exec","copy","fixed_address",...}.
  virtual std::vector<std::string> required_capabilities() const = 0;
  /// Bad input: a message that names the option and what is accepted.
  virtual Result<void> check(const ClusterSpec &spec) const = 0;
  virtual std::vector<ImageNeed> images(const ClusterSpec &spec) const = 0;
  /// References of what its own pods run and the node image does not hold, the most urgent first, as far as that is known.
  /// The nodes would pull them one by one; they are fetched ahead where that is possible.
  virtual std::vector<std::string> pod_images(const ClusterSpec &) const { return {}; }
  /// No I/O, any thread. May be null: then there is nothing to prepare.
  virtual Result<std::shared_ptr<const KeyMaterial>> make_keys(const ClusterSpec &) const {
    return std::shared_ptr<const KeyMaterial>();
  }
  /// Does no I/O; may be called on any thread.
  virtual Result<std::unique_ptr<ClusterPlan>> plan(const PlanInput &input) const = 0;
  /// The node image taken when none is given; empty with an explanation in the error when there is none.
  virtual std::string default_node_image(const std::string &kubernetes_version) const = 0;
  /// Kubeconfig of a running cluster, read from a node (for `cluster kubeconfig` and after a port changed).
  virtual asio::awaitable<Result<std::string>> fetch_kubeconfig(NodeAccess &access, std::string node, std::string context_name,
                                                                std::string server, Deadline deadline) const = 0;
  /// More workers for a cluster that runs: what they are made of is read from a control plane. `access` outlives what is
  /// returned. The workers are there when they are Ready.
  virtual asio::awaitable<Result<Expansion>> expand(NodeAccess &access, ExpansionInput input, Deadline deadline) const;
  /// How images get into its nodes; nothing where there is no way but a registry.
  virtual std::optional<ImageImport> image_import() const { return containerd_image_import(); }
};

/// By display name in any case; nullptr when unknown.
const Distribution *find_distribution(std::string_view name);
/// "Vanilla", "K3s", ... as supported by this build, in display order.
std::vector<std::string> distribution_names();

} // namespace ksail

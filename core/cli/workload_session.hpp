// SPDX-License-Identifier: Apache-2.0
// What the verbs of `ksail workload` have in common: which objects are meant, and the cluster they are about.
#pragma once

#include "cli/command_context.hpp"
#include "cli/execution.hpp"
#include "kubernetes/client.hpp"
#include "manifests/object.hpp"
#include "orchestrator/object_set.hpp"

#include <ksail/sdk/result.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ksail::cli {

class WorkloadSession {
public:
  /// Of the cluster in effect: --context, else the cluster that ksail.yaml names, else the current context. `verb` is
  /// for messages: "workload diff". What is wrong with the kubeconfig is said by client(), after what is wrong with the
  /// manifests. Both arguments must outlive it.
  WorkloadSession(CommandContext &context, const config::Settings &settings, std::string verb,
                  bool needs_cluster = true);

  struct Inputs {
    bool source_directory_too = true; ///< without -f and --overlay-path that of ksail.yaml is meant; else Code::usage
    bool last_wins = false;           ///< see ObjectSet
  };
  /// The objects of -f and --overlay-path, in the order they were given, files first. Overlays build side by side.
  Result<std::shared_ptr<ObjectSet>> object_set(Inputs inputs);
  /// The same, all in memory.
  Result<std::vector<manifests::Object>> objects(Inputs inputs);

  /// Of namespaced objects without a namespace: -n, else that of the context, else "default".
  std::string home_namespace() const;
  /// Of the cluster in effect, or why there is none.
  const Result<kubernetes::ClusterAccess> &access() const { return access_; }
  /// Connects meanwhile: to be asked for before the manifests are read. Once; it must go before `execution` does.
  Result<std::shared_ptr<kubernetes::Client>> client(Execution &execution, std::size_t connections);

private:
  Result<void> fill(ObjectSet &set, const std::vector<std::string> &paths, const std::vector<std::string> &overlays,
                    bool recursive);

  CommandContext &context_;
  const config::Settings &settings_;
  std::string verb_;
  Result<kubernetes::ClusterAccess> access_;
};

/// --concurrency within its bounds.
Result<std::size_t> concurrency_of(const Invocation &invocation);

/// --field-manager, as the API server takes it.
Result<std::string> field_manager_of(const Invocation &invocation);

/// "deployment.apps/web", as kubectl writes it.
std::string kubectl_name(const manifests::Object &object);

/// "3 deleted, 1 failed" of words and how often each was, in the order of `order`; words that were not are left out.
std::string count_words(const std::vector<std::string> &words, const std::vector<std::string_view> &order);

} // namespace ksail::cli

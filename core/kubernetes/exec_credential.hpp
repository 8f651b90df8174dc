// SPDX-License-Identifier: Apache-2.0
// Credential plugins of kubeconfig users: a program that prints an ExecCredential.
// Protocol: https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
#pragma once

#include <ksail/sdk/result.hpp>

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace ksail::kubernetes {

struct ExecPlugin {
  enum class Interaction { never, if_available, always };
  std::string api_version; ///< client.authentication.k8s.io/v1 or v1beta1
  std::string command;     ///< a path, or a name that is looked up in PATH
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env; ///< added to this process's own
  std::string install_hint;
  Interaction interaction = Interaction::if_available;
  std::string cluster_json; ///< spec.cluster for plugins with provideClusterInfo, else empty
};

struct ExecCredential {
  std::string token; ///< secret
  std::string certificate_pem, key_pem;
};

/// Value of KUBERNETES_EXEC_INFO.
std::string exec_info(const ExecPlugin &plugin, bool interactive);
/// What the plugin printed. Pure.
Result<ExecCredential> parse_exec_credential(const ExecPlugin &plugin, const std::string &output);

/// Runs the plugin and blocks until it ended; it is killed after `limit`. Its standard input is the terminal when the
/// plugin may interact and there is one, else empty. Errors are Code::unauthenticated and never show what it printed on
/// standard output.
Result<ExecCredential> run_exec_plugin(const ExecPlugin &plugin, std::chrono::milliseconds limit);

} // namespace ksail::kubernetes

// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/exec_credential.hpp"

#include "kubernetes/child_process.hpp"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <unistd.h>

namespace ksail::kubernetes {

using nlohmann::json;

namespace {

Error refused(const ExecPlugin &plugin, const std::string &why) {
  return Error(Code::unauthenticated, "the credential plugin " + plugin.command + " of the kubeconfig " + why,
               plugin.install_hint.empty() ? "run it by hand to see what it says, or log in again"
                                           : plugin.install_hint);
}

std::string last_lines(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
    text.pop_back();
  constexpr std::size_t most = 600;
  if (text.size() > most) text = "..." + text.substr(text.size() - most);
  return text;
}

} // namespace

std::string exec_info(const ExecPlugin &plugin, bool interactive) {
  json spec = json::object();
  spec["interactive"] = interactive;
  if (!plugin.cluster_json.empty()) spec["cluster"] = json::parse(plugin.cluster_json, nullptr, false);
  json info = json::object();
  info["kind"] = "ExecCredential";
  info["apiVersion"] = plugin.api_version;
  info["spec"] = std::move(spec);
  return info.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<ExecCredential> parse_exec_credential(const ExecPlugin &plugin, const std::string &output) {
  const json answer = json::parse(output, nullptr, false);
  if (!answer.is_object()) return refused(plugin, "did not print an ExecCredential");
  const auto text = [](const json &object, const char *key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (text(answer, "kind") != "ExecCredential")
    return refused(plugin, "printed an object of kind \"" + text(answer, "kind") + "\" instead of ExecCredential");
  if (text(answer, "apiVersion") != plugin.api_version)
    return refused(plugin, "answered in version " + text(answer, "apiVersion") + " where the kubeconfig asks for " +
                               plugin.api_version);
  const auto status = answer.find("status");
  if (status == answer.end() || !status->is_object()) return refused(plugin, "gave no status");
  ExecCredential credential;
  credential.token = text(*status, "token");
  credential.certificate_pem = text(*status, "clientCertificateData");
  credential.key_pem = text(*status, "clientKeyData");
  if (credential.certificate_pem.empty() != credential.key_pem.empty())
    return refused(plugin, "gave a client certificate without key, or a key without certificate");
  if (credential.token.empty() && credential.certificate_pem.empty())
    return refused(plugin, "gave neither token nor client certificate");
  return credential;
}

Result<ExecCredential> run_exec_plugin(const ExecPlugin &plugin, std::chrono::milliseconds limit) {
  const bool terminal = ::isatty(STDIN_FILENO) == 1;
  if (plugin.interaction == ExecPlugin::Interaction::always && !terminal)
    return Error(Code::unauthenticated,
                 "the credential plugin " + plugin.command +
                     " wants to ask something, and standard input is no terminal",
                 "log in from a terminal first");
  ChildProcess child;
  child.interactive = terminal && plugin.interaction != ExecPlugin::Interaction::never;
  child.command = plugin.command;
  child.args = plugin.args;
  child.env = plugin.env;
  child.env.emplace_back("KUBERNETES_EXEC_INFO", exec_info(plugin, child.interactive));
  child.limit = limit;
  auto ended = run_child(child);
  if (!ended) {
    if (ended.error().code == Code::not_found) return refused(plugin, "was not found");
    return refused(plugin, ended.error().message);
  }
  if (ended->status != 0) {
    const std::string said = last_lines(ended->errors);
    return refused(plugin, "failed with status " + std::to_string(ended->status) + (said.empty() ? "" : ": " + said));
  }
  return parse_exec_credential(plugin, ended->output);
}

} // namespace ksail::kubernetes

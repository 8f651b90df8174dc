// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos/config_check.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <span>

namespace ksail::talos {

namespace {

constexpr auto main_keys = std::to_array<std::string_view>({"version", "debug", "persist", "machine", "cluster"});
constexpr auto machine_keys = std::to_array<std::string_view>({"type",
                                                               "token",
                                                               "ca",
                                                               "acceptedCAs",
                                                               "certSANs",
                                                               "controlPlane",
                                                               "kubelet",
                                                               "pods",
                                                               "network",
                                                               "disks",
                                                               "install",
                                                               "files",
                                                               "env",
                                                               "time",
                                                               "sysctls",
                                                               "sysfs",
                                                               "registries",
                                                               "systemDiskEncryption",
                                                               "features",
                                                               "udev",
                                                               "logging",
                                                               "kernel",
                                                               "seccompProfiles",
                                                               "baseRuntimeSpecOverrides",
                                                               "nodeLabels",
                                                               "nodeAnnotations",
                                                               "nodeTaints"});
constexpr auto cluster_keys = std::to_array<std::string_view>({"id",
                                                               "secret",
                                                               "controlPlane",
                                                               "clusterName",
                                                               "network",
                                                               "token",
                                                               "aescbcEncryptionSecret",
                                                               "secretboxEncryptionSecret",
                                                               "ca",
                                                               "acceptedCAs",
                                                               "aggregatorCA",
                                                               "serviceAccount",
                                                               "apiServer",
                                                               "controllerManager",
                                                               "proxy",
                                                               "scheduler",
                                                               "discovery",
                                                               "etcd",
                                                               "coreDNS",
                                                               "externalCloudProvider",
                                                               "extraManifests",
                                                               "extraManifestHeaders",
                                                               "inlineManifests",
                                                               "adminKubeconfig",
                                                               "allowSchedulingOnMasters",
                                                               "allowSchedulingOnControlPlanes"});

bool is_url(std::string_view text) {
  const auto scheme = text.find("://");
  if (scheme == std::string_view::npos || scheme == 0) return false;
  return text.size() > scheme + 3 && text[scheme + 3] != '/' && text[scheme + 3] != ':';
}

class Check {
public:
  Check(const Documents &config, Contract contract, MachineMode mode)
      : config_(config), contract_(contract), mode_(mode) {}

  std::vector<ConfigProblem> run() {
    for (const auto &document : config_) {
      if (!document.is_mapping())
        report("", "a document is not a mapping");
      else if (!document.text("kind").empty())
        further_document(document);
      else if (main_)
        report("version", "stands in two documents");
      else
        main_ = &document;
    }
    if (!main_) {
      report("version", "is missing: there is no v1alpha1 document");
      return std::move(problems_);
    }
    keys(*main_, "", main_keys);
    if (text("version") != "v1alpha1") report("version", "is not v1alpha1");
    if (text("persist") == "false") report("persist", "has to be true");
    if (!main_->field("machine"))
      report("machine", "is missing");
    else
      machine();
    if (!main_->field("cluster"))
      report("cluster", "is missing");
    else
      cluster();
    return std::move(problems_);
  }

private:
  void report(std::string field, std::string what) { problems_.push_back({std::move(field), std::move(what)}); }
  const YamlNode *at(std::string_view path) const { return find(*main_, path); }
  std::string text(std::string_view path) const {
    const YamlNode *node = at(path);
    return node && node->is_scalar() && !node->is_null() ? node->value : std::string();
  }
  bool filled(std::string_view path) const {
    const YamlNode *node = at(path);
    return node && !node->is_null() && (node->is_scalar() ? !node->value.empty() : !node->items.empty());
  }

  /// Talos refuses a configuration with a key it does not know.
  void keys(const YamlNode &node, const std::string &path, std::span<const std::string_view> known) {
    std::set<std::string> seen;
    for (std::size_t i = 0; i + 1 < node.items.size(); i += 2) {
      const std::string &key = node.items[i].value;
      const std::string field = path.empty() ? key : path + "." + key;
      if (std::find(known.begin(), known.end(), key) == known.end())
        report(field, "is not known to Talos 1." + std::to_string(contract_.minor));
      if (!seen.insert(key).second) report(field, "stands there twice");
    }
  }

  void further_document(const YamlNode &document) {
    const std::string kind = document.text("kind");
    if (document.text("apiVersion") != "v1alpha1") report(kind + ".apiVersion", "is not v1alpha1");
    const unsigned first = first_minor_with(kind);
    if (first == 0)
      report("kind", kind + " is no kind of configuration document known up to Talos 1.13");
    else if (first > contract_.minor)
      report("kind", kind + " is known from Talos 1." + std::to_string(first) +
                         " on, and this configuration is for 1." + std::to_string(contract_.minor));
    if (!documents_.insert(kind + " " + document.text("name")).second)
      report("kind", kind + " " + document.text("name") + " stands in two documents");
    if (kind == "HostnameConfig") {
      const std::string automatic = document.text("auto");
      hostname_ = !document.text("hostname").empty();
      hostname_document_ = true;
      if (!automatic.empty() && automatic != "stable" && automatic != "off")
        report("HostnameConfig.auto", "is neither stable nor off");
      if (hostname_ && !automatic.empty() && automatic != "off")
        report("HostnameConfig.hostname", "cannot be given together with auto: " + automatic);
      if (!hostname_ && (automatic.empty() || automatic == "off"))
        report("HostnameConfig", "needs one of hostname and auto: stable");
    }
  }

  void machine() {
    const YamlNode &node = *at("machine");
    if (!node.is_mapping()) return report("machine", "is not a mapping");
    keys(node, "machine", machine_keys);
    const std::string type = text("machine.type");
    control_plane_ = type == "controlplane" || type == "init";
    if (type.empty())
      report("machine.type", "is missing");
    else if (!control_plane_ && type != "worker")
      report("machine.type", "is neither controlplane nor worker");
    if (text("machine.token").empty()) report("machine.token", "is missing");
    if (control_plane_) {
      if (!filled("machine.ca.crt")) report("machine.ca.crt", "is missing");
      if (!filled("machine.ca.key")) report("machine.ca.key", "is missing: a control plane signs with it");
    } else {
      if (!filled("machine.ca.crt") && !filled("machine.acceptedCAs")) report("machine.ca.crt", "is missing");
      for (const char *field : {"machine.ca.key", "cluster.ca.key"})
        if (filled(field)) report(field, "must not be given to a worker");
    }
    if (hostname_document_ && filled("machine.network.hostname"))
      report("machine.network.hostname", "is given, and there is a HostnameConfig as well");
    if (mode_ == MachineMode::container) {
      if (text("machine.features.hostDNS.enabled") != "true")
        report("machine.features.hostDNS.enabled", "has to be true in a container");
      if (text("machine.features.hostDNS.forwardKubeDNSToHost") != "true")
        report("machine.features.hostDNS.forwardKubeDNSToHost", "has to be true in a container");
    } else if (text("machine.features.hostDNS.forwardKubeDNSToHost") == "true" &&
               text("machine.features.hostDNS.enabled") != "true") {
      report("machine.features.hostDNS.enabled", "has to be true when forwardKubeDNSToHost is");
    }
    if (mode_ == MachineMode::metal) {
      if (!at("machine.install"))
        report("machine.install", "is missing: Talos would not know where to install");
      else if (!filled("machine.install.disk") && !filled("machine.install.diskSelector"))
        report("machine.install.disk", "is missing, and so is diskSelector");
    }
    if (contract_.minor >= 12 && filled("machine.install.extraKernelArgs") &&
        text("machine.install.grubUseUKICmdline") == "true")
      report("machine.install.extraKernelArgs", "cannot be given together with grubUseUKICmdline");
  }

  void cluster() {
    const YamlNode &node = *at("cluster");
    if (!node.is_mapping()) return report("cluster", "is not a mapping");
    keys(node, "cluster", cluster_keys);
    const std::string endpoint = text("cluster.controlPlane.endpoint");
    if (endpoint.empty())
      report("cluster.controlPlane.endpoint", "is missing");
    else if (!is_url(endpoint))
      report("cluster.controlPlane.endpoint", "is not an absolute URL: " + endpoint);
    if (!control_plane_ && at("cluster.etcd")) report("cluster.etcd", "must not be given to a worker");
    const std::string cni = text("cluster.network.cni.name");
    if (!cni.empty() && cni != "flannel" && cni != "custom" && cni != "none")
      report("cluster.network.cni.name", "is none of flannel, custom, none");
    if (cni == "custom" && !filled("cluster.network.cni.urls"))
      report("cluster.network.cni.urls", "is missing: a custom CNI is given by URLs");
    if (cni != "custom" && filled("cluster.network.cni.urls"))
      report("cluster.network.cni.urls", "is for the custom CNI only");
    if (text("cluster.discovery.enabled") == "true" && text("cluster.discovery.registries.service.disabled") != "true")
      for (const char *field : {"cluster.id", "cluster.secret"})
        if (text(field).empty()) report(field, "is missing: the discovery service needs it");
    inline_manifests();
  }

  void inline_manifests() {
    const YamlNode *manifests = at("cluster.inlineManifests");
    if (!manifests || !manifests->is_sequence()) return;
    std::set<std::string> names;
    for (const auto &manifest : manifests->items) {
      const std::string name = manifest.text("name");
      if (name.empty())
        report("cluster.inlineManifests", "holds one without a name");
      else if (!names.insert(name).second)
        report("cluster.inlineManifests", "holds two named " + name);
    }
  }

  const Documents &config_;
  Contract contract_;
  MachineMode mode_;
  const YamlNode *main_ = nullptr;
  bool control_plane_ = false, hostname_ = false, hostname_document_ = false;
  std::set<std::string> documents_;
  std::vector<ConfigProblem> problems_;
};

} // namespace

std::vector<ConfigProblem> config_problems(const Documents &config, Contract contract, MachineMode mode) {
  return Check(config, contract, mode).run();
}

Result<void> check_config(const Documents &config, Contract contract, MachineMode mode, const std::string &what) {
  const auto problems = config_problems(config, contract, mode);
  if (problems.empty()) return {};
  std::vector<Error> errors;
  for (const auto &problem : problems)
    errors.emplace_back(Code::config, what + ": " + problem.field + (problem.field.empty() ? "" : " ") + problem.what);
  Error first = errors.front();
  first.hint = "Talos would refuse it; `talosctl validate` says the same";
  if (errors.size() > 1) first.causes = std::move(errors);
  return first;
}

} // namespace ksail::talos

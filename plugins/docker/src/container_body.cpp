// SPDX-License-Identifier: Apache-2.0
#include "container_body.hpp"

#include "labels.hpp"
#include "template_member.hpp"

#include <cmath>

namespace ksail::docker {

namespace {

using nlohmann::json;

std::string port_key(const PublishedPort &port) { return std::to_string(port.container) + "/" + port.protocol; }

json health_check(const json &settings) {
  const auto found = settings.find("health_check");
  if (found == settings.end() || !found->is_object()) return nullptr;
  json test = json::array({"CMD"});
  for (const auto &argument : list(*found, "argv"))
    test.push_back(argument);
  json body = {{"Test", std::move(test)}, {"Retries", found->value("retries", 0)}};
  const std::pair<const char *, const char *> times[] = {
      {"Interval", "interval_ms"}, {"Timeout", "timeout_ms"}, {"StartPeriod", "start_period_ms"}};
  for (const auto &[name, member] : times)
    body[name] = found->value(member, std::int64_t{0}) * 1000000; // nanoseconds
  return body;
}

json host_config(const NodeTemplate &node, const ClusterSettings &cluster) {
  const json &t = node.settings;
  json host = {{"NetworkMode", cluster.network}, {"Init", flag(t, "init")}};
  const bool privileged = flag(t, "privileged");
  host["Privileged"] = privileged;
  // An engine that maps user ids refuses privileged containers in the mapped namespace; others ignore this.
  if (privileged) host["UsernsMode"] = "host";
  if (flag(t, "read_only_root")) host["ReadonlyRootfs"] = true;
  if (const std::string mode = text_or(t, "cgroup_namespace", ""); !mode.empty()) host["CgroupnsMode"] = mode;
  if (const auto options = list(t, "security_options"); !options.empty()) host["SecurityOpt"] = options;
  if (const auto found = t.find("sysctls"); found != t.end() && found->is_object() && !found->empty())
    host["Sysctls"] = *found;

  json binds = json::array();
  for (const auto &mount : list(t, "mounts")) {
    std::string bind = text_or(mount, "source", "") + ":" + text_or(mount, "target", "");
    std::string options;
    for (const auto &option : list(mount, "options"))
      options += (options.empty() ? "" : ",") + option.get<std::string>();
    if (!options.empty()) bind += ":" + options;
    binds.push_back(std::move(bind));
  }
  if (!binds.empty()) host["Binds"] = std::move(binds);

  // Volumes without a name go away with their container. Unlike those of the member "Volumes" they can carry labels:
  // one that is being filled shows that a container is being made which the engine does not list yet.
  json volume_labels = cluster.labels;
  volume_labels[cluster_label] = cluster.cluster;
  json mounts = json::array();
  for (const auto &entry : list(t, "volumes")) {
    const auto [target, option] = split_options(entry.get<std::string>());
    json mount = {{"Type", "volume"}, {"Target", target}, {"VolumeOptions", {{"Labels", volume_labels}}}};
    if (option == empty_volume) mount["VolumeOptions"]["NoCopy"] = true;
    mounts.push_back(std::move(mount));
  }
  for (const auto &shared : list(t, "shared_volumes"))
    mounts.push_back({{"Type", "volume"},
                      {"Source", "ksail-" + cluster.cluster + "-" + text_or(shared, "name", "")},
                      {"Target", text_or(shared, "target", "")},
                      {"VolumeOptions", {{"Labels", volume_labels}, {"NoCopy", true}}}});
  if (!mounts.empty()) host["Mounts"] = std::move(mounts);

  json tmpfs = json::object();
  for (const auto &entry : list(t, "tmpfs")) {
    const auto [path, options] = split_options(entry.get<std::string>());
    tmpfs[path] = options;
  }
  if (!tmpfs.empty()) host["Tmpfs"] = std::move(tmpfs);

  json devices = json::array();
  for (const auto &entry : list(t, "devices")) { // path[:path in the node[:permissions]]
    const auto [outside, rest] = split_options(entry.get<std::string>());
    const auto [inside, permissions] = split_options(rest);
    devices.push_back({{"PathOnHost", outside},
                       {"PathInContainer", inside.empty() ? outside : inside},
                       {"CgroupPermissions", permissions.empty() ? "rwm" : permissions}});
  }
  if (!devices.empty()) host["Devices"] = std::move(devices);

  json bindings = json::object();
  for (const auto &port : node.ports)
    bindings[port_key(port)].push_back({{"HostIp", port.host_address}, {"HostPort", std::to_string(port.host)}});
  if (!bindings.empty()) host["PortBindings"] = std::move(bindings);

  if (const auto found = t.find("restart"); found != t.end() && found->is_object()) {
    const std::string policy = text_or(*found, "policy", "no");
    host["RestartPolicy"]["Name"] = policy;
    host["RestartPolicy"]["MaximumRetryCount"] = policy == "on-failure" ? found->value("max_retries", 0) : 0;
  }
  if (const auto found = t.find("resources"); found != t.end() && found->is_object()) {
    if (const auto memory = found->value("memory_bytes", std::int64_t{0}); memory > 0) host["Memory"] = memory;
    if (const auto cpus = found->value("cpus", 0.0); cpus > 0) host["NanoCpus"] = std::llround(cpus * 1e9);
  }
  return host;
}

} // namespace

json container_labels(const NodeTemplate &node, const ClusterSettings &cluster) {
  json labels = node.labels;
  for (const auto &[key, value] : cluster.labels.items())
    labels[key] = value;
  labels[cluster_label] = cluster.cluster;
  if (!node.role.empty()) labels[role_label] = node.role;
  if (!cluster.request_id.empty()) labels[request_label] = cluster.request_id;
  return labels;
}

json create_body(const NodeTemplate &node, const ClusterSettings &cluster) {
  const json &t = node.settings;
  json body = {{"Image", node.image},
               {"Hostname", text_or(t, "hostname", node.name)},
               {"Tty", flag(t, "tty")},
               {"Labels", container_labels(node, cluster)},
               {"HostConfig", host_config(node, cluster)}};
  if (const auto entrypoint = list(t, "entrypoint"); !entrypoint.empty()) body["Entrypoint"] = entrypoint;
  if (const auto args = list(t, "args"); !args.empty()) body["Cmd"] = args;
  json env = json::array();
  if (const auto found = t.find("env"); found != t.end() && found->is_object())
    for (const auto &[key, value] : found->items())
      env.push_back(key + "=" + value.get<std::string>());
  if (!env.empty()) body["Env"] = std::move(env);
  json exposed = json::object();
  for (const auto &port : node.ports)
    exposed[port_key(port)] = json::object();
  if (!exposed.empty()) body["ExposedPorts"] = std::move(exposed);
  if (auto check = health_check(t); !check.is_null()) body["Healthcheck"] = std::move(check);

  json endpoint = json::object();
  if (!node.address.empty()) endpoint["IPAMConfig"]["IPv4Address"] = node.address;
  if (const auto aliases = list(t, "network_aliases"); !aliases.empty()) endpoint["Aliases"] = aliases;
  body["NetworkingConfig"]["EndpointsConfig"][cluster.network] = std::move(endpoint);
  return body;
}

} // namespace ksail::docker

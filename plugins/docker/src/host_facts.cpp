// SPDX-License-Identifier: Apache-2.0
#include "host_facts.hpp"

#include "answer_member.hpp"

namespace ksail::docker {

namespace {

using nlohmann::json;

/// A flag that is absent is of an engine that does not know it: no reason to warn.
bool supported(const json &object, const char *name) {
  const auto found = object.find(name);
  return found == object.end() || !found->is_boolean() || found->get<bool>();
}

/// DriverStatus is a list of pairs.
std::string driver_status(const json &info, const char *name) {
  const auto status = info.find("DriverStatus");
  if (status == info.end() || !status->is_array()) return {};
  for (const auto &pair : *status)
    if (pair.is_array() && pair.size() == 2 && pair[0] == name && pair[1].is_string())
      return pair[1].get<std::string>();
  return {};
}

std::string backing_filesystem(const json &info) {
  std::string name = driver_status(info, "Backing Filesystem");
  if (name == "extfs") return "ext4"; // the engine's word for all of ext2 to ext4
  return name;
}

} // namespace

bool is_rootless(const json &info) {
  const auto options = info.find("SecurityOptions");
  if (options == info.end() || !options->is_array()) return false;
  for (const auto &option : *options)
    if (option.is_string() && option.get<std::string>().find("name=rootless") != std::string::npos) return true;
  return false;
}

int cgroup_version(const json &info) { return text(info, "CgroupVersion") == "1" ? 1 : 2; }

json host_facts(const json &info, const std::string &api_version) {
  return {{"arch", text(info, "Architecture")},
          {"cpus", info.value("NCPU", 0)},
          {"memory_bytes", info.value("MemTotal", std::int64_t{0})},
          {"cgroup_version", cgroup_version(info)},
          {"kernel", text(info, "KernelVersion")},
          {"engine", text(info, "ServerVersion")},
          {"api", api_version},
          {"rootless", is_rootless(info)},
          {"backing_filesystem", backing_filesystem(info)},
          {"storage_driver", text(info, "Driver")}};
}

std::vector<std::string> host_warnings(const json &info) {
  std::vector<std::string> warnings;
  if (text(info, "OSType") == "windows")
    warnings.emplace_back("the engine runs Windows containers; nodes need Linux ones");
  if (is_rootless(info)) {
    if (cgroup_version(info) == 1)
      warnings.emplace_back("rootless Docker on cgroup v1 cannot limit or delegate resources; cgroup v2 is needed");
    for (const char *limit : {"MemoryLimit", "PidsLimit", "CPUShares"})
      if (!supported(info, limit))
        warnings.emplace_back(
            std::string("rootless Docker without ") + limit +
            ": delegate the cgroup controllers to the user (systemd: Delegate=yes for user@.service)");
  }
  if (!supported(info, "IPv4Forwarding"))
    warnings.emplace_back("IPv4 forwarding is off on the engine's host (sysctl net.ipv4.ip_forward=1)");
  const std::string driver = text(info, "Driver");
  if (driver == "vfs" || driver == "devicemapper" || driver == "aufs")
    warnings.emplace_back("storage driver " + driver + " is slow; overlay2 is recommended");
  return warnings;
}

} // namespace ksail::docker

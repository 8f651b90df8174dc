// SPDX-License-Identifier: Apache-2.0
// diagnose: what could keep nodes from working, each with its remedy. Never fails because a check does.
#include "answer_member.hpp"
#include "engine_error.hpp"
#include "host_facts.hpp"
#include "verbs.hpp"

#include <sys/statvfs.h>

#include <cstdlib>

namespace ksail::docker {

namespace {

using nlohmann::json;

class Report {
public:
  void add(const char *name, const char *status, std::string message, std::string hint) {
    json check = {{"name", name}, {"status", status}, {"message", std::move(message)}};
    if (!hint.empty()) check["hint"] = std::move(hint);
    checks_.push_back(std::move(check));
  }
  Reply reply() && {
    Reply reply;
    reply.body["checks"] = std::move(checks_);
    return reply;
  }

private:
  json checks_ = json::array();
};

std::string gibibytes(double bytes) {
  const auto tenths = static_cast<long>(bytes / (1 << 30) * 10);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " GiB";
}

void check_cgroups(Report &report, const json &info) {
  const int version = cgroup_version(info);
  const std::string driver = text(info, "CgroupDriver");
  const std::string message =
      "cgroup v" + std::to_string(version) + ", driver " + (driver.empty() ? "unknown" : driver);
  if (is_rootless(info) && version == 1)
    report.add("cgroup", "fail", message + ", rootless",
               "rootless Docker needs cgroup v2 (boot with systemd.unified_cgroup_hierarchy=1)");
  else if (version == 1)
    report.add("cgroup", "warn", message + ": works, but is deprecated everywhere",
               "boot with systemd.unified_cgroup_hierarchy=1");
  else
    report.add("cgroup", "ok", message, "");
}

void check_storage(Report &report, const json &info, bool local) {
  const std::string driver = text(info, "Driver");
  const json facts = host_facts(info, "");
  const std::string message = driver + " on " + text(facts, "backing_filesystem");
  if (driver == "vfs" || driver == "devicemapper" || driver == "aufs")
    report.add("storage", "warn", message + " is slow", "use the overlay2 driver (\"storage-driver\" in daemon.json)");
  else
    report.add("storage", "ok", message, "");
  const std::string root = text(info, "DockerRootDir");
  struct statvfs space{};
  if (!local || root.empty() || ::statvfs(root.c_str(), &space) != 0) return; // only its host can tell
  const double free = static_cast<double>(space.f_bavail) * static_cast<double>(space.f_frsize);
  const std::string left = gibibytes(free) + " free for the engine in " + root;
  const char *hint = "`docker system df` shows what uses it, `docker system prune` frees it";
  if (free < 2.0 * (1 << 30))
    report.add("disk", "fail", left, hint);
  else if (free < 10.0 * (1 << 30))
    report.add("disk", "warn", left, hint);
  else
    report.add("disk", "ok", left, "");
}

void check_memory(Report &report, const json &info) {
  const double memory = info.value("MemTotal", 0.0);
  const std::string message = gibibytes(memory) + " memory, " + std::to_string(info.value("NCPU", 0)) + " processors";
  if (memory < 2.0 * (1 << 30))
    report.add("memory", "warn", message, "a node that runs a control plane wants 2 GiB");
  else
    report.add("memory", "ok", message, "");
}

/// Every node runs an init system and many watchers: the kernel's defaults are used up after a few nodes.
void check_inotify(Report &report) {
  struct Limit {
    const char *name;
    long wanted;
  };
  for (const auto &limit : {Limit{"max_user_instances", 512}, Limit{"max_user_watches", 524288}}) {
    const auto value = read_file_if_there(std::string("/proc/sys/fs/inotify/") + limit.name);
    if (!value || !*value) continue;
    const long have = std::atol((*value)->c_str());
    const std::string name = std::string("fs.inotify.") + limit.name;
    const std::string message = name + " is " + std::to_string(have);
    if (have < limit.wanted)
      report.add("inotify", "warn", message + ": several nodes use that up, and later ones never finish starting",
                 "sudo sysctl " + name + "=" + std::to_string(limit.wanted) + " (and in /etc/sysctl.d to keep it)");
    else
      report.add("inotify", "ok", message, "");
  }
}

} // namespace

VerbResult diagnose(Verbs &verbs, Request, Context &context) {
  Report report;
  auto address = verbs.engine.address();
  if (!address) {
    report.add("engine", "fail", address.error().message, address.error().hint);
    co_return std::move(report).reply();
  }
  EngineCall call("GET", "/info", "ask the Docker engine about its host");
  auto info = co_await verbs.engine.require_json(std::move(call),
                                                 context.deadline().min(Deadline::after(std::chrono::seconds(10))));
  if (!info) {
    if (info.error().code == Code::cancelled) co_return info.error();
    report.add("engine", "fail", info.error().message, info.error().hint);
  } else {
    report.add("engine", "ok",
               "Docker " + text(*info, "ServerVersion") + " at " + address->shown + " (" + address->origin + ")", "");
    report.add("api", "ok", "API " + verbs.engine.api_version(), "");
    check_cgroups(report, *info);
    check_storage(report, *info, address->local());
    check_memory(report, *info);
    for (const auto &warning : host_warnings(*info))
      report.add("host", "warn", warning, "");
  }
  if (address->local()) check_inotify(report);
  co_return std::move(report).reply();
}

} // namespace ksail::docker

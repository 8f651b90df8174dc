// SPDX-License-Identifier: Apache-2.0
#include "cli/local_checks.hpp"

#include "cli/text_width.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace ksail::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t gib = 1ull << 30;

std::optional<std::uint64_t> read_number(const char *path) {
  std::ifstream in(path);
  std::uint64_t value = 0;
  if (in >> value) return value;
  return std::nullopt;
}

/// "MemAvailable: 123 kB"
std::optional<std::uint64_t> available_memory() {
  std::ifstream in("/proc/meminfo");
  std::string name;
  std::uint64_t kibibytes = 0;
  std::string unit;
  while (in >> name >> kibibytes) {
    std::getline(in, unit);
    if (name == "MemAvailable:") return kibibytes * 1024;
  }
  return std::nullopt;
}

fs::path nearest_existing(fs::path path) {
  std::error_code ignored;
  while (!path.empty() && !fs::exists(path, ignored) && path != path.parent_path())
    path = path.parent_path();
  return path.empty() ? fs::path(".") : path;
}

Check writable(std::string name, const fs::path &folder, const std::string &what, const std::string &hint) {
  const fs::path existing = nearest_existing(folder);
  if (::access(existing.c_str(), W_OK | X_OK) == 0)
    return {std::move(name), CheckStatus::ok, what + " can be written", ""};
  return {std::move(name), CheckStatus::fail,
          what + " cannot be written: " + existing.string() + ": " + std::strerror(errno), hint};
}

/// A limit of the kernel's: below `few` no cluster starts, from `enough` on there is nothing to say.
Check judge_inotify(const std::string &what, std::uint64_t limit, std::uint64_t few, std::uint64_t enough,
                    std::uint64_t better) {
  const std::string setting = "fs.inotify.max_user_" + what;
  Check check{"inotify", CheckStatus::ok, setting + " is " + std::to_string(limit), ""};
  if (limit >= enough) return check;
  check.status = limit < few ? CheckStatus::fail : CheckStatus::warn;
  check.message += ", which is enough for few nodes only";
  check.hint = "sudo sysctl " + setting + "=" + std::to_string(better) + " (and a line in /etc/sysctl.d to keep it)";
  return check;
}

} // namespace

std::string_view check_status_name(CheckStatus status) {
  return status == CheckStatus::ok ? "ok" : status == CheckStatus::warn ? "warn" : "fail";
}

// Each node runs a kubelet, a containerd and several controllers that watch files; the kernel's default of 128
// instances per user is used up by two or three nodes.
Check judge_inotify_instances(std::uint64_t limit) { return judge_inotify("instances", limit, 128, 512, 1024); }

Check judge_inotify_watches(std::uint64_t limit) { return judge_inotify("watches", limit, 8192, 65536, 524288); }

Check judge_disk(const std::string &path, std::uint64_t free_bytes) {
  Check check{"disk", CheckStatus::ok, short_bytes(free_bytes) + " free on " + path, ""};
  // The kubelet starts to evict below 10 % of a disk; images and logs of one node take about 2 GB.
  if (free_bytes >= 10 * gib) return check;
  check.status = free_bytes < 3 * gib ? CheckStatus::fail : CheckStatus::warn;
  check.hint =
      "make room: a node needs about 3 GB for images, volumes and logs (`docker system df` shows what takes space)";
  return check;
}

Check judge_memory(std::uint64_t available_bytes) {
  Check check{"memory", CheckStatus::ok, short_bytes(available_bytes) + " of memory available", ""};
  if (available_bytes >= 2 * gib) return check;
  check.status = available_bytes < gib ? CheckStatus::fail : CheckStatus::warn;
  check.hint = "close something: a control plane node needs about 1 GB, a worker about 0.4 GB";
  return check;
}

Check check_cgroups() {
  std::error_code ignored;
  if (fs::exists("/sys/fs/cgroup/cgroup.controllers", ignored)) {
    std::ifstream in("/sys/fs/cgroup/cgroup.controllers");
    std::string controllers;
    std::getline(in, controllers);
    std::string missing;
    for (const char *needed : {"cpu", "memory", "pids"})
      if ((" " + controllers + " ").find(" " + std::string(needed) + " ") == std::string::npos)
        missing += (missing.empty() ? "" : ", ") + std::string(needed);
    if (missing.empty()) return {"cgroup", CheckStatus::ok, "cgroup v2 with cpu, memory and pids", ""};
    return {"cgroup", CheckStatus::fail, "cgroup v2 lacks the controllers " + missing,
            "enable them on the kernel command line or in the container this runs in"};
  }
  if (fs::exists("/sys/fs/cgroup/memory", ignored))
    return {"cgroup", CheckStatus::warn, "cgroup v1, which Kubernetes 1.35 and later only tolerates",
            "boot with systemd.unified_cgroup_hierarchy=1; until then ksail sets what the kubelet needs"};
  return {"cgroup", CheckStatus::fail, "no cgroup hierarchy is mounted at /sys/fs/cgroup",
          "mount it: without cgroups no container engine runs"};
}

Check check_kubeconfig(const std::string &file) {
  std::error_code ignored;
  const fs::path real = fs::weakly_canonical(file, ignored);
  const fs::path folder = (real.empty() ? fs::path(file) : real).parent_path();
  if (fs::exists(file, ignored) && ::access(file.c_str(), R_OK) != 0)
    return {"kubeconfig", CheckStatus::fail, "the kubeconfig " + file + " cannot be read: " + std::strerror(errno),
            "give it back to yourself (sudo chown $USER " + file + "), or name another with --kubeconfig"};
  return writable("kubeconfig", folder, "the folder of the kubeconfig " + file,
                  "make the folder writable, or name another file with --kubeconfig");
}

Check check_state_directory(const std::string &folder) {
  return writable("state", folder, "the folder for state, " + folder + ",",
                  "make it writable, or point XDG_STATE_HOME to one that is");
}

Check check_port(std::uint16_t port) {
  const std::string shown = port ? "port " + std::to_string(port) + " of 127.0.0.1" : "a port of 127.0.0.1";
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int failure = fd < 0 ? errno : 0;
  if (!failure) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(fd, reinterpret_cast<const sockaddr *>(&address), sizeof address) != 0 || ::listen(fd, 1) != 0)
      failure = errno;
    ::close(fd);
  }
  if (!failure) return {"port", CheckStatus::ok, shown + " is free", ""};
  return {"port", CheckStatus::fail, shown + " cannot be used: " + std::strerror(failure),
          port ? "stop what uses it (`ss -ltnp 'sport = :" + std::to_string(port) + "'`), or give another --api-port"
               : "the loopback interface is down or all ports are taken"};
}

std::vector<Check> local_checks(const std::string &kubeconfig_file, const std::string &state_folder,
                                std::uint16_t api_port) {
  std::vector<Check> checks;
  checks.push_back(check_cgroups());
  if (const auto limit = read_number("/proc/sys/fs/inotify/max_user_instances"))
    checks.push_back(judge_inotify_instances(*limit));
  if (const auto limit = read_number("/proc/sys/fs/inotify/max_user_watches"))
    checks.push_back(judge_inotify_watches(*limit));
  struct statvfs disk{};
  std::error_code ignored;
  const std::string place = fs::exists("/var/lib/docker", ignored) ? "/var/lib/docker" : "/";
  if (::statvfs(place.c_str(), &disk) == 0)
    checks.push_back(judge_disk(place, static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize));
  if (const auto memory = available_memory()) checks.push_back(judge_memory(*memory));
  checks.push_back(check_kubeconfig(kubeconfig_file));
  checks.push_back(check_state_directory(state_folder));
  checks.push_back(check_port(api_port));
  return checks;
}

} // namespace ksail::cli

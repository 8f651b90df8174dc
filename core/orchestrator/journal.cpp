// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/journal.hpp"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

namespace ksail {

namespace {

Error cannot(const std::string &what, const std::string &path, int number) {
  return Error(Code::config, "cannot " + what + " " + path + ": " + std::strerror(number),
               "make the folder writable, or point XDG_STATE_HOME to one that is");
}

} // namespace

std::string state_directory() {
  if (const char *state = std::getenv("XDG_STATE_HOME"); state && *state == '/') return std::string(state) + "/ksail";
  const char *home = std::getenv("HOME");
  return std::string(home && *home ? home : "/tmp") + "/.local/state/ksail";
}

Journal::Journal(int lock_fd, std::string path) : lock_fd_(lock_fd), path_(std::move(path)) {}

Journal::Journal(Journal &&other) noexcept
    : lock_fd_(std::exchange(other.lock_fd_, -1)), path_(std::move(other.path_)) {}

Journal &Journal::operator=(Journal &&other) noexcept {
  std::swap(lock_fd_, other.lock_fd_);
  std::swap(path_, other.path_);
  return *this;
}

Journal::~Journal() {
  if (lock_fd_ >= 0) ::close(lock_fd_);
}

Result<Journal> Journal::open(const std::string &provider, const std::string &cluster) {
  const std::string folder = state_directory() + "/clusters";
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure) return cannot("create", folder, failure.value());
  const std::string path = folder + "/" + provider + "-" + cluster;
  const std::string lock_path = path + ".lock";
  const int fd = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return cannot("open", lock_path, errno);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int number = errno;
    char owner[32] = {};
    const auto length = ::pread(fd, owner, sizeof owner - 1, 0);
    ::close(fd);
    if (number != EWOULDBLOCK) return cannot("lock", lock_path, number);
    const std::string pid(owner, length > 0 ? static_cast<std::size_t>(length) : 0);
    return Error(Code::already_exists,
                 "another ksail" + (pid.empty() ? std::string() : " (process " + pid + ")") +
                     " is working on cluster '" + cluster + "'",
                 "wait until it has ended, or give another --name");
  }
  // The lock file stays when the journal goes: removing it would let two processes lock two different files of one
  // name.
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, pid.data(), pid.size(), 0) < 0) {
    const int number = errno;
    ::close(fd);
    return cannot("write", lock_path, number);
  }
  return Journal(fd, path + ".json");
}

std::optional<JournalEntry> Journal::read() const {
  std::ifstream in(path_);
  if (!in) return std::nullopt;
  const auto value = nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object()) return std::nullopt;
  const auto text = [&](const char *key) {
    const auto found = value.find(key);
    return found != value.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  JournalEntry entry;
  entry.cluster = text("cluster");
  entry.provider = text("provider");
  entry.distribution = text("distribution");
  entry.operation_id = text("operationId");
  entry.state = text("state");
  entry.step = text("step");
  entry.kubeconfig_file = text("kubeconfig");
  entry.context = text("context");
  if (const auto pid = value.find("pid"); pid != value.end() && pid->is_number_integer()) entry.pid = pid->get<long>();
  return entry;
}

Result<void> Journal::write(const JournalEntry &entry) {
  const nlohmann::json value = {{"cluster", entry.cluster}, {"provider", entry.provider},
                                {"state", entry.state},     {"distribution", entry.distribution},
                                {"step", entry.step},       {"operationId", entry.operation_id},
                                {"context", entry.context}, {"kubeconfig", entry.kubeconfig_file},
                                {"pid", entry.pid}};
  const std::string text = value.dump() + "\n";
  const std::string temporary = path_ + ".new";
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return cannot("create", temporary, errno);
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int number = errno;
  ::close(fd);
  if (!written) return cannot("write", temporary, number);
  if (std::rename(temporary.c_str(), path_.c_str()) != 0) return cannot("replace", path_, errno);
  return {};
}

void Journal::remove() { ::unlink(path_.c_str()); }

} // namespace ksail

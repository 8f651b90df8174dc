// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/program.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

namespace ksail::manifests::kustomize {
namespace {

using Clock = std::chrono::steady_clock;

class Descriptor {
public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;
  ~Descriptor() { close(); }
  int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
    fd_ = -1;
  }

private:
  int fd_;
};

std::vector<std::string> environment(const std::vector<std::string> &own) {
  std::vector<std::string> all = own;
  for (char **at = environ; *at != nullptr; ++at) {
    const std::string_view entry = *at;
    const auto name = entry.substr(0, entry.find('=') + 1);
    if (std::none_of(own.begin(), own.end(), [&](const auto &mine) { return mine.starts_with(name); })) {
      all.emplace_back(entry);
    }
  }
  return all;
}

std::vector<char *> pointers(std::vector<std::string> &texts) {
  std::vector<char *> out;
  for (auto &text : texts) {
    out.push_back(text.data());
  }
  out.push_back(nullptr);
  return out;
}

std::string last_lines(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) {
    text.pop_back();
  }
  auto from = text.size();
  for (int lines = 0; lines < 5 && from != std::string::npos && from > 0; ++lines) {
    from = text.rfind('\n', from - 1);
  }
  return from == std::string::npos || from == 0 ? text : text.substr(from + 1);
}

/// A child that is certainly gone in the end.
class Child {
public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child &) = delete;
  Child &operator=(const Child &) = delete;
  ~Child() {
    if (pid_ > 0) {
      ::kill(-pid_, SIGKILL);
      wait();
    }
  }
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

private:
  pid_t pid_;
};

} // namespace

Result<std::string> run_program(const Program &program) {
  const auto &name = program.words[0];
  int out[2];
  int err[2];
  if (::pipe2(out, O_CLOEXEC) != 0) {
    return Error(Code::internal, "running " + name + ": " + std::strerror(errno));
  }
  Descriptor out_read(out[0]);
  Descriptor out_write(out[1]);
  if (::pipe2(err, O_CLOEXEC) != 0) {
    return Error(Code::internal, "running " + name + ": " + std::strerror(errno));
  }
  Descriptor err_read(err[0]);
  Descriptor err_write(err[1]);
  auto words = program.words;
  auto variables = environment(program.environment);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out_write.get(), 1);
  posix_spawn_file_actions_adddup2(&actions, err_write.get(), 2);
  if (!program.directory.empty()) {
    posix_spawn_file_actions_addchdir_np(&actions, program.directory.c_str());
  }
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP); // so that its children end with it
  pid_t pid = 0;
  const int failure =
      ::posix_spawnp(&pid, name.c_str(), &actions, &attributes, pointers(words).data(), pointers(variables).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) {
    return Error(Code::failed_precondition, "cannot run " + name + ": " + std::strerror(failure),
                 failure == ENOENT ? "install " + name + ", or add its directory to PATH" : "");
  }
  Child child(pid);
  out_write.close();
  err_write.close();
  std::string text;
  std::string complaints;
  const auto end = Clock::now() + program.timeout;
  std::array<pollfd, 2> open{{{out_read.get(), POLLIN, 0}, {err_read.get(), POLLIN, 0}}};
  while (open[0].fd >= 0 || open[1].fd >= 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    const int ready =
        left <= 0 ? 0 : ::poll(open.data(), open.size(), static_cast<int>(std::min<long long>(left, 60'000)));
    if (ready == 0 && left <= 0) {
      return Error(Code::deadline_exceeded,
                   name + " took longer than " + std::to_string(program.timeout.count() / 1000) + " s");
    }
    if (ready < 0 && errno != EINTR) {
      return Error(Code::internal, "waiting for " + name + ": " + std::strerror(errno));
    }
    for (std::size_t i = 0; ready > 0 && i < open.size(); ++i) {
      if (open[i].fd < 0 || open[i].revents == 0) {
        continue;
      }
      std::array<char, 65536> buffer{};
      const auto got = ::read(open[i].fd, buffer.data(), buffer.size());
      if (got > 0) {
        (i == 0 ? text : complaints).append(buffer.data(), static_cast<std::size_t>(got));
      } else if (got == 0 || errno != EINTR) {
        open[i].fd = -1;
      }
    }
  }
  const int status = child.wait();
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return Error(Code::config, name +
                                   (WIFEXITED(status) ? " exits with " + std::to_string(WEXITSTATUS(status))
                                                      : " was killed by signal " + std::to_string(WTERMSIG(status))) +
                                   ": " + last_lines(std::move(complaints)));
  }
  return text;
}

} // namespace ksail::manifests::kustomize

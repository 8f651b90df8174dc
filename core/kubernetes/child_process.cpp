// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/child_process.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <system_error>

extern char **environ;

namespace ksail::kubernetes {

namespace {

using Clock = std::chrono::steady_clock;

class Descriptor {
public:
  Descriptor() = default;
  ~Descriptor() { reset(); }
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }
  int get() const { return fd_; }

private:
  int fd_ = -1;
};

struct Pipe {
  Descriptor read, write;
  bool open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    read.reset(ends[0]);
    write.reset(ends[1]);
    return ::fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
  }
};

class FileActions {
public:
  FileActions() { ::posix_spawn_file_actions_init(&raw_); }
  ~FileActions() { ::posix_spawn_file_actions_destroy(&raw_); }
  FileActions(const FileActions &) = delete;
  FileActions &operator=(const FileActions &) = delete;
  posix_spawn_file_actions_t *get() { return &raw_; }

private:
  posix_spawn_file_actions_t raw_;
};

class Attributes {
public:
  explicit Attributes(bool own_group) {
    ::posix_spawnattr_init(&raw_);
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&raw_, &none);
    ::posix_spawnattr_setsigdefault(&raw_, &all);
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    // A group of its own lets its children be ended with it; one that reads the terminal has to stay in ours.
    if (own_group) flags |= POSIX_SPAWN_SETPGROUP;
    ::posix_spawnattr_setflags(&raw_, flags);
  }
  ~Attributes() { ::posix_spawnattr_destroy(&raw_); }
  Attributes(const Attributes &) = delete;
  Attributes &operator=(const Attributes &) = delete;
  posix_spawnattr_t *get() { return &raw_; }

private:
  posix_spawnattr_t raw_;
};

std::vector<std::string> environment(const ChildProcess &child) {
  std::map<std::string, std::string> merged;
  for (char **entry = environ; entry && *entry; ++entry) {
    const std::string text = *entry;
    const auto equals = text.find('=');
    if (equals != std::string::npos) merged[text.substr(0, equals)] = text.substr(equals + 1);
  }
  for (const auto &[name, value] : child.env)
    merged[name] = value;
  std::vector<std::string> out;
  for (const auto &[name, value] : merged)
    out.push_back(name + "=" + value);
  return out;
}

std::vector<char *> pointers(std::vector<std::string> &texts) {
  std::vector<char *> out;
  for (auto &text : texts)
    out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

/// Takes what is there; false at the end of the pipe.
bool drain(int fd, std::string &into) {
  constexpr std::size_t most = 4u << 20;
  std::array<char, 16384> piece{};
  for (;;) {
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got > 0) {
      if (into.size() < most) into.append(piece.data(), static_cast<std::size_t>(got));
      continue;
    }
    if (got < 0 && errno == EINTR) continue;
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }
}

int status_of(int raw) { return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw); }

} // namespace

Result<ChildOutcome> run_child(const ChildProcess &child) {
  Pipe output, errors;
  if (!output.open() || (!child.interactive && !errors.open()))
    return Error(Code::unavailable, "could not be started: " + std::generic_category().message(errno));
  FileActions actions;
  ::posix_spawn_file_actions_adddup2(actions.get(), output.write.get(), STDOUT_FILENO);
  if (!child.interactive) {
    ::posix_spawn_file_actions_addopen(actions.get(), STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(actions.get(), errors.write.get(), STDERR_FILENO);
  }
  Attributes attributes(!child.interactive);
  std::vector<std::string> arguments{child.command};
  arguments.insert(arguments.end(), child.args.begin(), child.args.end());
  std::vector<std::string> variables = environment(child);
  auto argv = pointers(arguments);
  auto envp = pointers(variables);
  pid_t pid = 0;
  if (const int failed =
          ::posix_spawnp(&pid, child.command.c_str(), actions.get(), attributes.get(), argv.data(), envp.data())) {
    if (failed == ENOENT) return Error(Code::not_found, "was not found");
    return Error(Code::unavailable, "could not be started: " + std::generic_category().message(failed));
  }
  output.write.reset();
  errors.write.reset();
  Descriptor handle;
  handle.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));

  ChildOutcome outcome;
  const auto until = Clock::now() + child.limit;
  bool output_open = true, errors_open = !child.interactive, exited = false;
  int raw = 0;
  while (!exited) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) {
      ::kill(child.interactive ? pid : -pid, SIGKILL);
      ::waitpid(pid, &raw, 0);
      return Error(Code::deadline_exceeded,
                   "did not end within " + std::to_string(child.limit.count() / 1000) + " s and was killed");
    }
    std::array<struct pollfd, 3> waiting{{{output_open ? output.read.get() : -1, POLLIN, 0},
                                          {errors_open ? errors.read.get() : -1, POLLIN, 0},
                                          {handle.get(), POLLIN, 0}}};
    // Without process handles (old kernels, some sandboxes) the end is looked for every 20 ms.
    const long long longest = handle.get() >= 0 ? left : 20;
    ::poll(waiting.data(), waiting.size(), static_cast<int>(std::min<long long>(left, longest)));
    if (output_open) output_open = drain(output.read.get(), outcome.output);
    if (errors_open) errors_open = drain(errors.read.get(), outcome.errors);
    const pid_t ended = ::waitpid(pid, &raw, WNOHANG);
    exited = ended == pid || (ended < 0 && errno == ECHILD);
  }
  // Whatever it wrote before its end; a grandchild that keeps the pipe open is not waited for.
  if (output_open) drain(output.read.get(), outcome.output);
  if (errors_open) drain(errors.read.get(), outcome.errors);
  outcome.status = status_of(raw);
  return outcome;
}

} // namespace ksail::kubernetes

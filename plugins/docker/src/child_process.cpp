// SPDX-License-Identifier: Apache-2.0
#include "child_process.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ksail::docker {

namespace {

constexpr auto token = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t max_output = 1 << 20;

/// A child that is killed and collected whatever happens.
class Child {
public:
  explicit Child(pid_t pid) : pid_(pid) {}
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Child(const Child &) = delete;
  Child &operator=(const Child &) = delete;

  pid_t pid() const { return pid_; }
  /// Once it is known to have ended.
  int collect() {
    int status = 0;
    const pid_t pid = std::exchange(pid_, 0);
    if (::waitpid(pid, &status, 0) != pid) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

private:
  pid_t pid_;
};

/// Both of its ends, -1 when closed or given away.
struct Channel {
  int ours = -1;
  int theirs = -1;
  ~Channel() {
    if (ours >= 0) ::close(ours);
    if (theirs >= 0) ::close(theirs);
  }
};

struct Running {
  Running(asio::any_io_executor ex, pid_t pid) : child(pid), stream(ex), ended(ex) {}
  Child child;
  asio::posix::stream_descriptor stream; ///< its input and output: one socket, so that half of it can be closed
  asio::posix::stream_descriptor ended;  ///< readable when the process has ended
};

Result<std::shared_ptr<Running>> start(asio::any_io_executor executor, const std::vector<std::string> &argv) {
  const auto failed = [&](int reason) {
    return Error(reason == ENOENT ? Code::not_found : Code::internal,
                 "cannot run " + argv.front() + ": " + std::strerror(reason));
  };
  int ends[2];
  // A socket instead of pipes: writing to a helper that has gone raises no signal with MSG_NOSIGNAL.
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return failed(errno);
  Channel channel;
  channel.ours = ends[0];
  channel.theirs = ends[1];

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, channel.theirs, 0);
  posix_spawn_file_actions_adddup2(&actions, channel.theirs, 1);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  // This thread blocks every signal; the program must not inherit that.
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char *> arguments;
  for (const auto &argument : argv)
    arguments.push_back(const_cast<char *>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = 0;
  const int reason = ::posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (reason != 0) return failed(reason);

  auto running = std::make_shared<Running>(executor, pid);
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (pidfd < 0) return failed(errno);
  boost::system::error_code ignored;
  running->ended.assign(pidfd, ignored);
  running->stream.assign(std::exchange(channel.ours, -1), ignored);
  return running;
}

asio::awaitable<Result<ProgramEnd>> converse(std::shared_ptr<Running> running, std::string input) {
  co_await asio::this_coro::throw_if_cancelled(false);
  // Input is a line: it fits into the socket's buffer, so writing it before reading cannot block both sides.
  for (std::size_t sent = 0; sent < input.size();) {
    const auto count = ::send(running->stream.native_handle(), input.data() + sent, input.size() - sent, MSG_NOSIGNAL);
    if (count < 0) break; // it does not read its input: its exit code tells
    sent += static_cast<std::size_t>(count);
  }
  ::shutdown(running->stream.native_handle(), SHUT_WR);
  ProgramEnd end;
  char buffer[4096];
  for (;;) {
    auto [error, count] = co_await running->stream.async_read_some(asio::buffer(buffer), token);
    if (error == asio::error::operation_aborted) co_return Error(Code::cancelled, "cancelled");
    if (error) break;
    if (end.output.size() < max_output) end.output.append(buffer, count);
  }
  auto [error] = co_await running->ended.async_wait(asio::posix::stream_descriptor::wait_read, token);
  if (error) co_return Error(Code::cancelled, "cancelled");
  end.exit_code = running->child.collect();
  co_return end;
}

} // namespace

asio::awaitable<Result<ProgramEnd>> run_program(std::vector<std::string> argv, std::string input, Deadline deadline) {
  const auto executor = co_await asio::this_coro::executor;
  auto running = start(executor, argv);
  if (!running) co_return running.error();
  auto end = co_await with_deadline(converse(*running, std::move(input)), deadline, "running " + argv.front());
  co_return end;
}

} // namespace ksail::docker

// SPDX-License-Identifier: Apache-2.0
#include "cli/interruption.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace ksail::cli {

namespace {

/// Signals travel through a pipe from the handler, where nearly nothing is allowed, to the thread. Byte 0 ends it.
int pipe_in = -1, pipe_out = -1;
constexpr std::array watched = {SIGINT, SIGTERM};
std::array<struct sigaction, watched.size()> before;

void on_signal(int number) {
  const int saved = errno;
  const char byte = static_cast<char>(number);
  [[maybe_unused]] const auto written = ::write(pipe_in, &byte, 1);
  errno = saved;
}

} // namespace

InterruptionWatch::InterruptionWatch(std::function<void(int)> first, std::function<void(int)> second)
    : first_(std::move(first)), second_(std::move(second)) {
  int ends[2];
  // Without a pipe there is no file descriptor left for anything: the signals keep their default then.
  if (::pipe2(ends, O_CLOEXEC) != 0) return;
  pipe_out = ends[0];
  pipe_in = ends[1];
  thread_ = std::thread([this] { run(); });
  for (std::size_t i = 0; i < watched.size(); ++i) {
    ::sigaction(watched[i], nullptr, &before[i]);
    if (before[i].sa_handler == SIG_IGN) continue;
    struct sigaction action{};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(watched[i], &action, nullptr);
  }
}

InterruptionWatch::~InterruptionWatch() {
  if (!thread_.joinable()) return;
  for (std::size_t i = 0; i < watched.size(); ++i)
    ::sigaction(watched[i], &before[i], nullptr);
  const char end = 0;
  [[maybe_unused]] const auto written = ::write(pipe_in, &end, 1);
  thread_.join();
  ::close(std::exchange(pipe_in, -1));
  ::close(std::exchange(pipe_out, -1));
}

void InterruptionWatch::run() {
  unsigned count = 0;
  for (;;) {
    char byte = 0;
    const auto length = ::read(pipe_out, &byte, 1);
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0 || byte == 0) return;
    (++count == 1 ? first_ : second_)(byte);
  }
}

void survive_broken_pipes() {
  // A handler, not SIG_IGN: exec resets a handler, while an ignored signal would stay ignored in every child.
  struct sigaction action{};
  action.sa_handler = [](int) {};
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGPIPE, &action, nullptr);
}

} // namespace ksail::cli

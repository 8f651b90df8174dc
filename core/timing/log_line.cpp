// SPDX-License-Identifier: Apache-2.0
#include "timing/timing.hpp"
#include "timing/wall_time.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace ksail::timing {

std::string wall_time(std::chrono::system_clock::time_point when) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(when.time_since_epoch()).count();
  const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[80];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, static_cast<int>(ms % 1000));
  return text;
}

namespace {

/// Only a well-formed name goes into the log: any other text could hold the very words people grep for.
bool plain_name(const std::string &name) {
  for (const char c : name)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.')) return false;
  return !name.empty();
}

} // namespace

std::string log_line(const CommandSummary &summary, std::chrono::system_clock::time_point when) {
  const bool creation = summary.command == "cluster create";
  std::string line = wall_time(when) + " ";
  if (!summary.failed)
    line += summary.command;
  else
    line += creation ? "cluster creation failed" : summary.command + " failed";
  // The mean over lines with a distribution's name is the mean creation time of it, so no other line has one.
  if (creation && !summary.failed && !summary.distribution.empty()) line += " " + summary.distribution;
  if (!summary.provider.empty()) line += " " + summary.provider;
  if (plain_name(summary.cluster)) line += " " + summary.cluster;
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, " %.3f", summary.seconds);
  return line + seconds;
}

Result<void> append_line(const std::string &path, const std::string &line) {
  const auto failed = [&](const char *what) {
    return Error(Code::config, std::string("cannot ") + what + " the timing file " + path + ": " + std::strerror(errno),
                 "KSAIL_TIMING_LOG, KSAIL_TIMING_JSON and --timing-json need a file in a folder that can be written");
  };
  const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return failed("open");
  std::string text = line;
  if (text.empty() || text.back() != '\n') text += '\n';
  // One write: with O_APPEND the kernel places it as a whole, so lines of parallel commands never mix.
  ssize_t written;
  do
    written = ::write(fd, text.data(), text.size());
  while (written < 0 && errno == EINTR);
  if (written >= 0 && written != static_cast<ssize_t>(text.size())) {
    errno = ENOSPC;
    written = -1;
  }
  const int number = errno;
  ::close(fd);
  errno = number;
  if (written < 0) return failed("write");
  return {};
}

} // namespace ksail::timing

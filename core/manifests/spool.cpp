// SPDX-License-Identifier: Apache-2.0
#include "manifests/spool.hpp"

#include "manifests/system_error_text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

namespace ksail::manifests {
namespace {

constexpr std::size_t kPending = std::size_t{1} << 20U;
constexpr std::size_t kWindow = std::size_t{16} << 10U;

std::string folder() {
  const char *wanted = std::getenv("TMPDIR");
  return wanted != nullptr && *wanted != '\0' ? wanted : "/var/tmp";
}

} // namespace

Spool::~Spool() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

Result<void> Spool::open() {
  const std::string in = folder();
  fd_ = ::open(in.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd_ < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) { // a file system without nameless files
    std::string name = in + "/ksail-XXXXXX";
    fd_ = ::mkostemp(name.data(), O_CLOEXEC);
    if (fd_ >= 0) {
      ::unlink(name.c_str());
    }
  }
  if (fd_ < 0) {
    return Error{Code::unavailable, "making a temporary file in " + in + ": " + system_error_text(errno),
                 "set TMPDIR to a directory that can be written to"};
  }
  return {};
}

Result<void> Spool::write_at(std::size_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0) {
      return Error{Code::unavailable, "writing a temporary file in " + folder() + ": " + system_error_text(errno),
                   "set TMPDIR to a directory with more room"};
    }
    bytes.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<std::size_t>(n);
  }
  return {};
}

Result<void> Spool::flush() {
  if (fd_ < 0) {
    if (auto r = open(); r.has_error()) {
      return r;
    }
  }
  if (auto r = write_at(written_, pending_); r.has_error()) {
    return r;
  }
  written_ += pending_.size();
  pending_.clear();
  return {};
}

Result<std::size_t> Spool::append(std::string_view bytes) {
  const std::size_t at = size();
  pending_.append(bytes);
  if (pending_.size() >= kPending) {
    if (auto r = flush(); r.has_error()) {
      return std::move(r).error();
    }
  }
  return at;
}

Result<bool> Spool::is_in_memory(std::size_t offset, std::size_t length) {
  if (offset + length > size()) {
    return Error{Code::internal, "reading a temporary file: it is shorter than that"};
  }
  if (offset >= written_) {
    return true;
  }
  if (offset + length > written_) {
    if (auto r = flush(); r.has_error()) {
      return std::move(r).error();
    }
  }
  return false;
}

Result<std::string> Spool::read(std::size_t offset, std::size_t length) {
  auto in_memory = is_in_memory(offset, length);
  if (in_memory.has_error()) {
    return std::move(in_memory).error();
  }
  if (*in_memory) {
    return pending_.substr(offset - written_, length);
  }
  return read_range(fd_, offset, length, "a temporary file");
}

Result<std::string_view> Spool::view(std::size_t offset, std::size_t length) {
  auto in_memory = is_in_memory(offset, length);
  if (in_memory.has_error()) {
    return std::move(in_memory).error();
  }
  if (*in_memory) {
    return std::string_view(pending_).substr(offset - written_, length);
  }
  if (offset < window_at_ || offset + length > window_at_ + window_.size()) {
    auto bytes = read_range(fd_, offset, std::max(length, std::min(kWindow, written_ - offset)), "a temporary file");
    if (bytes.has_error()) {
      return std::move(bytes).error();
    }
    window_ = std::move(*bytes);
    window_at_ = offset;
  }
  return std::string_view(window_).substr(offset - window_at_, length);
}

Result<void> Spool::overwrite(std::size_t offset, std::string_view bytes) {
  auto in_memory = is_in_memory(offset, bytes.size());
  if (in_memory.has_error()) {
    return std::move(in_memory).error();
  }
  if (*in_memory) {
    pending_.replace(offset - written_, bytes.size(), bytes);
    return {};
  }
  window_.clear();
  return write_at(offset, bytes);
}

Result<std::string> read_range(int fd, std::size_t offset, std::size_t length, const std::string &name) {
  std::string out(length, '\0');
  std::size_t done = 0;
  while (done < length) {
    const ssize_t n = ::pread(fd, out.data() + done, length - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n <= 0) {
      return Error{Code::config,
                   "reading " + name + ": " + (n < 0 ? system_error_text(errno) : "it is shorter than it was")};
    }
    done += static_cast<std::size_t>(n);
  }
  return out;
}

} // namespace ksail::manifests

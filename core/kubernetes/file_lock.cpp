// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/file_lock.hpp"

#include "kubernetes/file_error.hpp"

#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace ksail::kubernetes {

namespace {

constexpr std::string_view mark = "ksail ";

std::string directory_of(const std::string &path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

class Descriptor {
public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

private:
  int fd_;
};

bool write_mark(int fd) {
  const std::string text = std::string(mark) + std::to_string(::getpid()) + "\n";
  return ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

/// The lock appears with its content and its flock in one step, so a kill at any moment leaves either none or a
/// recognisable one. Returns the descriptor, or -1 with errno.
int create_at_once(const std::string &lock) {
  Descriptor fd(::open(directory_of(lock).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd.get() < 0) return -1;
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 || !write_mark(fd.get())) return -1;
  const std::string self = "/proc/self/fd/" + std::to_string(fd.get());
  if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, lock.c_str(), AT_SYMLINK_FOLLOW) != 0) return -1;
  return fd.release();
}

/// Where the file system has no unnamed files: client-go's way.
int create_exclusively(const std::string &lock) {
  Descriptor fd(::open(lock.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600));
  if (fd.get() < 0) return -1;
  if (::flock(fd.get(), LOCK_EX) != 0 || !write_mark(fd.get())) {
    const int why = errno;
    ::unlink(lock.c_str());
    errno = why;
    return -1;
  }
  return fd.release();
}

int create(const std::string &lock) {
  const int fd = create_at_once(lock);
  if (fd >= 0 || errno == EEXIST || errno == ENOSPC || errno == EDQUOT) return fd;
  return create_exclusively(lock);
}

/// Removes a lock whose ksail is dead. Only a holder of the file's flock may: two that try at once cannot remove each
/// other's new lock, because the second finds that the name stands for another file by then.
void remove_abandoned(const std::string &lock) {
  Descriptor fd(::open(lock.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (fd.get() < 0) return;
  std::array<char, mark.size()> head{};
  if (::read(fd.get(), head.data(), head.size()) != static_cast<ssize_t>(head.size())) return;
  if (std::string_view(head.data(), head.size()) != mark) return; // kubectl's or kind's
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return;          // in use
  struct stat opened{}, named{};
  if (::fstat(fd.get(), &opened) != 0 || ::lstat(lock.c_str(), &named) != 0) return;
  if (opened.st_ino == named.st_ino && opened.st_dev == named.st_dev) ::unlink(lock.c_str());
}

} // namespace

FileLock::FileLock(FileLock &&other) noexcept : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

FileLock::~FileLock() {
  if (fd_ < 0) return;
  ::unlink(path_.c_str());
  ::close(fd_);
}

Result<FileLock> FileLock::acquire(const std::string &file, Deadline deadline) {
  const std::string lock = file + ".lock";
  Descriptor watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (watch.get() >= 0)
    ::inotify_add_watch(watch.get(), directory_of(lock).c_str(), IN_DELETE | IN_MOVED_FROM | IN_ATTRIB);
  for (;;) {
    const int fd = create(lock);
    if (fd >= 0) return FileLock(lock, fd);
    if (errno != EEXIST) return file_error("lock", file, errno);
    remove_abandoned(lock);
    if (deadline.passed())
      return Error(Code::config, "cannot change " + file + ": it is locked by " + lock,
                   "wait for the kubectl, kind or ksail that is changing it; when none is running: rm " + lock);
    struct pollfd waiting{watch.get(), POLLIN, 0};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline.remaining()).count();
    const int wait_ms = static_cast<int>(std::clamp<long long>(left + 1, 1, 200));
    if (::poll(&waiting, watch.get() >= 0 ? 1 : 0, wait_ms) > 0) {
      std::array<char, 4096> events{};
      while (::read(watch.get(), events.data(), events.size()) > 0) {
      }
    }
  }
}

} // namespace ksail::kubernetes

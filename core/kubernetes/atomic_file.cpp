// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/atomic_file.hpp"

#include "kubernetes/file_error.hpp"

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <utility>

namespace ksail::kubernetes {

namespace {

/// Where a chain of symbolic links ends, whether or not a file is there.
std::string follow_links(std::string path) {
  for (int hops = 0; hops < 40; ++hops) {
    std::array<char, PATH_MAX> target{};
    const ssize_t length = ::readlink(path.c_str(), target.data(), target.size() - 1);
    if (length <= 0) return path;
    const std::string link(target.data(), static_cast<std::size_t>(length));
    const auto slash = path.rfind('/');
    path = link.front() == '/' || slash == std::string::npos ? link : path.substr(0, slash + 1) + link;
  }
  return path;
}

int write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(fd) == 0 || errno == EINVAL || errno == EROFS ? 0 : errno;
}

int write_in_place(const std::string &path, std::string_view content) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
  if (fd < 0) return errno;
  int failed = write_all(fd, content);
  if (::close(fd) != 0 && !failed) failed = errno;
  return failed;
}

void sync_directory(const std::string &path) {
  const auto slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd); // best effort: the rename itself is atomic either way
  ::close(fd);
}

} // namespace

Result<std::optional<std::string>> read_whole_file(const std::string &path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    if (errno == ENOENT) return std::optional<std::string>();
    Error error = file_error("read", path, errno);
    if (errno == EACCES) error.hint = "make it readable for you, or choose another file with --kubeconfig";
    return error;
  }
  std::string content;
  std::array<char, 65536> piece{};
  int failed = 0;
  for (;;) {
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got == 0) break;
    if (got < 0) {
      if (errno == EINTR) continue;
      failed = errno;
      break;
    }
    content.append(piece.data(), static_cast<std::size_t>(got));
  }
  ::close(fd);
  if (failed) return file_error("read", path, failed);
  return std::optional<std::string>(std::move(content));
}

Result<void> make_directories_for(const std::string &path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos || slash == 0) return {};
  const std::string directory = path.substr(0, slash);
  for (std::size_t at = 1; at != std::string::npos;) {
    at = directory.find('/', at);
    const std::string part = at == std::string::npos ? directory : directory.substr(0, at++);
    if (::mkdir(part.c_str(), 0755) != 0 && errno != EEXIST) {
      // On a read-only system or above a directory of somebody else, EROFS or EACCES can stand for "is there already".
      const int why = errno;
      std::error_code ignored;
      if (!std::filesystem::is_directory(part, ignored)) return file_error("create the directory of", path, why);
    }
  }
  return {};
}

Result<void> replace_file(const std::string &path, std::string_view content) {
  const std::string real = follow_links(path);
  std::string temporary = real + ".ksail-XXXXXX";
  const int fd = ::mkostemp(temporary.data(), O_CLOEXEC); // mode 0600
  if (fd < 0) return file_error("write", path, errno);
  struct stat before{};
  if (::stat(real.c_str(), &before) == 0) {
    // Group and mode of an existing file are its owner's choice; keeping the group may not be permitted.
    if (::fchown(fd, before.st_uid, before.st_gid) == 0 || before.st_uid == ::geteuid())
      ::fchmod(fd, before.st_mode & 07777);
  }
  int failed = write_all(fd, content);
  if (::close(fd) != 0 && !failed) failed = errno;
  if (!failed && ::rename(temporary.c_str(), real.c_str()) != 0) {
    failed = errno;
    if (failed == EBUSY || failed == EXDEV) failed = write_in_place(real, content);
    ::unlink(temporary.c_str());
  } else if (failed) {
    ::unlink(temporary.c_str());
  }
  if (failed) return file_error("write", path, failed);
  sync_directory(real);
  return {};
}

} // namespace ksail::kubernetes

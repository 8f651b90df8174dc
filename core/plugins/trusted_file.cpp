// SPDX-License-Identifier: Apache-2.0
#include <plugins/trusted_file.hpp>

#include <plugins/search_path.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace ksail::plugins {

namespace {

namespace fs = std::filesystem;

std::string octal(mode_t mode) {
  std::string digits;
  for (mode_t rest = mode & 07777; rest != 0 || digits.size() < 4; rest /= 8)
    digits.insert(digits.begin(), static_cast<char>('0' + rest % 8));
  return digits;
}

std::string reason(int error) { return std::strerror(error); }

bool holds(const fs::path &directory, const fs::path &file) {
  const auto end = std::mismatch(directory.begin(), directory.end(), file.begin(), file.end()).first;
  return end == directory.end();
}

Result<void> check_owner(const struct stat &status, const std::string &subject, const std::string &path) {
  if (status.st_uid != 0 && status.st_uid != ::geteuid())
    return Error(Code::plugin,
                 subject + " is owned by user " + std::to_string(status.st_uid) +
                     ", neither by root nor by you (user " + std::to_string(::geteuid()) + ")",
                 "chown it to root or yourself after checking where it comes from: chown root '" + path + "'");
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return Error(Code::plugin, subject + " can be written by others (mode " + octal(status.st_mode) + ")",
                 "take the permission away after checking its contents: chmod go-w '" + path + "'");
  return Result<void>();
}

} // namespace

Result<TrustedFile> TrustedFile::open(const fs::path &file, std::string_view what) {
  const std::string subject = std::string(what) + " " + file.string();
  if (!file.is_absolute())
    return Error(Code::plugin, subject + " is not given by an absolute path", "give the whole path, starting with '/'");
  std::error_code problem;
  const fs::path directory = fs::canonical(file.parent_path(), problem);
  if (problem)
    return Error(Code::not_found, subject + " cannot be opened: " + problem.message(),
                 "install the plugin's package again");
  TrustedFile opened;
  opened.path_ = directory / file.filename();
  // Not blocking: a named pipe must not stop us before we see what it is.
  opened.fd_ = ::open(opened.path_.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (opened.fd_ < 0 && errno == ELOOP)
    return Error(Code::plugin, subject + " is a symbolic link, which are not followed here",
                 "put the file itself there, or name its directory in KSAIL_PLUGIN_PATH");
  if (opened.fd_ < 0) {
    const int error = errno;
    return Error(error == ENOENT ? Code::not_found : Code::plugin, subject + " cannot be opened: " + reason(error),
                 error == ENOENT ? "install the plugin's package again" : "check the permissions of the file");
  }
  struct stat status{};
  if (::fstat(opened.fd_, &status) != 0) return Error(Code::plugin, subject + " cannot be examined: " + reason(errno));
  if (!S_ISREG(status.st_mode))
    return Error(Code::plugin, subject + " is not a regular file", "install the plugin's package again");
  if (const auto checked = check_owner(status, subject, opened.path_.string()); !checked) return checked.error();
  opened.device_ = status.st_dev;
  opened.inode_ = status.st_ino;

  const fs::path executable = executable_path();
  for (fs::path above = directory;; above = above.parent_path()) {
    if (holds(above, executable)) break; // and so does everything above it
    struct stat there{};
    if (::stat(above.c_str(), &there) != 0)
      return Error(Code::plugin, subject + ": directory " + above.string() + " cannot be examined: " + reason(errno));
    if (const auto checked = check_owner(there, subject + ": directory " + above.string(), above.string()); !checked)
      return checked.error();
    if (above == above.parent_path()) break;
  }

  if (status.st_size > 0) {
    void *mapped = ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_PRIVATE, opened.fd_, 0);
    if (mapped == MAP_FAILED) return Error(Code::plugin, subject + " cannot be read: " + reason(errno));
    opened.bytes_ = std::string_view(static_cast<const char *>(mapped), static_cast<std::size_t>(status.st_size));
  }
  return opened;
}

void TrustedFile::swap(TrustedFile &other) noexcept {
  path_.swap(other.path_);
  std::swap(bytes_, other.bytes_);
  std::swap(fd_, other.fd_);
  std::swap(device_, other.device_);
  std::swap(inode_, other.inode_);
}

TrustedFile::TrustedFile(TrustedFile &&other) noexcept { swap(other); }

TrustedFile &TrustedFile::operator=(TrustedFile &&other) noexcept {
  TrustedFile moved(std::move(other));
  swap(moved);
  return *this;
}

TrustedFile::~TrustedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<char *>(bytes_.data()), bytes_.size());
  if (fd_ >= 0) ::close(fd_);
}

} // namespace ksail::plugins

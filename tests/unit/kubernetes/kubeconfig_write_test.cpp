// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/file_lock.hpp"
#include "kubernetes/kubeconfig.hpp"
#include "temporary_directory.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

using namespace ksail;
using namespace ksail::kubernetes;
using ksail::test::TemporaryDirectory;

namespace {

std::string config(const std::string &name) {
  return "apiVersion: v1\nkind: Config\ncurrent-context: " + name + "\nclusters:\n- name: " + name +
         "\n  cluster: {server: 'https://127.0.0.1:1'}\ncontexts:\n- name: " + name + "\n  context: {cluster: " + name +
         ", user: " + name + "}\nusers:\n- name: " + name + "\n  user: {token: t}\n";
}

Deadline soon() { return Deadline::after(std::chrono::milliseconds(1)); }
Deadline patient() { return Deadline::after(std::chrono::seconds(60)); }

unsigned mode_of(const std::string &path) {
  struct stat info{};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777u;
}

} // namespace

TEST_CASE("a new kubeconfig is private and its directory is made") {
  TemporaryDirectory directory;
  const auto file = directory.file("a/b/config");
  REQUIRE(merge_kubeconfig(file, config("dev"), patient()));
  CHECK(mode_of(file) == 0600u);
  CHECK(mode_of(directory.file("a/b")) == (0755u & ~[] {
          const mode_t mask = ::umask(0);
          ::umask(mask);
          return static_cast<unsigned>(mask);
        }()));
  CHECK(load_access({file}, "dev"));
  CHECK_FALSE(std::filesystem::exists(file + ".lock"));
  CHECK(std::distance(std::filesystem::directory_iterator(directory.path() / "a/b"), {}) == 1);
}

TEST_CASE("an existing kubeconfig keeps its mode, and a symbolic link stays one") {
  TemporaryDirectory directory;
  const auto real = directory.write("real/config", config("old"));
  ::chmod(real.c_str(), 0640);
  std::filesystem::create_symlink("real/config", directory.path() / "link");
  REQUIRE(merge_kubeconfig(directory.file("link"), config("dev"), patient()));
  CHECK(std::filesystem::is_symlink(directory.path() / "link"));
  CHECK(mode_of(real) == 0640u);
  CHECK(load_access({real}, "old"));
  CHECK(load_access({real}, "dev"));
}

TEST_CASE("removing takes the entries out of every file and minds neither absent files nor absent entries") {
  TemporaryDirectory directory;
  const auto first = directory.write("first", config("dev")), second = directory.write("second", config("other"));
  REQUIRE(merge_kubeconfig(second, config("dev"), patient()));
  REQUIRE(remove_from_kubeconfig({first, directory.file("absent"), second}, "dev", patient()));
  CHECK(directory.read("first").find("dev") == std::string::npos);
  CHECK_FALSE(load_access({second}, "dev"));
  CHECK(load_access({second}, "other"));
  CHECK_FALSE(std::filesystem::exists(directory.file("absent")));
}

TEST_CASE("kubectl's lock is respected: the error names it and how to get rid of it") {
  TemporaryDirectory directory;
  const auto file = directory.write("config", config("old"));
  const int fd = ::open((file + ".lock").c_str(), O_CREAT | O_EXCL | O_WRONLY, 0); // as client-go does
  REQUIRE(fd >= 0);
  ::close(fd);
  auto merged = merge_kubeconfig(file, config("dev"), soon());
  REQUIRE_FALSE(merged);
  CHECK(merged.error().code == Code::config);
  CHECK_THAT(merged.error().message, Catch::Contains(file + ".lock"));
  CHECK_THAT(merged.error().hint, Catch::Contains("rm " + file + ".lock"));
  CHECK(directory.read("config") == config("old"));
  CHECK(std::filesystem::exists(file + ".lock"));
}

TEST_CASE("a lock that goes away while we wait lets us in") {
  TemporaryDirectory directory;
  const auto file = directory.write("config", config("old"));
  directory.write("config.lock", "");
  std::thread holder([&] { std::filesystem::remove(file + ".lock"); });
  auto merged = merge_kubeconfig(file, config("dev"), patient());
  holder.join();
  CHECK(merged);
}

TEST_CASE("while we hold the lock nobody else gets it, and ours is gone afterwards") {
  TemporaryDirectory directory;
  const auto file = directory.file("config");
  {
    auto held = FileLock::acquire(file, soon());
    REQUIRE(held);
    CHECK(::open((file + ".lock").c_str(), O_CREAT | O_EXCL | O_WRONLY, 0) < 0);
    CHECK_FALSE(FileLock::acquire(file, soon()));
  }
  CHECK_FALSE(std::filesystem::exists(file + ".lock"));
}

TEST_CASE("the lock of a killed process of ours is taken over") {
  TemporaryDirectory directory;
  const auto file = directory.file("config");
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    auto held = FileLock::acquire(file, soon());
    ::kill(::getpid(), SIGKILL);
    ::_exit(held ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(std::filesystem::exists(file + ".lock"));
  CHECK(merge_kubeconfig(file, config("dev"), patient()));
}

TEST_CASE("twenty processes that merge at once lose nothing") {
  TemporaryDirectory directory;
  const auto file = directory.write("config", config("first"));
  std::vector<pid_t> children;
  for (int i = 0; i < 20; ++i) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      auto merged = merge_kubeconfig(file, config("c" + std::to_string(i)), patient());
      if (merged && i % 2) merged = remove_from_kubeconfig({file}, "c" + std::to_string(i), patient());
      ::_exit(merged ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  CHECK(load_access({file}, "first"));
  for (int i = 0; i < 20; ++i)
    CHECK(load_access({file}, "c" + std::to_string(i)).has_value() == (i % 2 == 0));
}

TEST_CASE("a file that cannot be written whole is left as it was") {
  TemporaryDirectory directory;
  const auto file = directory.write("config", config("old"));
  struct rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit small = before;
  small.rlim_cur = 64; // more than the lock needs, less than the file
  ::setrlimit(RLIMIT_FSIZE, &small);
  auto merged = merge_kubeconfig(file, config("dev"), patient());
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, SIG_DFL);
  REQUIRE_FALSE(merged);
  CHECK(merged.error().code == Code::config);
  CHECK_THAT(merged.error().message, Catch::Contains("cannot write " + file));
  CHECK(directory.read("config") == config("old"));
  CHECK(std::distance(std::filesystem::directory_iterator(directory.path()), {}) == 1);
}

TEST_CASE("a directory that cannot be made is named with the reason") {
  TemporaryDirectory directory;
  const auto obstacle = directory.write("file", "");
  auto merged = merge_kubeconfig(obstacle + "/sub/config", config("dev"), soon());
  REQUIRE_FALSE(merged);
  CHECK(merged.error().code == Code::config);
  CHECK_THAT(merged.error().message, Catch::Contains(obstacle));
  CHECK_FALSE(merged.error().hint.empty());
}

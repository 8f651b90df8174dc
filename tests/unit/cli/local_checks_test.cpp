// SPDX-License-Identifier: Apache-2.0
// What `ksail doctor` says of this machine: judgements on numbers, and checks of files and ports that are set up here.
#include "cli/local_checks.hpp"

#include "temporary_directory.hpp"

#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <set>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace ksail::cli;
using Catch::Contains;

namespace {
constexpr std::uint64_t gib = 1ull << 30;
}

TEST_CASE("limits are judged in steps, each with a remedy") {
  CHECK(judge_inotify_instances(1024).status == CheckStatus::ok);
  CHECK(judge_inotify_instances(512).status == CheckStatus::ok);
  CHECK(judge_inotify_instances(128).status == CheckStatus::warn);
  CHECK(judge_inotify_instances(64).status == CheckStatus::fail);
  CHECK_THAT(judge_inotify_instances(64).hint, Contains("sysctl fs.inotify.max_user_instances="));
  CHECK(judge_inotify_watches(524288).status == CheckStatus::ok);
  CHECK(judge_inotify_watches(10000).status == CheckStatus::warn);
  CHECK(judge_inotify_watches(100).status == CheckStatus::fail);
  CHECK(judge_disk("/x", 50 * gib).status == CheckStatus::ok);
  CHECK(judge_disk("/x", 5 * gib).status == CheckStatus::warn);
  CHECK(judge_disk("/x", 1 * gib).status == CheckStatus::fail);
  CHECK_THAT(judge_disk("/x", 1 * gib).message, Contains("/x"));
  CHECK(judge_memory(4 * gib).status == CheckStatus::ok);
  CHECK(judge_memory(gib * 3 / 2).status == CheckStatus::warn);
  CHECK(judge_memory(gib / 2).status == CheckStatus::fail);
}

TEST_CASE("a port in use is found out, and named with the way to find who has it") {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  REQUIRE(::bind(fd, reinterpret_cast<const sockaddr *>(&address), sizeof address) == 0);
  REQUIRE(::listen(fd, 1) == 0);
  REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr *>(&address), &length) == 0);
  const auto port = ntohs(address.sin_port);
  const auto taken = check_port(port);
  CHECK(taken.status == CheckStatus::fail);
  CHECK_THAT(taken.message, Contains(std::to_string(port)));
  CHECK_THAT(taken.hint, Contains("--api-port"));
  ::close(fd);
  CHECK(check_port(port).status == CheckStatus::ok);
  CHECK(check_port(0).status == CheckStatus::ok);
}

TEST_CASE("folders need not exist, but it must be possible to make them") {
  const ksail::test::TemporaryDirectory folder;
  CHECK(check_kubeconfig(folder.file("a/b/config")).status == CheckStatus::ok);
  CHECK(check_state_directory(folder.file("state/ksail")).status == CheckStatus::ok);
  // A file stands in the way, for root too.
  const auto file = folder.write("file", "");
  CHECK(check_state_directory(file + "/state").status == CheckStatus::fail);
  CHECK_THAT(check_state_directory(file + "/state").hint, Contains("XDG_STATE_HOME"));
  const auto here = check_kubeconfig(file + "/config");
  CHECK(here.status == CheckStatus::fail);
  CHECK_THAT(here.hint, Contains("--kubeconfig"));
}

TEST_CASE("every check has a name, a message, and a remedy where something is wrong") {
  const ksail::test::TemporaryDirectory folder;
  std::set<std::string> names;
  for (const auto &check : local_checks(folder.file("config"), folder.path().string(), 0)) {
    INFO(check.name << ": " << check.message);
    names.insert(check.name);
    CHECK_FALSE(check.message.empty());
    CHECK((check.status == CheckStatus::ok) == check.hint.empty());
  }
  for (const char *name : {"cgroup", "inotify", "disk", "memory", "kubeconfig", "state", "port"})
    CHECK(names.contains(name));
}

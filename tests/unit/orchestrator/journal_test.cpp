// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/journal.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

using namespace ksail;

namespace {
struct StateFolder {
  StateFolder() {
    char name[] = "/tmp/ksail-journal-XXXXXX";
    path = ::mkdtemp(name);
    ::setenv("XDG_STATE_HOME", path.c_str(), 1);
  }
  ~StateFolder() {
    ::unsetenv("XDG_STATE_HOME");
    std::filesystem::remove_all(path);
  }
  std::string path;
};
} // namespace

TEST_CASE("an entry is read back as it was written, until it is removed") {
  StateFolder folder;
  auto journal = Journal::open("docker", "dev");
  REQUIRE(journal);
  CHECK_FALSE(journal->read());
  JournalEntry entry;
  entry.cluster = "dev";
  entry.state = "creating";
  entry.operation_id = "0123";
  entry.kubeconfig_file = "/tmp/with \"quotes\"";
  entry.pid = 42;
  REQUIRE(journal->write(entry));
  const auto read = journal->read();
  REQUIRE(read);
  CHECK(read->state == "creating");
  CHECK(read->kubeconfig_file == entry.kubeconfig_file);
  CHECK(read->pid == 42);
  journal->remove();
  CHECK_FALSE(journal->read());
}

TEST_CASE("a second process is refused while the first holds the name, and not after it was killed") {
  StateFolder folder;
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto held = Journal::open("docker", "dev");
    const char ok = held ? '1' : '0';
    if (::write(ready[1], &ok, 1) == 1) ::pause();
    ::_exit(0);
  }
  char ok = 0;
  REQUIRE(::read(ready[0], &ok, 1) == 1);
  CHECK(ok == '1');
  auto refused = Journal::open("docker", "dev");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::already_exists);
  CHECK(refused.error().message.find("process " + std::to_string(child)) != std::string::npos);
  CHECK(Journal::open("docker", "other"));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK(Journal::open("docker", "dev"));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_CASE("a state folder that cannot be made is an error that names it") {
  StateFolder folder;
  ::setenv("XDG_STATE_HOME", "/proc/nowhere", 1);
  auto journal = Journal::open("docker", "dev");
  REQUIRE_FALSE(journal);
  CHECK(journal.error().message.find("/proc/nowhere/ksail") != std::string::npos);
  CHECK(journal.error().hint.find("XDG_STATE_HOME") != std::string::npos);
}

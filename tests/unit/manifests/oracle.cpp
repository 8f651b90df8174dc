// SPDX-License-Identifier: Apache-2.0
#include "oracle.hpp"

#include <nlohmann/json.hpp>

#include <fcntl.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <spawn.h>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

namespace ksail::manifests::test {
namespace {

/// Builds the program unless it is in the cache; its name tells the sources it was made of, as several checkouts share
/// the cache.
std::optional<std::string> program() {
  namespace fs = std::filesystem;
  const char *cache = std::getenv("XDG_CACHE_HOME");
  const char *home = std::getenv("HOME");
  const fs::path dir =
      (cache != nullptr && *cache != '\0' ? fs::path(cache) : fs::path(home != nullptr ? home : "/tmp") / ".cache") /
      "ksail";
  const fs::path source = fs::path(KSAIL_SOURCE_DIR) / "tests/unit/manifests/oracle";
  std::stringstream sources;
  for (const char *file : {"main.go", "go.mod"}) {
    sources << std::ifstream(source / file).rdbuf();
  }
  const fs::path result = dir / ("manifests-oracle-" + std::to_string(std::hash<std::string>{}(sources.str())));
  std::error_code error;
  if (fs::exists(result, error)) {
    return result;
  }
  fs::create_directories(dir, error);
  // Built beside and renamed, as several test processes may do it at once.
  const fs::path fresh = dir / ("manifests-oracle." + std::to_string(::getpid()));
  const std::string command = "cd '" + source.string() +
                              "' && PATH=\"$PATH:/usr/local/go/bin:/usr/lib/go/bin\" CGO_ENABLED=0 go build -o '" +
                              fresh.string() + "' . >&2";
  if (std::system(command.c_str()) != 0) { // NOLINT(concurrency-mt-unsafe): before any thread of a test
    return std::nullopt;
  }
  fs::rename(fresh, result, error);
  return error ? std::nullopt : std::optional<std::string>(result);
}

} // namespace

Oracle *Oracle::get() {
  static Oracle *const oracle = []() -> Oracle * {
    const auto path = program();
    if (!path) {
      // ./test gets Go where it is missing: there nothing is left out.
      if (const char *mode = std::getenv("KSAIL_TEST_REFERENCE"); // NOLINT(concurrency-mt-unsafe): nothing sets it
          mode != nullptr && std::string_view(mode) == "required") {
        throw std::runtime_error("the reference cannot be built: is there a Go toolchain in the PATH?");
      }
      return nullptr;
    }
    int to[2];
    int from[2];
    if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0) {
      return nullptr;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, to[0], 0);
    posix_spawn_file_actions_adddup2(&actions, from[1], 1);
    std::string name = *path;
    char *arguments[] = {name.data(), nullptr};
    pid_t pid = 0;
    const int error = ::posix_spawn(&pid, name.c_str(), &actions, nullptr, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(to[0]);
    ::close(from[1]);
    // The process ends with its standard input, which ends with this one.
    return error == 0 ? new Oracle(to[1], from[0]) : nullptr;
  }();
  return oracle;
}

Answer Oracle::ask(const std::string &verb, const std::string &argument) {
  const std::string line =
      verb + "\t" + nlohmann::json(argument).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  for (std::size_t sent = 0; sent < line.size();) {
    const auto n = ::write(to_, line.data() + sent, line.size() - sent);
    if (n <= 0) {
      throw std::runtime_error("the oracle does not listen");
    }
    sent += static_cast<std::size_t>(n);
  }
  std::size_t end = 0;
  while ((end = buffer_.find('\n')) == std::string::npos) {
    const std::size_t old = buffer_.size();
    buffer_.resize(old + 65536);
    const auto n = ::read(from_, buffer_.data() + old, 65536);
    if (n <= 0) {
      throw std::runtime_error("the oracle does not answer");
    }
    buffer_.resize(old + static_cast<std::size_t>(n));
  }
  const auto reply = nlohmann::json::parse(buffer_.substr(0, end));
  buffer_.erase(0, end + 1);
  return reply.contains("out") ? Answer{true, reply["out"]} : Answer{false, reply["error"]};
}

} // namespace ksail::manifests::test

// SPDX-License-Identifier: Apache-2.0
// Reading libraries that may be broken in any way. The one that is broken here is the test program itself.
#include "plugins/elf_library.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>
#include <random>

using namespace ksail;
using namespace ksail::plugins;
using Catch::Contains;

namespace {

/// A shared library of this machine that is always there: libc of the running program.
std::string libc() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);)
    if (const auto slash = line.find('/'); slash != std::string::npos && line.find("/libc.so") != std::string::npos) {
      std::ifstream in(line.substr(slash), std::ios::binary);
      return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    }
  return {};
}

} // namespace

TEST_CASE("a real library is read") {
  const auto bytes = libc();
  REQUIRE(bytes.size() > 1000);
  const auto library = read_elf_library(bytes);
  if (!library) FAIL(library.error().message);
  CHECK(std::find(library->exports.begin(), library->exports.end(), "printf") != library->exports.end());
  CHECK_FALSE(library->needed.empty());
  CHECK_FALSE(library->has_note);
  CHECK(library->runpaths.empty());
  CHECK_FALSE(library->executable_stack);
}

TEST_CASE("what is no library is refused") {
  for (const std::string &bytes : {std::string(),
                                   std::string("\x7f"
                                               "ELF"),
                                   std::string("#!/bin/sh\n"), std::string(10000, '\0')})
    CHECK_FALSE(read_elf_library(bytes));
}

TEST_CASE("a library cut anywhere is refused or read within its bounds") {
  const auto bytes = libc();
  for (std::size_t length = 0; length < bytes.size(); length += length < 4096 ? 61 : 40009) {
    // An exact copy, so that a sanitizer sees the first byte too far.
    const std::vector<char> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
    const auto library = read_elf_library({cut.data(), cut.size()});
    if (!library) CHECK(library.error().code == Code::plugin);
  }
}

TEST_CASE("a library with wrong numbers in its tables is refused or read within its bounds") {
  auto bytes = libc();
  std::mt19937 random(20260101);
  for (int round = 0; round < 300; ++round) {
    // Headers stand at the start; the dynamic section and section headers are found through them.
    const std::size_t at = random() % 1024;
    const char before = bytes[at];
    bytes[at] = static_cast<char>(random());
    const auto library = read_elf_library(bytes);
    if (!library) CHECK(library.error().code == Code::plugin);
    bytes[at] = before;
  }
}

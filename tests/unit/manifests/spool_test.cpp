// SPDX-License-Identifier: Apache-2.0
#include "manifests/spool.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>

using ksail::manifests::Spool;

namespace {

std::string piece(std::size_t i) { return std::to_string(i) + std::string(i % 97, 'x'); }

} // namespace

TEST_CASE("what was put away is found again, in memory and in the file, in any order") {
  Spool spool;
  std::vector<std::size_t> at;
  for (std::size_t i = 0; i < 60000; ++i) { // three MiB: several times what stays in memory
    auto stored = spool.append(piece(i));
    REQUIRE(stored);
    at.push_back(*stored);
    if (i % 7001 == 0) CHECK(*spool.read(at[i / 2], piece(i / 2).size()) == piece(i / 2));
  }
  for (std::size_t i = 0; i < at.size(); i += 13)
    REQUIRE(*spool.view(at[i], piece(i).size()) == piece(i));
  for (std::size_t i = at.size(); i-- > 0;)
    if (i % 1009 == 0) REQUIRE(*spool.view(at[i], piece(i).size()) == piece(i));
  CHECK(spool.read(0, spool.size())->size() == spool.size());
  CHECK_FALSE(spool.read(spool.size() - 1, 2));
}

TEST_CASE("bytes can be written over, wherever they are") {
  Spool spool;
  REQUIRE(spool.append("first"));
  REQUIRE(spool.overwrite(1, "IRS"));
  CHECK(*spool.read(0, 5) == "fIRSt");
  REQUIRE(spool.append(std::string(3U << 20U, '.'))); // now in the file
  CHECK(*spool.view(0, 5) == "fIRSt");
  REQUIRE(spool.overwrite(0, "F"));
  CHECK(*spool.view(0, 5) == "FIRSt");
}

TEST_CASE("a folder that takes no file is named") {
  const char *before = std::getenv("TMPDIR");
  const std::string kept = before ? before : "";
  ::setenv("TMPDIR", "/nowhere/at/all", 1);
  Spool spool;
  const auto failed = spool.append(std::string(2U << 20U, '.'));
  before ? ::setenv("TMPDIR", kept.c_str(), 1) : ::unsetenv("TMPDIR");
  REQUIRE_FALSE(failed);
  CHECK_THAT(failed.error().message, Catch::Contains("/nowhere/at/all"));
  CHECK_THAT(failed.error().hint, Catch::Contains("TMPDIR"));
}

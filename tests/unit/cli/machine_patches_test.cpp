// SPDX-License-Identifier: Apache-2.0
#include "cli/machine_patches.hpp"

#include "temporary_directory.hpp"

#include <catch2/catch.hpp>

using namespace ksail;
using Catch::Contains;

TEST_CASE("patches are read in their order, each for the role before its name") {
  test::TemporaryDirectory folder;
  folder.write("a.yaml", "a: 1\n");
  folder.write("b=c.yaml", "b: 2\n");
  const std::string a = (folder.path() / "a.yaml").string(), b = (folder.path() / "b=c.yaml").string();
  auto read = cli::read_machine_patches(a + ",worker=" + b + "," + b + ",control-plane=" + a);
  REQUIRE(read);
  REQUIRE(read->size() == 4);
  CHECK((*read)[0].role.empty());
  CHECK((*read)[0].file == a);
  CHECK((*read)[0].text == "a: 1\n");
  CHECK((*read)[1].role == "worker");
  CHECK((*read)[1].text == "b: 2\n");
  CHECK((*read)[2].role.empty());
  CHECK((*read)[3].role == "control-plane");
  CHECK(cli::read_machine_patches("")->empty());
}

TEST_CASE("what is no role, and what is no file, is said") {
  CHECK_THAT(cli::read_machine_patches("master=a.yaml").error().message, Contains("'master'"));
  CHECK(cli::read_machine_patches("master=a.yaml").error().code == Code::usage);
  CHECK_THAT(cli::read_machine_patches("/nowhere/a.yaml").error().message, Contains("/nowhere/a.yaml"));
  CHECK(cli::read_machine_patches("/nowhere/a.yaml").error().code == Code::not_found);
}

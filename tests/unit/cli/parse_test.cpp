// SPDX-License-Identifier: Apache-2.0
// Command lines: what they mean, and what is said about those that mean nothing.
#include "cli/parse.hpp"

#include <catch2/catch.hpp>

using namespace ksail;
using namespace ksail::cli;
using Catch::Contains;

namespace {

using Words = std::vector<std::string>;

Invocation good(const Words &words) {
  auto result = parse(words);
  if (!result) FAIL(result.error().message);
  return *result;
}
Error bad(const Words &words) {
  const auto result = parse(words);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::usage);
  return result.error();
}

} // namespace

TEST_CASE("words become a command with its options") {
  const auto all = good({"cluster", "create", "--name", "shop", "--workers=2", "-d", "k3s", "--retain"});
  CHECK(all.command->path == "cluster create");
  CHECK(all.value("name") == "shop");
  CHECK(all.value("workers") == "2");
  CHECK(all.value("distribution") == "k3s");
  CHECK(all.has("retain"));
  CHECK_FALSE(all.has("dry-run"));
  CHECK(all.value("timeout", "none") == "none");
}

TEST_CASE("global options may stand anywhere") {
  for (const Words &words : {Words{"-o", "json", "cluster", "list"}, Words{"cluster", "-o", "json", "list"},
                             Words{"cluster", "list", "-o", "json"}, Words{"cluster", "list", "--output=JSON"},
                             Words{"cluster", "list", "-ojson"}}) {
    const auto invocation = good(words);
    CHECK(invocation.command->path == "cluster list");
    CHECK(invocation.value("output") == "json");
  }
  CHECK(good({"-v", "cluster", "list", "-vv"}).count("verbose") == 3);
}

TEST_CASE("the last of several wins, and lists are kept") {
  CHECK(good({"cluster", "create", "-n", "a", "--name", "b"}).value("name") == "b");
  CHECK(good({"workload", "apply", "-f", "a", "-f", "b", "--filename=c"}).values("filename") == Words{"a", "b", "c"});
}

TEST_CASE("other names of options") {
  CHECK(good({"cluster", "delete", "--yes"}).has("force"));
  CHECK(good({"cluster", "list", "--benchmark"}).has("timing"));
  CHECK(good({"workload", "apply", "--kustomize", "x"}).values("overlay-path") == Words{"x"});
}

TEST_CASE("one letter, a meaning for each command") {
  CHECK(good({"cluster", "delete", "-f"}).has("force"));
  CHECK(good({"workload", "apply", "-f", "-"}).value("filename") == "-");
  CHECK(good({"cluster", "logs", "-f"}).has("follow"));
  CHECK(good({"workload", "apply", "-f", "x", "-n", "ns"}).value("namespace") == "ns");
}

TEST_CASE("a flag can be switched off again") {
  CHECK_FALSE(good({"cluster", "create", "--retain=false"}).has("retain"));
  CHECK(good({"cluster", "create", "--retain=true"}).has("retain"));
  CHECK_THAT(bad({"cluster", "create", "--retain=maybe"}).message, Contains("takes no value"));
}

TEST_CASE("unknown commands are answered with what was meant") {
  CHECK(bad({"cluster", "crate"}).message == "unknown command 'crate' of `ksail cluster`");
  CHECK(bad({"cluster", "crate"}).hint == "did you mean `ksail cluster create`?");
  CHECK(bad({"clutser"}).hint == "did you mean `ksail cluster`?");
  CHECK(bad({"create"}).hint == "did you mean `ksail cluster create`?"); // the noun was left out
  CHECK_THAT(bad({"frobnicate"}).hint, Contains("cluster") && Contains("workload") && !Contains("__"));
  CHECK_THAT(bad({"cluster", "create", "extra"}).message, Contains("unexpected 'extra'"));
  CHECK_THAT(bad({"cluster", "crate", "--help"}).message, Contains("unknown command 'crate'"));
}

TEST_CASE("unknown options are answered with what was meant") {
  CHECK(bad({"cluster", "create", "--worker", "2"}).message == "unknown option --worker of `ksail cluster create`");
  CHECK(bad({"cluster", "create", "--worker=2"}).hint == "did you mean --workers?");
  CHECK_THAT(bad({"cluster", "create", "--frobnicate"}).hint, Contains("--help"));
  CHECK_THAT(bad({"cluster", "create", "-Z"}).message, Contains("unknown option -Z"));
  CHECK_THAT(bad({"cluster", "list", "--workers", "2"}).message,
             Contains("unknown option --workers of `ksail cluster list`"));
}

TEST_CASE("missing values and arguments are told") {
  CHECK_THAT(bad({"cluster", "create", "--name"}).message, Contains("needs a value"));
  CHECK_THAT(bad({"cluster", "create", "--name", "--retain"}).message, Contains("--name"));
  CHECK_THAT(bad({"completion"}).message, Contains("`ksail completion` needs SHELL"));
  CHECK_THAT(bad({"completion", "bahs"}).hint, Contains("did you mean bash?"));
  CHECK_THAT(bad({"plugin", "info"}).message, Contains("needs PLUGIN"));
}

TEST_CASE("values are checked where they are not settings") {
  CHECK_THAT(bad({"cluster", "list", "-o", "jsno"}).hint, Contains("did you mean json?"));
  CHECK_THAT(bad({"cluster", "logs", "--tail", "many"}).message, Contains("'many' is not a number"));
  CHECK_THAT(bad({"cluster", "list", "--color", "sometimes"}).hint, Contains("auto, always or never"));
  CHECK(good({"cluster", "create", "--workers", "many"}).value("workers") == "many"); // its setting says more
}

TEST_CASE("help is understood even where the rest is not") {
  CHECK(good({"cluster", "create", "--name", "-h"}).command->path == "cluster create");
  CHECK(good({"cluster", "create", "--nonsense", "--help"}).has("help"));
  CHECK(good({"completion", "--help"}).has("help"));
  CHECK(good({"cluster"}).command->path == "cluster");
  CHECK(good({}).command->path.empty());
  CHECK(good({"--version"}).has("version"));
}

TEST_CASE("after two dashes nothing is an option") {
  CHECK(good({"plugin", "verify", "--", "-odd.so"}).arguments == Words{"-odd.so"});
  CHECK_THAT(bad({"cluster", "create", "--", "--name"}).message, Contains("unexpected '--name'"));
  CHECK_THAT(bad({"cluster", "++", "create"}).message, Contains("++"));
}

TEST_CASE("odd words do not confuse it") {
  for (const Words &words :
       {Words{""}, Words{"-"}, Words{"--"}, Words{"---"}, Words{"--="}, Words{"-="}, Words{"cluster", ""},
        Words{"cluster", "create", "--name="}, Words{"cluster", "create", "-n="}, Words{std::string("a\0b", 3)},
        Words{"\xff\xfe"}, Words{std::string(100000, 'x')}, Words{"cluster", "cluster"}, Words{"{}", "[]"},
        Words{"%s%n"}}) {
    const auto result = parse(words);
    if (!result) CHECK(result.error().code == Code::usage);
  }
}

TEST_CASE("an option whose value may be left away") {
  for (const auto &words : {Words{"cluster", "create", "--local-registry"},
                            Words{"cluster", "create", "--local-registry", "--workers", "1"},
                            Words{"cluster", "create", "--local-registry="}}) {
    auto parsed = parse(words);
    REQUIRE(parsed);
    CHECK(parsed->value("local-registry") == "ksail-registry:5000");
  }
  for (const auto &words :
       {Words{"cluster", "create", "--local-registry=reg:5001"}, Words{"cluster", "create", "--local-registry", "reg:5001"}}) {
    auto parsed = parse(words);
    REQUIRE(parsed);
    CHECK(parsed->value("local-registry") == "reg:5001");
  }
}

// SPDX-License-Identifier: Apache-2.0
// Errors as people and programs read them, their exit codes, and what must not be in them.
#include "cli/error_text.hpp"
#include "cli/exit_code.hpp"
#include "cli/redaction.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <set>

using namespace ksail;
using namespace ksail::cli;
using Catch::Contains;

TEST_CASE("an error is its message, its causes and each remedy once") {
  Error error(Code::partial, "two things failed", "look here");
  error.causes.emplace_back(Code::unavailable, "the first", "turn it on");
  error.causes.emplace_back(Code::unavailable, "the second", "turn it on");
  error.causes[1].causes.emplace_back(Code::unknown, "below");
  CHECK(error_text(error, {false, true}) == "error: two things failed\n"
                                            "  - the first\n"
                                            "  - the second\n"
                                            "    - below\n"
                                            "hint: look here\n"
                                            "hint: turn it on\n");
  CHECK_THAT(error_text(error, {true, true}), Contains("\x1b[31merror:\x1b[0m"));
}

TEST_CASE("as JSON an error has a version, a kind, its exit code and everything else") {
  Error error(Code::not_found, "no cluster", "create it");
  error.retryable = true;
  error.causes.emplace_back(Code::unknown, "why");
  const auto json = error_json(error);
  CHECK(json.at("apiVersion") == "ksail.io/v1alpha1");
  CHECK(json.at("kind") == "Error");
  CHECK(json.at("exitCode") == 4);
  CHECK(json.at("code") == "not_found");
  CHECK(json.at("message") == "no cluster");
  CHECK(json.at("hint") == "create it");
  CHECK(json.at("retryable") == true);
  CHECK(json.at("causes").at(0).at("message") == "why");
}

TEST_CASE("exit codes are those of the documentation") {
  const auto code = [](Code c) { return exit_code_of(Error(c, "x")); };
  CHECK(code(Code::ok) == 0);
  CHECK(code(Code::unknown) == 1);
  CHECK(code(Code::internal) == 1);
  CHECK(code(Code::unavailable) == 1);
  CHECK(code(Code::failed_precondition) == 1);
  CHECK(code(Code::usage) == 2);
  CHECK(code(Code::config) == 3);
  CHECK(code(Code::not_found) == 4);
  CHECK(code(Code::already_exists) == 5);
  CHECK(code(Code::aborted) == 5);
  CHECK(code(Code::plugin) == 6);
  CHECK(code(Code::unimplemented) == 6);
  CHECK(code(Code::unauthenticated) == 7);
  CHECK(code(Code::permission_denied) == 7);
  CHECK(code(Code::deadline_exceeded) == 8);
  CHECK(code(Code::partial) == 9);
}

TEST_CASE("every code has a name of its own") {
  std::set<std::string_view> names;
  for (const auto code : {Code::ok,
                          Code::cancelled,
                          Code::unknown,
                          Code::invalid_argument,
                          Code::deadline_exceeded,
                          Code::not_found,
                          Code::already_exists,
                          Code::permission_denied,
                          Code::resource_exhausted,
                          Code::failed_precondition,
                          Code::aborted,
                          Code::out_of_range,
                          Code::unimplemented,
                          Code::internal,
                          Code::unavailable,
                          Code::data_loss,
                          Code::unauthenticated,
                          Code::usage,
                          Code::config,
                          Code::plugin,
                          Code::partial})
    CHECK(names.insert(code_name(code)).second);
}

TEST_CASE("secrets that are known are blacked out wherever they stand") {
  Redaction redaction;
  redaction.add("hunter2");
  redaction.add("hunter2-longer");
  redaction.add("abc"); // too short to hide without garbling everything
  CHECK(redaction.apply("a hunter2 b hunter2-longer abc") == "a *** b *** abc");
  CHECK(redaction.apply("hunter2hunter2") == "******");
}

TEST_CASE("credentials in URLs and headers are blacked out unasked") {
  const Redaction redaction;
  CHECK(redaction.apply("pull https://me:pass@host/x?a=b@c") == "pull https://***@host/x?a=b@c");
  CHECK(redaction.apply("see https://host/user@example.org") == "see https://host/user@example.org");
  CHECK(redaction.apply("Authorization: Bearer abcdefghijklmnop") == "Authorization: Bearer ***");
  CHECK(redaction.apply("Basic QWxhZGRpbjpvcGVu, next") == "Basic ***, next");
  CHECK(redaction.apply("Basic auth is refused") == "Basic auth is refused");
  CHECK(redaction.apply("https://a:b@c and https://d:e@f") == "https://***@c and https://***@f");
}

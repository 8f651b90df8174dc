// SPDX-License-Identifier: Apache-2.0
// Several JSON values in one input, and the numbers in them. What kubectl 1.34 makes of each of these inputs is what is
// expected here; where it drops objects without a word, they are read, and the test says so.
#include "manifests/reader.hpp"

#include <catch2/catch.hpp>

using namespace ksail;
using namespace ksail::manifests;

namespace {

std::string json_object(const std::string &name) {
  return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name + "\"}}";
}
std::string yaml_object(const std::string &name) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\n";
}
const std::string kA = json_object("a");
const std::string kB = json_object("b");
const std::string kC = json_object("c");
const std::string kYaml = yaml_object("y1");

/// The names of the objects, each with its line, and the error if there is one: "a:1 b:2 error".
std::string read(const std::string &text, Error *error = nullptr) {
  std::string names;
  const auto result = read_text(text, "in", [&](const Object &object) -> Result<void> {
    names += (names.empty() ? "" : " ") + object.name + ":" + std::to_string(object.where.line);
    return {};
  });
  if (result.has_error()) {
    names += std::string(names.empty() ? "" : " ") + "error";
    if (error != nullptr) {
      *error = result.error();
    }
  }
  return names;
}

/// What a number of this text is in the JSON of an object that is written as YAML or as JSON.
std::string number(const std::string &text, bool json) {
  const std::string head = R"({"apiVersion":"x/v1","kind":"Foo","metadata":{"name":"a"},"v":)";
  std::string found;
  const auto result =
      read_text(json ? head + text + "}" : "apiVersion: x/v1\nkind: Foo\nmetadata: {name: a}\nv: " + text + "\n", "in",
                [&](const Object &object) -> Result<void> {
                  found = object.json.substr(object.json.find("\"v\":") + 4);
                  found.pop_back();
                  return {};
                });
  return result.has_error() ? "error: " + result.error().message : found;
}

} // namespace

TEST_CASE("JSON values one after the other are a stream") {
  CHECK(read(kA + kB) == "a:1 b:1");
  CHECK(read(kA + "\n" + kB + "\n\n  " + kC + "\n") == "a:1 b:2 c:4");
  CHECK(read("\t" + kA + "\t\r\n" + kB) == "a:1 b:2");
  CHECK(read("\xEF\xBB\xBF" + kA + kB) == "a:1 b:1");
  CHECK(read(kA + " null\n") == "a:1");
  CHECK(read(kA + "\n# the end\n") == "a:1");
  CHECK(read(kA + "\n# between\n" + kB) == "a:1 b:3");
}

TEST_CASE("a stream of JSON may go on in YAML") {
  CHECK(read(kA + "\n---\n" + kYaml) == "a:1 y1:3");
  CHECK(read(kA + "---\n" + kYaml) == "a:1 y1:2");
  CHECK(read(kA + " --- \n" + kB) == "a:1 b:2");
  CHECK(read(kA + "  " + kYaml) == "a:1 y1:1");
  CHECK(read(kA + "\n" + kYaml) == "a:1 y1:2");
  CHECK(read(kA + "\n--- # more\n" + kYaml + "---\n" + kB) == "a:1 y1:3 b:8");
}

TEST_CASE("values that kubectl drops or does not reach are read all the same") {
  // After two values kubectl takes nothing but JSON.
  CHECK(read(kA + kB + "\n---\n" + kYaml) == "a:1 b:1 y1:3");
  // Behind a line of dashes or a comment it reads YAML, and of each document the first value.
  CHECK(read("---\n" + kA + "\n" + kB) == "a:2 b:3");
  CHECK(read("# licence\n\n" + kA + kB + "\n# end\n") == "a:3 b:3");
  CHECK(read(kYaml + "--- # json\n" + kA + "\n\n" + kB + "\n---\n" + kC) == "y1:1 a:6 b:8 c:10");
}

TEST_CASE("what is no value between or behind JSON values is an error with its place") {
  Error error;
  for (const char *rest :
       {"\nxyz\n", "}\n", ",\n{}", " 5\n", "\n{\"apiVersion\": \"v1\",\n", "\n...\n{}", "\n----\n"}) {
    INFO(rest);
    CHECK(read(kA + rest, &error).starts_with("a:1 error"));
    CHECK(error.message.starts_with("reading in:"));
  }
  CHECK(read("---\n" + kA + kB + "\n{\"a\":,}\n", &error) == "a:2 b:2 error");
  CHECK(error.message == "reading in:3:1: this is no JSON, and what stands before it is\n  | {\"a\":,}");
  // Flow mappings are YAML: they need the dashes.
  CHECK(read("{apiVersion: v1, kind: ConfigMap, metadata: {name: f}}\n" + kA, &error) == "f:1 error");
  CHECK(error.message == "reading in:2:1: the manifest ends before this, and nothing separates the two\n  | " + kA);
  CHECK(error.hint.find("---") != std::string::npos);
}

TEST_CASE("numbers are what kubectl decodes") {
  struct Case {
    const char *text, *of_yaml, *of_json;
  };
  constexpr Case cases[] = {
      {"1.0", "1", "1"},
      {"0.1e1", "1", "1"},
      {"1E5", "100000", "100000"},
      {"1e21", "1e+21", "1e+21"},
      {"1e-7", "1e-7", "1e-7"},
      {"-0", "0", "0"},
      {"-0.0", "0", "-0"},
      {"1e-400", "0", "0"},
      {"-1e-400", "0", "-0"},
      {"2e-324", "0", "0"},
      {"5e-324", "5e-324", "5e-324"},
      {"9223372036854775807", "9223372036854775807", "9223372036854775807"},
      {"9223372036854775808", "9223372036854776000", "9223372036854776000"},
      {"18446744073709551615", "18446744073709552000", "18446744073709552000"},
      {"18446744073709551616", "18446744073709552000", "18446744073709552000"},
      {"-9223372036854775809", "-9223372036854776000", "-9223372036854776000"},
  };
  for (const auto &each : cases) {
    INFO(each.text);
    CHECK(number(each.text, false) == each.of_yaml);
    CHECK(number(each.text, true) == each.of_json);
  }
  CHECK(number("1e400", false) == "\"1e400\"");
  for (const char *large : {"1e400", "-1e400", "1.8e308", "1e99999999999999999999"}) {
    CHECK(number(large, true).find("the number " + std::string(large) + " is too large") != std::string::npos);
  }
  CHECK(number("1.7976931348623157e308", true) == "1.7976931348623157e+308");
}

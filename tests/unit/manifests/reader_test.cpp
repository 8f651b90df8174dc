// SPDX-License-Identifier: Apache-2.0
#include "manifests/reader.hpp"

#include "manifests/document_splitter.hpp"
#include "manifests/json.hpp"
#include "temporary_directory.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <cstring>
#include <filesystem>
#include <fstream>

using namespace ksail;
using namespace ksail::manifests;

namespace {

std::vector<Object> read_all(std::string_view text) {
  std::vector<Object> objects;
  const auto result = read_text(text, "in.yaml", [&](Object object) -> Result<void> {
    objects.push_back(std::move(object));
    return {};
  });
  INFO(text);
  if (result.has_error()) {
    FAIL(result.error().message);
  }
  return objects;
}

Error read_error(std::string_view text) {
  const auto result = read_text(text, "in.yaml", [](const Object &) -> Result<void> { return {}; });
  INFO(text);
  REQUIRE(result.has_error());
  return result.error();
}

const std::string kHead = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";

nlohmann::json data_of(const std::string &yaml) {
  const auto objects = read_all(kHead + "data:\n" + yaml);
  REQUIRE(objects.size() == 1);
  return nlohmann::json::parse(objects[0].json)["data"];
}

} // namespace

TEST_CASE("an object carries its identity, its place and its JSON") {
  const auto objects =
      read_all("# a comment\n\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: "
               "shop}\nspec:\n  replicas: 3\n");
  REQUIRE(objects.size() == 1);
  CHECK(objects[0].api_version == "apps/v1");
  CHECK(objects[0].group() == "apps");
  CHECK(objects[0].version() == "v1");
  CHECK(objects[0].describe() == "Deployment shop/web");
  CHECK(objects[0].where.describe() == "in.yaml:3:1");
  CHECK(
      objects[0].json ==
      R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"shop"},"spec":{"replicas":3}})");
}

TEST_CASE("several documents come in order, and those that are empty or only comments are skipped") {
  const auto doc = [](const std::string &name) {
    return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\n";
  };
  const auto objects =
      read_all("---\n# nothing\n---\n" + doc("a") + "---\n---\nnull\n--- # b follows\n" + doc("b") + "...\n---\n" +
               doc("c") + "data:\n  text: |\n    ----\n    --- no marker here\n  more: x\n---");
  REQUIRE(objects.size() == 3);
  CHECK(objects[0].name == "a");
  CHECK(objects[1].name == "b");
  CHECK(objects[2].name == "c");
  CHECK(objects[2].where.line == 18);
  CHECK(nlohmann::json::parse(objects[2].json)["data"]["text"] == "----\n--- no marker here\n");
}

TEST_CASE("scalars are what kubectl makes of them") {
  CHECK(
      data_of("  a: yes\n  b: off\n  c: y\n  d: 010\n  e: 0o10\n  f: 0x1F\n  g: 1_000\n  h: 1e3\n  i: ~\n  j:\n") ==
      nlohmann::json::parse(R"({"a":true,"b":false,"c":true,"d":8,"e":8,"f":31,"g":1000,"h":1000,"i":null,"j":null})"));
  CHECK(data_of("  a: \"yes\"\n  b: 'on'\n  c: !!str 1\n  d: 2001-01-01\n  e: 1:30\n  f: 08\n  g: '0'\n") ==
        nlohmann::json::parse(R"({"a":"yes","b":"on","c":"1","d":"2001-01-01","e":"1:30","f":8,"g":"0"})"));
  CHECK(data_of("  a: 9007199254740993\n  b: 9223372036854775807\n  c: -9223372036854775808\n").dump() ==
        R"({"a":9007199254740993,"b":9223372036854775807,"c":-9223372036854775808})");
  CHECK(data_of("  1: a\n  yes: b\n  1.5: c\n") == nlohmann::json::parse(R"({"1":"a","true":"b","1.5":"c"})"));
  CHECK(data_of("  1e5: a\n  1234567.5: b\n  18446744073709551616: c\n  0.00001: d\n  !!binary aGVsbG8=: e\n") ==
        nlohmann::json::parse(R"({"100000":"a","1.2345675e+06":"b","1.8446744e+19":"c","1e-05":"d","hello":"e"})"));
  CHECK(data_of("  a: !!timestamp 2001-01-01\n  b: 2001-01-01\n") ==
        nlohmann::json::parse(R"({"a":"2001-01-01","b":"2001-01-01"})"));
}

TEST_CASE("the last line ends like any other, whether a newline follows or not") {
  CHECK(data_of("  a: |\n    x") == nlohmann::json::parse(R"({"a":"x\n"})"));
  CHECK(data_of("  a: |\n    x: \"q\\\\\"") == nlohmann::json::parse(R"({"a":"x: \"q\\\\\"\n"})"));
  CHECK(data_of("  a: >-\n    x") == nlohmann::json::parse(R"({"a":"x"})"));
  CHECK(data_of("  k: {x: 1,\n    z: 2}\n  a: >\n    x") == nlohmann::json::parse(R"({"k":{"x":1,"z":2},"a":"x\n"})"));
  const std::string text = kHead + "data:\n  a: |\n    x";
  const auto again = read_document(text, "in.yaml", 1);
  REQUIRE(again);
  CHECK(nlohmann::json::parse((*again).json)["data"]["a"] == "x\n");
}

TEST_CASE("anchors, aliases and merges are resolved") {
  CHECK(data_of("  a: &x {k: v, l: w}\n  b: *x\n  c:\n    <<: *x\n    k: own\n  d:\n    <<: [{k: 1}, *x]\n") ==
        nlohmann::json::parse(
            R"({"a":{"k":"v","l":"w"},"b":{"k":"v","l":"w"},"c":{"k":"own","l":"w"},"d":{"k":1,"l":"w"}})"));
}

TEST_CASE("an object whose identity comes through a merge is recognised") {
  const auto objects = read_all("apiVersion: v1\nkind: List\nitems:\n- &base\n  apiVersion: v1\n  kind: ConfigMap\n  "
                                "metadata: {name: one}\n- <<: *base\n  metadata: {name: two}\n");
  REQUIRE(objects.size() == 2);
  CHECK(objects[1].kind == "ConfigMap");
  CHECK(objects[1].name == "two");
}

TEST_CASE("lists are expanded, nested ones too, and typed lists lend their kind") {
  const auto objects = read_all(
      R"({"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}},
      {"apiVersion":"v1","kind":"SecretList","items":[{"metadata":{"name":"b"}}]},{"apiVersion":"v1","kind":"PodList","items":null}]})");
  REQUIRE(objects.size() == 2);
  CHECK(objects[0].name == "a");
  CHECK(objects[1].kind == "Secret");
  CHECK(objects[1].api_version == "v1");
}

TEST_CASE("JSON values may follow one another without a marker, and flow mappings are no JSON") {
  const std::string a =
      R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"x":"}\"{\u00e9\ud83d\ude00"}})";
  const auto objects =
      read_all(a + a + "\n\n" + a + "\n---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: 'it}s'}}\n");
  REQUIRE(objects.size() == 4);
  CHECK(nlohmann::json::parse(objects[1].json)["data"]["x"] == "}\"{é😀");
  CHECK(objects[2].where.line == 3);
  CHECK(objects[3].name == "it}s");
}

TEST_CASE("a byte order mark and Windows line ends do no harm") {
  std::string text = "\xEF\xBB\xBF" + kHead + "data:\n  a: |\n    one\n    two\n---\n" + kHead;
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) {
    text.replace(at, 1, "\r\n");
  }
  const auto objects = read_all(text);
  REQUIRE(objects.size() == 2);
  CHECK(nlohmann::json::parse(objects[0].json)["data"]["a"] == "one\ntwo\n");
  CHECK(read_all("\xEF\xBB\xBF" + kHead + "---\n\xEF\xBB\xBF" + kHead).size() == 2);
}

TEST_CASE("errors name file, line and column and show the line") {
  auto error = read_error(kHead + "---\n" + kHead + "data:\n\ta: b\n");
  CHECK(error.code == Code::config);
  CHECK(error.message.find("in.yaml:11:1: ") != std::string::npos);
  CHECK(error.message.find("\\ta: b") != std::string::npos);
  CHECK(error.hint.find("spaces") != std::string::npos);

  error = read_error(kHead + "data:\n  a: 1\n  b: 2\n  a: 3\n");
  CHECK(error.message.find("in.yaml:8:3: the key 'a' is there already, in line 6") != std::string::npos);

  error = read_error("apiVersion: v1\nmetadata:\n  name: a\n");
  CHECK(error.message.find("kind is missing") != std::string::npos);
  error = read_error("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: 123\n");
  CHECK(error.message.find("in.yaml:4:9: name must be a string") != std::string::npos);
  error = read_error("- a\n");
  CHECK(error.message.find("this is a list") != std::string::npos);
  error = read_error(kHead + "data:\n  a: .inf\n");
  CHECK(error.message.find("in.yaml:6:6") != std::string::npos);
  error = read_error("a: [1, 2\n");
  CHECK(error.message.find("in.yaml:2:1") != std::string::npos);
}

TEST_CASE("an error in a Secret does not show its values") {
  const auto error = read_error("apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  p: hunter2: x\n");
  CHECK(error.message.find("hunter2") == std::string::npos);
  CHECK(error.message.find("p:") != std::string::npos);
}

TEST_CASE("documents that mean gigabytes, and those nested without end, are refused") {
  std::string bomb = kHead + "x0: &x0 [a,a,a,a,a,a,a,a,a]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string ref = "*x" + std::to_string(i - 1);
    bomb += "x" + std::to_string(i) + ": &x" + std::to_string(i) + " [" + ref;
    for (int j = 0; j < 8; ++j) {
      bomb += "," + ref;
    }
    bomb += "]\n";
  }
  CHECK(read_error(bomb).message.find("aliases") != std::string::npos);
  CHECK(read_error("a: " + std::string(100000, '[')).message.find("in.yaml:1:") != std::string::npos);
  CHECK(read_error("a: &x [*x]").message.find("contains itself") != std::string::npos);
  CHECK(read_error(std::string(100000, '{')).message.find("in.yaml:1:") != std::string::npos);
  std::string deep;
  for (int i = 0; i < 3000; ++i) {
    deep += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  }
  CHECK(read_error(deep).message.find("in.yaml:") != std::string::npos);
}

TEST_CASE("binary input and invalid UTF-8 are refused with a place") {
  CHECK(read_error(std::string("a: b\0c", 6)).message.find("in.yaml:1:") != std::string::npos);
  CHECK(read_error("a: b\nc: \xff\xfe\n").message.find("in.yaml:2:") != std::string::npos);
  CHECK(read_error("{\"a\":\"\xff\"}").message.find("in.yaml:1:") != std::string::npos);
}

TEST_CASE("a failure of the receiver stops the reading and is returned") {
  int seen = 0;
  const auto result = read_text(kHead + "---\n" + kHead, "in.yaml", [&](const Object &) -> Result<void> {
    ++seen;
    return Error{Code::aborted, "enough"};
  });
  CHECK(result.error().message == "enough");
  CHECK(seen == 1);
}

TEST_CASE("the splitter finds the same documents whatever the size of the pieces it is fed") {
  const auto split = [](const std::string &text, std::size_t piece) {
    std::vector<std::string> out;
    std::string_view rest = text;
    DocumentSplitter splitter(
        [&](char *to, std::size_t size) -> Result<std::size_t> {
          const auto n = std::min({size, piece, rest.size()});
          std::memcpy(to, rest.data(), n);
          rest.remove_prefix(n);
          return n;
        },
        "in");
    Document document;
    while (splitter.next(document).value()) {
      CHECK(document.text == text.substr(document.offset, document.text.size()));
      out.emplace_back(document.text);
    }
    return out;
  };
  using Documents = std::vector<std::string>;
  const std::vector<std::pair<std::string, Documents>> streams = {
      {"\n\n{\"a\": {\"b\": \"}{\\\"\"}}{\"c\":1}\n---\na: 1\n---\n\n--- # x\nb: |\n  ----\n---abc: 1\n---\n",
       {"{\"a\": {\"b\": \"}{\\\"\"}}", "{\"c\":1}", "---\na: 1\n", "---\n\n", "--- # x\nb: |\n  ----\n---abc: 1\n",
        "---\n"}},
      {" \n  \n    a: 1\n    b: 2\n", {"    a: 1\n    b: 2\n"}},
      {"{\"a\": 1}   {\"b\": 2}  \n \n   c: 1\n   d: 2\n", {"{\"a\": 1}", "{\"b\": 2}", "   c: 1\n   d: 2\n"}},
      {"\xEF\xBB\xBF  a: 1", {"\xEF\xBB\xBF  a: 1"}},
      {"\xEF\xBB\xBF \n {\"a\": 1}", {"{\"a\": 1}"}},
      {"a", {"a"}},
      {"  \n\t\n   ", {}},
  };
  for (const auto &[text, documents] : streams) {
    CAPTURE(text);
    for (std::size_t piece = 1; piece < 12; ++piece) {
      CHECK(split(text, piece) == documents);
    }
    CHECK(split(text, 1000) == documents);
  }
}

TEST_CASE("a directory gives its YAML and JSON files sorted, with or without those below") {
  namespace fs = std::filesystem;
  const fs::path dir = fs::temp_directory_path() / ("ksail-manifests-" + std::to_string(::getpid()));
  fs::create_directories(dir / "sub");
  const auto write = [&](const char *name, const std::string &text) { std::ofstream(dir / name) << text; };
  write("b.yaml", kHead);
  write("a.json", R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"j"}})");
  write("c.txt", "not: [read");
  write("sub/d.yml", kHead);
  std::vector<std::string> seen;
  const ObjectSink sink = [&](const Object &object) -> Result<void> {
    seen.push_back(object.kind + fs::path(object.where.file).filename().string());
    return {};
  };
  REQUIRE(read_directory(dir, false, sink).has_value());
  CHECK(seen == std::vector<std::string>{"Secreta.json", "ConfigMapb.yaml"});
  seen.clear();
  REQUIRE(read_directory(dir, true, sink).has_value());
  CHECK(seen.size() == 3);
  CHECK(read_directory(dir / "none", true, sink).error().code == Code::not_found);
  CHECK(read_file(dir / "none.yaml", sink).error().code == Code::not_found);
  CHECK(read_file(dir, sink).error().message.find("is a directory") != std::string::npos);
  fs::remove_all(dir);
}

TEST_CASE("bad input has a message of its own for each kind of badness, and bounded memory") {
  ksail::test::TemporaryDirectory directory;
  const auto error_of = [&](const std::string &path) {
    const auto result = read_file(path, [](const Object &) -> Result<void> { return {}; });
    REQUIRE(result.has_error());
    return result.error();
  };
  SECTION("a binary file is called one, without its bytes") {
    const auto error = error_of(directory.write("a.yaml", std::string("\x7f"
                                                                      "ELF\x02\x01\x01\0\0\0\0\0",
                                                                      12) +
                                                              "hunter2"));
    CHECK(error.message.find("it is a binary file") != std::string::npos);
    CHECK(error.message.find("hunter2") == std::string::npos);
    CHECK(!error.hint.empty());
  }
  SECTION("so is one that turns binary after megabytes") {
    std::string text = kHead + "data:\n";
    while (text.size() < 3U << 20U)
      text += "  key" + std::to_string(text.size()) + ": value\n";
    const auto error = error_of(directory.write("a.yaml", text + std::string(100, '\0')));
    CHECK(error.message.find("it is a binary file") != std::string::npos);
  }
  SECTION("UTF-16 is not called binary") {
    const auto error = error_of(directory.write("a.yaml", std::string("\xff\xfe"
                                                                      "a\0:\0",
                                                                      6)));
    CHECK(error.message.find("UTF-16") != std::string::npos);
  }
  SECTION("a line without end") {
    const auto path = directory.write("a.yaml", "a: b\nx: ");
    std::ofstream(path, std::ios::app) << std::string(100, 'y');
    std::filesystem::resize_file(path, std::uintmax_t{1} << 30U); // holes read as zeros
    CHECK(error_of(path).message.find("it is a binary file") != std::string::npos);
    // The same made of letters, from a pipe: what is kept never exceeds what a document may have.
    std::size_t given = 0;
    DocumentSplitter splitter(
        [&](char *to, std::size_t size) -> Result<std::size_t> {
          std::memset(to, 'x', size);
          given += size;
          return given > std::size_t{1} << 30U ? 0 : size;
        },
        "in.yaml");
    Document document;
    const auto result = splitter.next(document);
    REQUIRE(result.has_error());
    CHECK(result.error().message.find("a single line is longer than 256 MiB") != std::string::npos);
    CHECK(given < std::size_t{512} << 20U);
  }
  SECTION("a file that cannot be read") {
    CHECK(error_of(directory.file("gone.yaml")).message.find("No such file") != std::string::npos);
    CHECK(error_of(directory.path().string()).message.find("it is a directory") != std::string::npos);
    const auto error = error_of("/proc/self/mem"); // opens, but gives an error when read at 0, for everybody
    CHECK(error.message.find("Input/output error") != std::string::npos);
  }
}

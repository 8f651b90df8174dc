// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/known_kinds.hpp"
#include "kubernetes/open_api.hpp"
#include "kubernetes/schema_text.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <sstream>

using namespace ksail;
using kubernetes::OpenApiSchema;
using kubernetes::read_schema_text;
using nlohmann::json;

namespace {

using Found = std::vector<std::string>;

std::string committed() {
  std::ifstream in(std::string(KSAIL_SOURCE_DIR) + "/packaging/schema/kubernetes.txt", std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

OpenApiSchema schema_from(const std::string &text) {
  auto read = read_schema_text(text, "test");
  REQUIRE(read);
  OpenApiSchema schema;
  REQUIRE(schema.add(std::move(read->document), "test"));
  return schema;
}

Found check(const OpenApiSchema &schema, const std::string &object) {
  Found out;
  for (const auto &violation : schema.check(json::parse(object)))
    out.push_back(violation.path + ": " + violation.message);
  return out;
}

} // namespace

TEST_CASE("the compact form says the same as the OpenAPI document") {
  const auto read = read_schema_text("# a comment\n"
                                     "kubernetes v1.34.2\n"
                                     "a.Thing fields example.com/v1,Thing v1,Old\n"
                                     " amount integer:int64\n"
                                     " by {[a.Part]}\n"
                                     " names! [string]!\n"
                                     " parts [a.Part]name,protocol\n"
                                     " rest any\n"
                                     "a.Part fields\n"
                                     " name! string\n"
                                     " protocol string=TCP\n"
                                     " port int-or-string\n"
                                     "a.Other object\n",
                                     "test");
  REQUIRE(read);
  CHECK(read->version == "v1.34.2");
  CHECK(read->document == json::parse(R"({"definitions":{
    "a.Thing":{"type":"object","required":["names"],
      "x-kubernetes-group-version-kind":[{"group":"example.com","version":"v1","kind":"Thing"},{"group":"","version":"v1","kind":"Old"}],
      "properties":{
        "amount":{"type":"integer","format":"int64"},
        "by":{"type":"object","additionalProperties":{"type":"array","items":{"$ref":"#/definitions/a.Part"}}},
        "names":{"type":"array","items":{"type":"string"},"x-kubernetes-list-type":"set"},
        "parts":{"type":"array","items":{"$ref":"#/definitions/a.Part"},"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name","protocol"]},
        "rest":{}}},
    "a.Part":{"type":"object","required":["name"],"properties":{
      "name":{"type":"string"},"protocol":{"type":"string","default":"TCP"},"port":{"format":"int-or-string"}}},
    "a.Other":{"type":"object"}}})"));
}

TEST_CASE("a compact form that is damaged is refused with its line") {
  const auto message = [](const std::string &text) {
    const auto read = read_schema_text(text, "file");
    REQUIRE_FALSE(read);
    CHECK(read.error().code == Code::config);
    return read.error().message;
  };
  CHECK(message("").find("file:1: it holds no types") == 0);
  CHECK(message("a.Thing fields\n").find("file:1: it does not begin") == 0);
  CHECK(message("kubernetes v1\n").find("no types") != std::string::npos);
  CHECK(message("kubernetes v1\n name string\n").find("file:2: the field name belongs to no type") == 0);
  CHECK(message("kubernetes v1\na.Thing string\n name string\n").find("file:3: the field name belongs") == 0);
  for (const char *type : {"", "[string", "{string", "{string}name", "strang", "[]", "string:", "a.b:int32"}) {
    CAPTURE(type);
    const std::string text = "kubernetes v1\na.Thing fields\n name " + std::string(type) + "\n";
    if (std::string(type) == "string:")
      CHECK(read_schema_text(text, "file"));
    else
      CHECK(message(text).find("is no type") != std::string::npos);
  }
  CHECK(kubernetes::is_schema_text("# x\n# y\nkubernetes v1\n"));
  CHECK_FALSE(kubernetes::is_schema_text("# x\napiVersion: v1\n"));
  CHECK_FALSE(kubernetes::is_schema_text(""));
  CHECK_FALSE(kubernetes::is_schema_text("#"));
}

TEST_CASE("what comes with ksail has every kind that ksail knows without asking a server") {
  const auto text = committed();
  REQUIRE(kubernetes::is_schema_text(text));
  const OpenApiSchema schema = schema_from(text);
  for (const auto &kind : kubernetes::known_kinds()) {
    CAPTURE(kind.group, kind.version, kind.kind);
    CHECK(schema.knows((kind.group.empty() ? "" : kind.group + "/") + kind.version, kind.kind));
  }
  CHECK_FALSE(schema.knows("v1", "DeleteOptions"));
}

TEST_CASE("what comes with ksail refers to nothing that it does not have") {
  const auto read = read_schema_text(committed(), "committed");
  REQUIRE(read);
  const json &definitions = read->document["definitions"];
  std::size_t references = 0;
  std::function<void(const json &)> visit = [&](const json &value) {
    if (const auto at = value.is_object() ? value.find("$ref") : value.end();
        value.is_object() && at != value.end() && at->is_string()) { // a type has a field of that name
      const auto name = at->get<std::string>();
      CAPTURE(name);
      REQUIRE(definitions.contains(name.substr(name.rfind('/') + 1)));
      ++references;
    }
    if (value.is_structured())
      for (const json &each : value)
        visit(each);
  };
  visit(definitions);
  CHECK(definitions.size() > 600);
  CHECK(references > 1000);
}

TEST_CASE("by what comes with ksail the usual slips are found at their field") {
  const OpenApiSchema schema = schema_from(committed());
  const auto deployment = [&](const std::string &container, const std::string &replicas = "2") {
    return check(
        schema,
        R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a","labels":{"a":"b"}},"spec":{"replicas":)" +
            replicas + R"(,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},
                             "spec":{"containers":[)" +
            container + "]}}}}");
  };
  CHECK(deployment(R"({"name":"a","image":"x","resources":{"limits":{"cpu":1,"memory":"64Mi"}},
                       "livenessProbe":{"httpGet":{"port":"http"}},"env":[{"name":"A","value":"1"},{"name":"B"}]})") ==
        Found{});
  CHECK(deployment(R"({"name":"a","imag":"x"})") ==
        Found{".spec.template.spec.containers[0].imag: there is no such field; did you mean image?"});
  CHECK(deployment(R"({"name":"a"})", "\"2\"") == Found{".spec.replicas: must be a whole number, and is a string"});
  CHECK(deployment(R"({"name":"a"})", "3000000000") ==
        Found{".spec.replicas: must be a number of 32 bits, and is 3000000000"});
  CHECK(deployment(R"({"name":"a","env":[{"name":"A"},{"name":"A"}]})") ==
        Found{".spec.template.spec.containers[0].env[1]: there is one with name \"A\" before it"});
  CHECK(
      deployment(
          R"({"name":"a","ports":[{"containerPort":80},{"containerPort":80,"protocol":"UDP"},{"containerPort":80,"protocol":"TCP"}]})") ==
      Found{".spec.template.spec.containers[0].ports[2]: there is one with containerPort 80, protocol \"TCP\" before "
            "it"});
  CHECK(deployment(R"({"name":"a"},{"name":"a"})") ==
        Found{".spec.template.spec.containers[1]: there is one with name \"a\" before it"});
  CHECK(check(schema, R"({"apiVersion":"v1","kind":"Secret","data":{"a":"YQ==","b":"not base64!"}})") ==
        Found{".data.b: must be base64, and is not"});
  CHECK(check(schema, R"({"apiVersion":"v1","kind":"Secret","metadata":{"finalizers":["a/b","a/b"]}})") ==
        Found{".metadata.finalizers[1]: there is one with \"a/b\" before it"});
  CHECK(
      check(
          schema,
          R"({"apiVersion":"v1","kind":"Service","spec":{"ports":[{"port":80,"targetPort":"http"},{"port":80,"protocol":"UDP"}]}})") ==
      Found{});
}

// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/open_api.hpp"

#include <catch2/catch.hpp>

using namespace ksail;
using kubernetes::OpenApiSchema;
using nlohmann::json;

namespace {

/// A v3 document in small, with the turns of phrase of the API server.
const char *const document = R"({"components":{"schemas":{
  "app.Deployment":{"type":"object","x-kubernetes-group-version-kind":[{"group":"apps","version":"v1","kind":"Deployment"}],
    "properties":{"apiVersion":{"type":"string"},"kind":{"type":"string"},
      "metadata":{"allOf":[{"$ref":"#/components/schemas/Meta"}],"default":{}},
      "spec":{"allOf":[{"$ref":"#/components/schemas/Spec"}],"default":{}}}},
  "Meta":{"type":"object","properties":{"name":{"type":"string"},"labels":{"type":"object","additionalProperties":{"type":"string"}},
    "creationTimestamp":{"type":"string"}}},
  "Spec":{"type":"object","required":["selector"],"properties":{
    "replicas":{"type":"integer","minimum":0,"maximum":9},
    "selector":{"type":"object"},
    "strategy":{"type":"string","enum":["Recreate","RollingUpdate"]},
    "maxSurge":{"allOf":[{"$ref":"#/components/schemas/IntOrString"}]},
    "cpu":{"$ref":"#/components/schemas/io.k8s.apimachinery.pkg.api.resource.Quantity"},
    "paused":{"type":"boolean"},
    "containers":{"type":"array","minItems":1,"items":{"type":"object","required":["name"],"properties":{"name":{"type":"string"},"image":{"type":"string"}}}},
    "anything":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}},
  "IntOrString":{"format":"int-or-string","oneOf":[{"type":"integer"},{"type":"string"}]},
  "io.k8s.apimachinery.pkg.api.resource.Quantity":{"type":"string"}}}})";

std::vector<std::string> check(const std::string &spec, const std::string &metadata = R"({"name":"web"})") {
  OpenApiSchema schema;
  REQUIRE(schema.add(json::parse(document), "test"));
  std::vector<std::string> out;
  for (const auto &violation : schema.check(json::parse(R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":)" +
                                                        metadata + R"(,"spec":)" + spec + "}")))
    out.push_back(violation.path + ": " + violation.message);
  return out;
}

using Found = std::vector<std::string>;

} // namespace

TEST_CASE("what follows the schema is not complained about") {
  CHECK(check(R"({"selector":{"any":{"thing":1}},"replicas":3,"strategy":"Recreate","maxSurge":"25%","cpu":2,
                  "containers":[{"name":"a","image":null}],"anything":{"goes":[1]}})",
              R"({"name":"web","labels":{"a":"b"},"creationTimestamp":null})") == Found{});
  CHECK(check(R"({"selector":{},"maxSurge":1,"replicas":2.0})") == Found{});
}

TEST_CASE("unknown fields are named with what was probably meant") {
  CHECK(check(R"({"selector":{},"replcas":3,"containers":[{"name":"a","imgae":"x"}]})") ==
        Found{".spec.containers[0].imgae: there is no such field; did you mean image?",
              ".spec.replcas: there is no such field; did you mean replicas?"});
  CHECK(check(R"({"selector":{}})", R"({"name":"web","quite":1})") == Found{".metadata.quite: there is no such field"});
}

TEST_CASE("wrong types, missing and forbidden values are told with their path") {
  CHECK(check(R"({"selector":{},"replicas":"3"})") == Found{".spec.replicas: must be a whole number, and is a string"});
  CHECK(check(R"({"selector":{},"replicas":1.5})") ==
        Found{".spec.replicas: must be a whole number, and is a fraction"});
  CHECK(check(R"({"selector":{},"replicas":10})") == Found{".spec.replicas: must be at most 9"});
  CHECK(check(R"({"selector":{},"paused":"yes"})") == Found{".spec.paused: must be true or false, and is a string"});
  CHECK(check(R"({"selector":{},"maxSurge":true})").size() == 1);
  CHECK(check(R"({"selector":{},"strategy":"rolling"})").front().find("\"Recreate\", \"RollingUpdate\"") !=
        std::string::npos);
  CHECK(check(R"({"selector":{},"containers":{}})") == Found{".spec.containers: must be a list, and is an object"});
  CHECK(check(R"({"selector":{},"containers":[]})") == Found{".spec.containers: must have at least 1 entries"});
  CHECK(check(R"({"selector":{},"containers":[{"image":"x"}]})") ==
        Found{".spec.containers[0]: the field name is missing"});
  CHECK(check("{}") == Found{".spec: the field selector is missing"});
  CHECK(check(R"({"selector":{}})", R"({"name":"web","labels":{"a.b/c":1}})") ==
        Found{".metadata.labels[\"a.b/c\"]: must be a string, and is a number"});
}

TEST_CASE("what does not fit its format, and what a list may hold only once, is told") {
  OpenApiSchema schema;
  REQUIRE(schema.add(json::parse(R"({"components":{"schemas":{
    "Thing":{"type":"object","x-kubernetes-group-version-kind":[{"group":"","version":"v1","kind":"Thing"}],"properties":{
      "kind":{"type":"string"},"apiVersion":{"type":"string"},
      "small":{"type":"integer","format":"int32"},"large":{"type":"integer","format":"int64"},"bytes":{"type":"string","format":"byte"},
      "names":{"type":"array","items":{"type":"string"},"x-kubernetes-list-type":"set"},
      "ports":{"type":"array","items":{"allOf":[{"$ref":"#/components/schemas/Port"}],"default":{}},"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["port","protocol"]}}},
    "Port":{"type":"object","properties":{"port":{"type":"integer"},"protocol":{"type":"string","default":"TCP"},"name":{"type":"string"}}}}}})"),
                     "test"));
  const auto check = [&](const std::string &fields) {
    Found out;
    for (const auto &each : schema.check(json::parse(R"({"apiVersion":"v1","kind":"Thing",)" + fields + "}")))
      out.push_back(each.path + ": " + each.message);
    return out;
  };
  CHECK(check(R"("small":-2147483648,"large":9223372036854775807,"bytes":"YQ==","names":["a","b"])") == Found{});
  CHECK(check(R"("small":2147483648)") == Found{".small: must be a number of 32 bits, and is 2147483648"});
  CHECK(check(R"("small":-2147483649)") == Found{".small: must be a number of 32 bits, and is -2147483649"});
  CHECK(check(R"("large":9223372036854775808)") ==
        Found{".large: must be a number of 64 bits, and is 9223372036854775808"});
  CHECK(check(R"("bytes":"s3cret!")") == Found{".bytes: must be base64, and is not"});
  CHECK(check(R"("names":["a","b","a"])") == Found{".names[2]: there is one with \"a\" before it"});
  CHECK(check(R"("ports":[{"port":1},{"port":1,"protocol":"UDP"},{"port":2}])") == Found{});
  CHECK(check(R"("ports":[{"port":1,"name":"a"},{"port":1,"protocol":"TCP","name":"b"}])") ==
        Found{".ports[1]: there is one with port 1, protocol \"TCP\" before it"});
  // What an entry is told apart by is missing: the server's own complaint is another one.
  CHECK(check(R"("ports":[{"name":"a"},{"name":"a"}])") == Found{});
}

TEST_CASE("a definition is the schema of its custom resources, in each of its versions") {
  OpenApiSchema schema;
  REQUIRE(schema.add(
      json::parse(R"({"kind":"CustomResourceDefinition","spec":{"group":"example.com","names":{"kind":"Widget"},
    "versions":[{"name":"v1","schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object",
      "properties":{"size":{"type":"integer"},"port":{"x-kubernetes-int-or-string":true}}}}}}},{"name":"v2"}]}})"),
      "crd.yaml"));
  CHECK(schema.knows("example.com/v1", "Widget"));
  CHECK_FALSE(schema.knows("example.com/v2", "Widget"));
  const auto violations = schema.check(json::parse(
      R"({"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"x"},"spec":{"size":"big","port":"http"}})"));
  REQUIRE(violations.size() == 1);
  CHECK(violations[0].path == ".spec.size");
}

TEST_CASE("what is no schema is refused") {
  OpenApiSchema schema;
  CHECK_FALSE(schema.add(json::parse("{}"), "x"));
  CHECK_FALSE(schema.add(json::parse(R"({"kind":"CustomResourceDefinition"})"), "x"));
  CHECK_FALSE(schema.add(json(), "x"));
}

TEST_CASE("a v2 document is understood as well") {
  OpenApiSchema schema;
  REQUIRE(schema.add(json::parse(R"({"definitions":{"io.k8s.api.core.v1.ConfigMap":{"type":"object",
    "properties":{"data":{"type":"object","additionalProperties":{"type":"string"}}},
    "x-kubernetes-group-version-kind":[{"group":"","version":"v1","kind":"ConfigMap"}]}}})"),
                     "x"));
  const auto violations = schema.check(json::parse(R"({"apiVersion":"v1","kind":"ConfigMap","data":{"a":true}})"));
  REQUIRE(violations.size() == 1);
  CHECK(violations[0].path == ".data.a");
}

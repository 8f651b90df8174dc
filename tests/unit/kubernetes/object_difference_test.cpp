// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/object_difference.hpp"
#include "kubernetes/object_text.hpp"
#include "manifests/reader.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace ksail::kubernetes;
using nlohmann::json;

namespace {

bool has(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

json config(json data) {
  return {{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", "c"}}}, {"data", std::move(data)}};
}

} // namespace

TEST_CASE("an object as YAML reads back to the same values") {
  const json object = config({{"number", "0123"},
                              {"yes", "yes"},
                              {"null", "null"},
                              {"empty", ""},
                              {"colon", "a: b"},
                              {"comment", "a #b"},
                              {"dash", "- a"},
                              {"date", "2001-01-01"},
                              {"script", "#!/bin/sh\nexit 0\n"},
                              {"open", "one\ntwo"},
                              {"many", "one\n\n\ntwo\n\n"},
                              {"indented", "  one\ntwo\n"},
                              {"tab", "a\tb"},
                              {"umlaut", "grün"},
                              {"flags", "--x"},
                              {"a key: with", "{}"}});
  json more = object;
  more["list"] = {1, true, nullptr, json::array(), json::object(), {{"a", {{"b", 1}}}, {"c", "x\ny\n"}}, {1, 2}};
  std::string read;
  const ksail::manifests::ObjectSink sink = [&](ksail::manifests::Object o) -> ksail::Result<void> {
    read = o.json;
    return {};
  };
  const std::string yaml = yaml_text(more);
  INFO(yaml);
  REQUIRE(ksail::manifests::read_text(yaml, "x", sink));
  CHECK(json::parse(read) == more);
  CHECK(has(yaml, "script: |\n    #!/bin/sh\n    exit 0\n"));
}

TEST_CASE("what only the server writes is no difference") {
  json live = config({{"a", "1"}});
  live["metadata"]["uid"] = "u";
  live["metadata"]["resourceVersion"] = "7";
  live["metadata"]["managedFields"] = json::array({1});
  live["status"] = {{"x", 1}};
  json merged = config({{"a", "1"}});
  merged["metadata"]["generation"] = 2;
  CHECK(object_difference(live, merged).empty());
  merged["data"]["a"] = "2";
  const auto diff = object_difference(live, merged);
  CHECK(has(diff, "--- live/v1.ConfigMap..c\n+++ merged/v1.ConfigMap..c\n"));
  CHECK(has(diff, "-  a: \"1\"\n+  a: \"2\"\n"));
  CHECK_FALSE(has(diff, "uid"));
  CHECK(has(object_difference(json(), merged), "+  a: \"2\"\n"));
}

TEST_CASE("the values of a Secret never show, only whether they differ") {
  const auto secret = [](json data) {
    json object = config(std::move(data));
    object["kind"] = "Secret";
    object["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] = "c2VjcmV0";
    return object;
  };
  const auto diff = object_difference(secret({{"same", "c2VjcmV0"}, {"other", "c2VjcmV0MQ=="}, {"gone", "c2VjcmV0"}}),
                                      secret({{"same", "c2VjcmV0"}, {"other", "c2VjcmV0Mg=="}, {"new", "c2VjcmV0"}}));
  CHECK_FALSE(has(diff, "c2VjcmV0"));
  CHECK(has(diff, "-  other: \"*** (before)\""));
  CHECK(has(diff, "+  other: \"*** (after)\""));
  CHECK(has(diff, "-  gone: \"***\""));
  CHECK(has(diff, "+  new: \"***\""));
  CHECK(has(diff, " same: \"***\""));
  CHECK_FALSE(has(object_difference(json(), secret({{"a", "c2VjcmV0"}})), "c2VjcmV0"));
}

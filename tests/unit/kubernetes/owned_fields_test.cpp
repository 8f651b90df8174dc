// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/owned_fields.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace ksail::kubernetes;
using nlohmann::json;

namespace {

json entry(const json &fields, const std::string &manager = "ksail", const std::string &api_version = "v1") {
  return {{"manager", manager},       {"operation", "Apply"}, {"apiVersion", api_version},
          {"fieldsType", "FieldsV1"}, {"fieldsV1", fields},   {"time", "2026-01-01T00:00:00Z"}};
}

/// `live` as a server has it, with these fields owned by ksail.
json owned(json live, const json &fields) {
  live["metadata"]["uid"] = "u";
  live["metadata"]["resourceVersion"] = "7";
  live["metadata"]["managedFields"] = json::array({entry(fields)});
  return live;
}

const json wanted_map = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"n",
  "labels":{"app":"x"}},"data":{"k":"v","other":"1"}})"_json;
const json map_fields = R"({"f:metadata":{"f:labels":{"f:app":{}}},"f:data":{"f:k":{},"f:other":{}}})"_json;

json live_map() { return owned(wanted_map, map_fields); }

const json wanted_pod = R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[
  {"name":"web","image":"i","command":["a","b"],"ports":[{"containerPort":80}],"resources":{}},
  {"name":"side","image":"j"}],"tolerations":[{"key":"x"}]}})"_json;
const json pod_fields = R"({"f:spec":{"f:containers":{
  "k:{\"name\":\"web\"}":{".":{},"f:name":{},"f:image":{},"f:command":{},"f:resources":{},
     "f:ports":{"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{}}}},
  "k:{\"name\":\"side\"}":{".":{},"f:name":{},"f:image":{}}},"f:tolerations":{}}})"_json;

json live_pod() {
  json live = wanted_pod;
  json &spec = live["spec"];
  spec["restartPolicy"] = "Always"; // defaults and what others have added
  spec["containers"][0]["ports"][0]["protocol"] = "TCP";
  spec["containers"][0]["imagePullPolicy"] = "Always";
  spec["containers"].insert(spec["containers"].begin() + 1, json{{"name", "injected"}, {"image", "k"}});
  live["status"]["phase"] = "Running";
  return owned(live, pod_fields);
}

} // namespace

TEST_CASE("what stands as it was applied needs no apply, whatever others have added") {
  CHECK(stands_as_applied(live_map(), wanted_map, "ksail"));
  json live = live_map();
  live["data"]["theirs"] = "x";
  live["metadata"]["annotations"]["a"] = "b";
  live["metadata"]["managedFields"].push_back(entry(R"({"f:data":{"f:theirs":{}}})"_json, "someone"));
  CHECK(stands_as_applied(live, wanted_map, "ksail"));
  CHECK(stands_as_applied(live_pod(), wanted_pod, "ksail"));
}

TEST_CASE("another value, a field more or less, another owner or version: apply it") {
  json live = live_map();
  CHECK_FALSE(stands_as_applied(live, wanted_map, "other"));
  live["data"]["k"] = "changed";
  CHECK_FALSE(stands_as_applied(live, wanted_map, "ksail"));
  live = live_map();
  live["data"].erase("k");
  CHECK_FALSE(stands_as_applied(live, wanted_map, "ksail"));

  json wanted = wanted_map;
  wanted["data"].erase("other"); // what is owned and no more wanted goes
  CHECK_FALSE(stands_as_applied(live_map(), wanted, "ksail"));
  wanted = wanted_map;
  wanted["data"]["theirs"] = "x"; // there, but not owned yet
  live = live_map();
  live["data"]["theirs"] = "x";
  CHECK_FALSE(stands_as_applied(live, wanted, "ksail"));
  wanted = wanted_map;
  wanted["metadata"].erase("labels");
  CHECK_FALSE(stands_as_applied(live_map(), wanted, "ksail"));
  wanted = wanted_map;
  wanted["data"]["k"] = nullptr;
  CHECK_FALSE(stands_as_applied(live_map(), wanted, "ksail"));
  wanted = wanted_map;
  wanted["metadata"]["resourceVersion"] = "7"; // a condition, and nobody's field
  CHECK_FALSE(stands_as_applied(live_map(), wanted, "ksail"));

  live = live_map();
  live["metadata"]["managedFields"][0]["apiVersion"] = "v2";
  CHECK_FALSE(stands_as_applied(live, wanted_map, "ksail"));
  live = live_map();
  live["metadata"]["managedFields"][0]["operation"] = "Update";
  CHECK_FALSE(stands_as_applied(live, wanted_map, "ksail"));
  live = live_map();
  live["metadata"]["managedFields"][0]["subresource"] = "status";
  CHECK_FALSE(stands_as_applied(live, wanted_map, "ksail"));
  live = live_map();
  live["metadata"]["managedFields"].push_back(live["metadata"]["managedFields"][0]);
  CHECK_FALSE(stands_as_applied(live, wanted_map, "ksail"));
  live = live_map();
  live["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  CHECK_FALSE(stands_as_applied(live, wanted_map, "ksail"));
  live = live_map();
  live["metadata"].erase("managedFields");
  CHECK_FALSE(stands_as_applied(live, wanted_map, "ksail"));
  CHECK_FALSE(stands_as_applied(json(), wanted_map, "ksail"));
}

TEST_CASE("items of lists are found by their keys, and stand in their order") {
  json wanted = wanted_pod;
  std::swap(wanted["spec"]["containers"][0], wanted["spec"]["containers"][1]);
  CHECK_FALSE(stands_as_applied(live_pod(), wanted, "ksail"));

  wanted = wanted_pod;
  wanted["spec"]["containers"][0]["ports"][0]["protocol"] = "TCP"; // now it is stated, so it becomes owned
  CHECK_FALSE(stands_as_applied(live_pod(), wanted, "ksail"));
  wanted = wanted_pod;
  wanted["spec"]["containers"][0]["command"] = {"b", "a"};
  CHECK_FALSE(stands_as_applied(live_pod(), wanted, "ksail"));
  wanted = wanted_pod;
  wanted["spec"]["containers"].erase(1);
  CHECK_FALSE(stands_as_applied(live_pod(), wanted, "ksail"));
  wanted = wanted_pod;
  wanted["spec"]["containers"].push_back(wanted["spec"]["containers"][1]); // twice: the server says what is wrong
  CHECK_FALSE(stands_as_applied(live_pod(), wanted, "ksail"));

  json live = live_pod();
  live["spec"]["containers"][0]["ports"][0]["protocol"] = "UDP";
  CHECK_FALSE(stands_as_applied(live, wanted_pod, "ksail"));
  live = live_pod();
  live["spec"]["containers"][0]["resources"]["limits"]["cpu"] = "1"; // in a field that is owned as a whole
  CHECK_FALSE(stands_as_applied(live, wanted_pod, "ksail"));
}

TEST_CASE("sets of values") {
  const json wanted =
      R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","finalizers":["x/1","x/2"]}})"_json;
  const json fields = R"({"f:metadata":{"f:finalizers":{".":{},"v:\"x/1\"":{},"v:\"x/2\"":{}}}})"_json;
  json live = wanted;
  live["metadata"]["finalizers"] = {"x/1", "theirs", "x/2"};
  CHECK(stands_as_applied(owned(live, fields), wanted, "ksail"));
  live["metadata"]["finalizers"] = {"x/2", "x/1"};
  CHECK_FALSE(stands_as_applied(owned(live, fields), wanted, "ksail"));
  live["metadata"]["finalizers"] = {"x/1"};
  CHECK_FALSE(stands_as_applied(owned(live, fields), wanted, "ksail"));
  CHECK_FALSE(
      stands_as_applied(owned(wanted, R"({"f:metadata":{"f:finalizers":{"i:0":{},"i:1":{}}}})"_json), wanted, "ksail"));
  CHECK_FALSE(stands_as_applied(
      owned(wanted, R"({"f:metadata":{"f:finalizers":{"k:nonsense":{},"v:\"x/2\"":{}}}})"_json), wanted, "ksail"));
}

TEST_CASE("what is owned as a whole is the same, but for what the server adds to it") {
  const json wanted = R"({"apiVersion":"v1","kind":"X","metadata":{"name":"a"},
    "spec":{"from":{"fieldRef":{"fieldPath":"metadata.name"}},"ingress":[{"ports":[{"port":80}]}]}})"_json;
  const json fields = R"({"f:spec":{"f:from":{"f:fieldRef":{}},"f:ingress":{}}})"_json;
  json live = wanted;
  live["spec"]["from"]["fieldRef"]["apiVersion"] = "v1";
  live["spec"]["ingress"][0]["ports"][0]["protocol"] = "TCP";
  CHECK(stands_as_applied(owned(live, fields), wanted, "ksail"));
  json other = live;
  other["spec"]["ingress"][0]["ports"][0]["protocol"] = "UDP";
  CHECK_FALSE(stands_as_applied(owned(other, fields), wanted, "ksail"));
  other = live;
  other["spec"]["ingress"][0]["ports"][0]["endPort"] = 90;
  CHECK_FALSE(stands_as_applied(owned(other, fields), wanted, "ksail"));
  other = live;
  other["spec"]["ingress"][0]["ports"].push_back({{"port", 81}});
  CHECK_FALSE(stands_as_applied(owned(other, fields), wanted, "ksail"));
  other = live;
  other["spec"]["ingress"][0]["ports"][0].erase("port");
  CHECK_FALSE(stands_as_applied(owned(other, fields), wanted, "ksail"));
}

TEST_CASE("a name and nothing else stands when nothing of it was ever applied") {
  const json wanted = R"({"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"a","namespace":"n"}})"_json;
  json live = wanted;
  live["metadata"]["uid"] = "u";
  CHECK(stands_as_applied(live, wanted, "ksail"));
  CHECK_FALSE(stands_as_applied(owned(live, R"({"f:metadata":{"f:labels":{"f:app":{}}}})"_json), wanted, "ksail"));
}

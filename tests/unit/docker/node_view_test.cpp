// SPDX-License-Identifier: Apache-2.0
#include "node_view.hpp"

#include <catch2/catch.hpp>

using namespace ksail::docker;
using nlohmann::json;

TEST_CASE("a running node is read from the engine's list") {
  const json node =
      node_from_list_entry(json::parse(R"j({"Id":"abc","Names":["/dev-a"],"Image":"img:1","Created":1795506851,
    "State":"running","Status":"Up 31 seconds (healthy)","Labels":{"ksail.cluster":"dev","ksail.role":"worker"},
    "Ports":[{"IP":"127.0.0.1","PrivatePort":6443,"PublicPort":39471,"Type":"tcp"},{"PrivatePort":80,"Type":"tcp"}],
    "NetworkSettings":{"Networks":{"n":{"IPAMConfig":{"IPv4Address":"172.28.0.2"},"IPAddress":"172.28.0.3","GlobalIPv6Address":""}}}})j"));
  CHECK(node ==
        json::parse(R"({"id":"abc","name":"dev-a","cluster":"dev","role":"worker","image":"img:1","state":"running",
    "health":"healthy","exit_code":0,"addresses":{"ipv4":"172.28.0.3","ipv6":""},
    "ports":[{"container":6443,"protocol":"tcp","host_address":"127.0.0.1","host_port":39471}],
    "labels":{"ksail.cluster":"dev","ksail.role":"worker"},"created_unix":1795506851,"started_unix":0})"));
}

TEST_CASE("an ended node keeps its fixed address and tells its exit code") {
  const json node =
      node_from_list_entry(json::parse(R"j({"Names":["/dev-a"],"State":"exited","Status":"Exited (137) 2 minutes ago",
    "Labels":null,"Ports":null,"NetworkSettings":{"Networks":{"n":{"IPAMConfig":{"IPv4Address":"172.28.0.2"},"IPAddress":""}}}})j"));
  CHECK(node["state"] == "exited");
  CHECK(node["exit_code"] == 137);
  CHECK(node["addresses"]["ipv4"] == "172.28.0.2");
  CHECK(node["ports"] == json::array());
  CHECK(node["health"] == "none");
}

TEST_CASE("an inspected node tells its ports whether it runs or not") {
  const json node =
      node_from_inspection(json::parse(R"({"Id":"abc","Name":"/dev-a","Created":"2024-05-01T10:00:00.123Z",
    "State":{"Status":"exited","ExitCode":2,"StartedAt":"0001-01-01T00:00:00Z","Health":{"Status":"unhealthy"}},
    "Config":{"Image":"img:1","Labels":{"ksail.cluster":"dev"}},
    "HostConfig":{"PortBindings":{"6443/tcp":[{"HostIp":"127.0.0.1","HostPort":"7000"}]}},"NetworkSettings":{"Networks":{}}})"));
  CHECK(node["name"] == "dev-a");
  CHECK(node["created_unix"] == 1714557600);
  CHECK(node["started_unix"] == 0);
  CHECK(node["exit_code"] == 2);
  CHECK(node["health"] == "unhealthy");
  CHECK(node["ports"] ==
        json::parse(R"([{"container":6443,"protocol":"tcp","host_address":"127.0.0.1","host_port":7000}])"));
}

TEST_CASE("states of the engine are mapped to those of the interface") {
  for (const auto &[engine, ours] : {std::pair("created", "created"),
                                     {"paused", "paused"},
                                     {"dead", "dead"},
                                     {"restarting", "exited"},
                                     {"removing", "dead"}})
    CHECK(node_from_list_entry({{"State", engine}})["state"] == ours);
  CHECK(node_from_list_entry(json::object())["state"] == "dead");
  CHECK(node_from_inspection(nullptr)["state"] == "dead");
}

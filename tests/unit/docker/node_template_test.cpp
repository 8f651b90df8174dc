// SPDX-License-Identifier: Apache-2.0
#include "container_body.hpp"

#include <catch2/catch.hpp>

using namespace ksail;
using namespace ksail::docker;
using nlohmann::json;

namespace {

sdk::Request request() {
  sdk::Request request;
  request.verb = "create_nodes";
  request.blobs.emplace_back("secret", "from the blob");
  return request;
}

ClusterSettings cluster() {
  ClusterSettings settings;
  settings.cluster = "dev";
  settings.network = "ksail-dev";
  settings.request_id = "op-1";
  settings.labels = {{"ksail.version", "0.1"}};
  return settings;
}

json minimal() { return {{"name", "dev-a"}, {"role", "worker"}, {"image", "img:1"}}; }

void check_refused(const json &value, const std::string &part) {
  const auto node = parse_node_template(value, request());
  INFO(value.dump());
  REQUIRE_FALSE(node);
  CHECK(node.error().code == Code::invalid_argument);
  INFO(node.error().message);
  CHECK(node.error().message.find(part) != std::string::npos);
}

json with(const char *member, json value) {
  json result = minimal();
  result[member] = std::move(value);
  return result;
}

} // namespace

TEST_CASE("a minimal template becomes a minimal container with labels and network") {
  const auto node = parse_node_template(minimal(), request());
  REQUIRE(node);
  const json body = create_body(*node, cluster());
  CHECK(body == json::parse(R"({"Image":"img:1","Hostname":"dev-a","Tty":false,
    "Labels":{"ksail.cluster":"dev","ksail.role":"worker","ksail.version":"0.1","ksail.docker.request":"op-1"},
    "HostConfig":{"NetworkMode":"ksail-dev","Init":false,"Privileged":false},
    "NetworkingConfig":{"EndpointsConfig":{"ksail-dev":{}}}})"));
}

TEST_CASE("everything a template may say reaches the engine") {
  auto node = parse_node_template(json::parse(R"({"name":"dev-a","role":"control-plane","image":"img:1","hostname":"h",
    "args":["a","b"],"env":{"K":"V"},"labels":{"x":"y"},
    "ports":[{"container":6443,"host":7000},{"container":53,"host":0,"host_address":"0.0.0.0","protocol":"udp"}],
    "mounts":[{"source":"/lib/modules","target":"/lib/modules","options":["ro","rslave"]}],"volumes":["/var"],
    "tmpfs":["/run","/tmp:size=1g"],"address":"172.28.0.2","privileged":true,"read_only_root":true,"init":true,"tty":true,
    "cgroup_namespace":"private","security_options":["seccomp=unconfined"],"sysctls":{"net.x":"1"},
    "devices":["/dev/fuse","/dev/a:/dev/b:r"],"restart":{"policy":"on-failure","max_retries":1},
    "resources":{"memory_bytes":1000000000,"cpus":1.5},"user_data":"","health_check":null,"network_aliases":["api"]})"),
                                  request());
  REQUIRE(node);
  REQUIRE(node->ports.size() == 2);
  CHECK_FALSE(node->ports[0].chosen);
  CHECK(node->ports[1].chosen);
  node->ports[1].host = 40000;
  const json body = create_body(*node, cluster());
  CHECK(body["Hostname"] == "h");
  CHECK(body["Tty"] == true);
  CHECK(body["Cmd"] == json({"a", "b"}));
  CHECK(body["Env"] == json::array({"K=V"}));
  CHECK(body["Labels"]["x"] == "y");
  CHECK(body["ExposedPorts"] == json::parse(R"({"6443/tcp":{},"53/udp":{}})"));
  const json &endpoint = body["NetworkingConfig"]["EndpointsConfig"]["ksail-dev"];
  CHECK(endpoint == json::parse(R"({"IPAMConfig":{"IPv4Address":"172.28.0.2"},"Aliases":["api"]})"));
  CHECK(body["HostConfig"] ==
        json::parse(R"({"NetworkMode":"ksail-dev","Init":true,"Privileged":true,"UsernsMode":"host",
    "ReadonlyRootfs":true,"CgroupnsMode":"private","SecurityOpt":["seccomp=unconfined"],"Sysctls":{"net.x":"1"},
    "Binds":["/lib/modules:/lib/modules:ro,rslave"],
    "Mounts":[{"Type":"volume","Target":"/var","VolumeOptions":{"Labels":{"ksail.cluster":"dev","ksail.version":"0.1"}}}],
    "Tmpfs":{"/run":"","/tmp":"size=1g"},
    "Devices":[{"PathOnHost":"/dev/fuse","PathInContainer":"/dev/fuse","CgroupPermissions":"rwm"},
               {"PathOnHost":"/dev/a","PathInContainer":"/dev/b","CgroupPermissions":"r"}],
    "PortBindings":{"6443/tcp":[{"HostIp":"127.0.0.1","HostPort":"7000"}],"53/udp":[{"HostIp":"0.0.0.0","HostPort":"40000"}]},
    "RestartPolicy":{"Name":"on-failure","MaximumRetryCount":1},"Memory":1000000000,"NanoCpus":1500000000})"));
}

TEST_CASE("health checks are given in milliseconds and passed on in nanoseconds") {
  const auto node = parse_node_template(
      with("health_check", {{"argv", {"true"}}, {"interval_ms", 1500}, {"timeout_ms", 2}, {"retries", 3}}), request());
  REQUIRE(node);
  CHECK(create_body(*node, cluster())["Healthcheck"] ==
        json::parse(R"({"Test":["CMD","true"],"Retries":3,"Interval":1500000000,"Timeout":2000000,"StartPeriod":0})"));
}

TEST_CASE("files come from the template or from blobs, and are not kept in it") {
  const auto node = parse_node_template(with("files", json::parse(R"([{"path":"/etc/a","mode":384,"content":"text"},
    {"path":"/etc/b","blob":"secret"},{"path":"/etc/c","symlink":"a"}])")),
                                        request());
  REQUIRE(node);
  REQUIRE(node->files.size() == 3);
  CHECK(node->files[0].mode == 0600);
  CHECK(node->files[0].content == "text");
  CHECK(node->files[1].mode == 0644);
  CHECK(node->files[1].content == "from the blob");
  CHECK(node->files[2].symlink == "a");
  CHECK(node->settings.dump().find("text") == std::string::npos);
  CHECK(file_archives(*node, 0).front().bytes.size() == 512 * (2 + 2 + 1 + 2));
  CHECK(file_archives(*node, 0).front().folder == "/");
  CHECK(file_archives(*parse_node_template(minimal(), request()), 0).empty());
}

TEST_CASE("what is wrong with a template is named") {
  check_refused(with("gpu", true), "'gpu'");
  check_refused(with("privileged", "yes"), "'privileged'");
  check_refused(with("user_data", "#cloud-config"), "user_data");
  check_refused(with("address", "172.28.0.0/24"), "172.28.0.0/24");
  check_refused(with("name", "no spaces"), "no spaces");
  check_refused(with("image", ""), "'image'");
  check_refused(with("files", {{{"path", "/a"}, {"blob", "gone"}}}), "'gone'");
  check_refused(with("files", {{{"path", "relative"}}}), "relative");
  check_refused(with("files", {{{"path", "/a/../b"}}}), "/a/../b");
  check_refused(with("files", {{{"path", "/a"}, {"owner", "me"}}}), "'owner'");
  check_refused(with("files", {{{"path", "/a"}, {"mode", 99999}}}), "'mode'");
  check_refused(with("ports", {{{"host", 1}}}), "'container'");
  check_refused(with("ports", {{{"container", 70000}}}), "'container'");
  check_refused(with("ports", {{{"container", 1}, {"protocol", "icmp"}}}), "icmp");
  check_refused(with("mounts", {{{"source", "x"}, {"target", "/y"}}}), "'x'");
  check_refused(with("mounts", {{{"source", "/a:b"}, {"target", "/y"}}}), "':'");
  check_refused(with("restart", {{"policy", "sometimes"}}), "sometimes");
  check_refused(with("resources", {{"gpus", 1}}), "'gpus'");
  check_refused("text", "object");
}

TEST_CASE("a file below a tmpfs is refused, one beside it is not") {
  json value = with("tmpfs", {"/run", "/tmp:size=1g"});
  value["files"] = {{{"path", "/run/x/y"}, {"content", ""}}};
  check_refused(value, "/run/x/y");
  value["files"] = {{{"path", "/tmp"}, {"content", ""}}};
  check_refused(value, "tmpfs /tmp");
  value["files"] = {{{"path", "/runner"}, {"content", ""}}};
  CHECK(parse_node_template(value, request()));
  value["volumes"] = {"/run/state"};
  value["files"] = {{{"path", "/run/state/x"}, {"content", ""}}};
  CHECK(parse_node_template(value, request()));
  value["volumes"] = {"/"};
  check_refused(value, "tmpfs /run");
}

TEST_CASE("a volume begins with what the image has there, unless it is to be empty") {
  const auto node = parse_node_template(with("volumes", {"/var/lib/state", "/var/lib/layers:empty"}), request());
  REQUIRE(node);
  CHECK(node->volumes == std::vector<std::string>{"/var/lib/state", "/var/lib/layers"});
  const json mounts = create_body(*node, cluster())["HostConfig"]["Mounts"];
  REQUIRE(mounts.size() == 2);
  CHECK_FALSE(mounts[0]["VolumeOptions"].contains("NoCopy"));
  CHECK(mounts[1]["Target"] == "/var/lib/layers");
  CHECK(mounts[1]["VolumeOptions"]["NoCopy"] == true);
  check_refused(with("volumes", {"/var:ro"}), "option 'ro' in volumes");
}

TEST_CASE("where the root can only be read, files go into volumes, each with an archive of its own") {
  json value = with("read_only_root", true);
  value["volumes"] = {"/var", "/var/lib/state", "/etc/x"};
  value["files"] = {{{"path", "/var/a"}, {"content", "1"}},
                    {{"path", "/var/lib/state/b/c"}, {"content", "2"}},
                    {{"path", "/var/lib/d"}, {"content", "3"}}};
  const auto node = parse_node_template(value, request());
  REQUIRE(node);
  const auto archives = file_archives(*node, 0);
  REQUIRE(archives.size() == 2);
  CHECK(archives[0].folder == "/var");
  CHECK(archives[0].bytes.starts_with("a"));
  CHECK(archives[0].bytes.find("lib/d") != std::string::npos);
  CHECK(archives[1].folder == "/var/lib/state");
  CHECK(archives[1].bytes.starts_with("b/c"));
  value["files"] = {{{"path", "/usr/a"}, {"content", ""}}};
  check_refused(value, "/usr/a is in no volume");
}

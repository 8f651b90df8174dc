// SPDX-License-Identifier: Apache-2.0
// Flags over environment over ksail.yaml over defaults, and where each value is said to come from.
#include "config/config.hpp"

#include "temporary_directory.hpp"

#include <catch2/catch.hpp>

using namespace ksail;
using namespace ksail::config;
using Catch::Contains;
using Catch::StartsWith;

namespace {

const std::string head = "apiVersion: ksail.io/v1alpha1\nkind: Cluster\n";

struct World {
  test::TemporaryDirectory folder;
  Request request;
  World() {
    request.working_directory = folder.path().string();
    request.home = "/home/me";
    request.choices = {{"Vanilla", "K3s"}, {"Docker"}};
  }
  Settings settings() const {
    auto result = resolve(request);
    if (!result) FAIL(result.error().message);
    return *result;
  }
  Error error() const {
    const auto result = resolve(request);
    REQUIRE_FALSE(result);
    return result.error();
  }
};

} // namespace

TEST_CASE("without anything the defaults hold") {
  const World world;
  const auto settings = world.settings();
  CHECK(settings.text(key::name) == "dev");
  CHECK(settings.text(key::distribution) == "Vanilla");
  CHECK(settings.text(key::provider) == "Docker");
  CHECK(settings.number(key::control_planes) == 1);
  CHECK(settings.number(key::workers) == 0);
  CHECK_FALSE(settings.given(key::name));
  CHECK_FALSE(settings.duration(key::timeout));
  CHECK(settings.node_image().text.empty());
  CHECK(settings.file().empty());
  for (const auto &[name, value] : settings.all()) {
    INFO(name);
    CHECK(value.origin == Origin::fallback);
    CHECK(value.where.empty());
  }
  CHECK_THROWS(settings.value("no.such.key"));
}

TEST_CASE("each stronger source wins and says so") {
  World world;
  world.folder.write("ksail.yaml", head + "spec:\n  cluster:\n    workers: 1\n");
  auto settings = world.settings();
  CHECK(settings.number(key::workers) == 1);
  CHECK(settings.value(key::workers).origin == Origin::file);
  CHECK(settings.value(key::workers).where == "ksail.yaml:5:14");
  CHECK(settings.file() == "ksail.yaml");

  world.request.environment["KSAIL_SPEC_CLUSTER_WORKERS"] = "2";
  settings = world.settings();
  CHECK(settings.number(key::workers) == 2);
  CHECK(settings.value(key::workers).origin == Origin::environment);
  CHECK(settings.value(key::workers).where == "KSAIL_SPEC_CLUSTER_WORKERS");

  world.request.flags.push_back({std::string(key::workers), "3", "--workers"});
  settings = world.settings();
  CHECK(settings.number(key::workers) == 3);
  CHECK(settings.value(key::workers).origin == Origin::flag);
  CHECK(settings.value(key::workers).where == "--workers");
  CHECK(settings.given(key::workers));
}

TEST_CASE("an empty variable is as good as none, an empty flag is not") {
  World world;
  world.request.environment["KSAIL_SPEC_CLUSTER_WORKERS"] = "";
  CHECK(world.settings().value(key::workers).origin == Origin::fallback);
  world.request.flags.push_back({std::string(key::workers), "", "--workers"});
  const auto error = world.error();
  CHECK(error.code == Code::usage);
  CHECK_THAT(error.message, Contains("--workers is empty"));
}

TEST_CASE("of several variables for one setting the one made from the key is the strongest") {
  World world;
  world.request.environment["KSAIL_SPEC_DISTRIBUTION"] = "k3s";
  CHECK(world.settings().text(key::distribution) == "K3s");
  world.request.environment["KSAIL_SPEC_CLUSTER_DISTRIBUTION"] = "vanilla";
  CHECK(world.settings().text(key::distribution) == "Vanilla");
  world.request.environment["KUBECONFIG"] = "/a:/b";
  CHECK(world.settings().text(key::kubeconfig) == "/a:/b"); // a list stays a list
  CHECK(world.settings().value(key::kubeconfig).where == "KUBECONFIG");
}

TEST_CASE("bad flags are wrong usage, bad variables and files are wrong configuration") {
  World world;
  world.request.flags.push_back({std::string(key::workers), "x", "--workers"});
  CHECK(world.error().code == Code::usage);
  CHECK_THAT(world.error().message, StartsWith("--workers: 'x' is not a number"));
  world.request.flags.clear();
  world.request.environment["KSAIL_SPEC_CLUSTER_WORKERS"] = "x";
  CHECK(world.error().code == Code::config);
  CHECK_THAT(world.error().message, StartsWith("KSAIL_SPEC_CLUSTER_WORKERS: 'x' is not a number"));
  world.request.environment.clear();
  world.folder.write("ksail.yaml", head + "spec: 5\n");
  CHECK(world.error().code == Code::config);
}

TEST_CASE("a variable that sets nothing is a warning that says what was meant") {
  World world;
  world.request.environment["KSAIL_SPEC_CLUSTER_WORKRES"] = "2";
  world.request.environment["KSAIL_TIMING_LOG"] = "x";
  const auto settings = world.settings();
  REQUIRE(settings.warnings().size() == 1);
  CHECK_THAT(settings.warnings()[0],
             Contains("KSAIL_SPEC_CLUSTER_WORKRES sets nothing; did you mean KSAIL_SPEC_CLUSTER_WORKERS?"));
}

TEST_CASE("the node image given is that of the distribution in effect") {
  World world;
  world.folder.write("ksail.yaml", head + "spec:\n  vanilla: {nodeImage: a:1}\n  k3s: {nodeImage: b:1}\n");
  CHECK(world.settings().node_image().text == "a:1");
  world.request.environment["KSAIL_VANILLA_NODE_IMAGE"] = "a:2";
  CHECK(world.settings().node_image().text == "a:2");
  world.request.flags.push_back({"nodeImage", "c:3", "--node-image"});
  CHECK(world.settings().node_image().text == "c:3");
  world.request.flags.push_back({std::string(key::distribution), "k3s", "--distribution"});
  CHECK(world.settings().node_image().text == "c:3");
  CHECK(world.settings().text("spec.vanilla.nodeImage") == "a:2");
}

TEST_CASE("paths in ksail.yaml are relative to it, those of flags to where one stands") {
  World world;
  world.folder.write(
      "ksail.yaml",
      head + "spec:\n  cluster: {connection: {kubeconfig: conf/k}}\n  workload: {sourceDirectory: ./k8s/../app}\n");
  world.folder.write("deep/er/x", "");
  world.request.working_directory = (world.folder.path() / "deep/er").string();
  auto settings = world.settings();
  CHECK(settings.text(key::kubeconfig) == (world.folder.path() / "conf/k").string());
  CHECK(settings.text(key::source_directory) == (world.folder.path() / "app").string());
  CHECK(settings.file() == "../../ksail.yaml");
  CHECK_THAT(settings.value(key::kubeconfig).where, StartsWith("../../ksail.yaml:4:"));
  world.request.flags.push_back({std::string(key::kubeconfig), "k", "--kubeconfig"});
  CHECK(world.settings().text(key::kubeconfig) == "k");
  world.request.flags.back().text = "~/k";
  CHECK(world.settings().text(key::kubeconfig) == "/home/me/k");
  world.request.flags.back().text = "/abs/k";
  CHECK(world.settings().text(key::kubeconfig) == "/abs/k");
}

TEST_CASE("a named file (--config) takes the place of the search, and has to be there") {
  World world;
  world.folder.write("ksail.yaml", "not: [good");
  const auto other = world.folder.write("other.yaml", head + "metadata: {name: other}\n");
  world.request.config_file = "other.yaml";
  CHECK(world.settings().text(key::name) == "other");
  CHECK(world.settings().file() == "other.yaml");
  world.request.config_file = "missing.yaml";
  CHECK(world.error().code == Code::config);
  CHECK_THAT(world.error().message, Contains("missing.yaml"));
}

TEST_CASE("durations come as durations") {
  World world;
  world.request.flags.push_back({std::string(key::timeout), "90s", "--timeout"});
  CHECK(world.settings().duration(key::timeout) == std::chrono::seconds(90));
}

TEST_CASE("patches in ksail.yaml are found beside it, with or without a role") {
  World world;
  world.folder.write("ksail.yaml",
                     head + "spec:\n  talos: {patches: \"a.yaml,worker=sub/b.yaml,/abs/c.yaml,./x=y.yaml\"}\n");
  const std::string folder = world.folder.path().string();
  CHECK(world.settings().text(key::talos_patches) ==
        folder + "/a.yaml,worker=" + folder + "/sub/b.yaml,/abs/c.yaml," + folder + "/x=y.yaml");
  world.request.flags = {{std::string(key::talos_patches), "~/a.yaml,control-plane=b.yaml", "--talos-patch"}};
  CHECK(world.settings().text(key::talos_patches) == "/home/me/a.yaml,control-plane=b.yaml");
}

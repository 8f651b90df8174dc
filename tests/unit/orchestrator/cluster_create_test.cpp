// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/cluster.hpp"
#include "run_coroutine.hpp"
#include "silent_progress.hpp"
#include "temporary_directory.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>

using namespace ksail;

namespace {

/// Can do what `capabilities` says, and nothing was ever asked of it beyond that.
struct DescribedProvider final : plugins::Provider {
  nlohmann::json capabilities;
  std::vector<std::string> verbs;
  std::string_view id() const override { return "described"; }
  asio::awaitable<Result<plugins::Reply>> call(std::string verb, nlohmann::json, std::vector<plugins::Blob>, Deadline,
                                               plugins::EventHandler) override {
    verbs.push_back(verb);
    if (verb != "describe") co_return Error(Code::unimplemented, verb);
    nlohmann::json body = {{"capabilities", capabilities}};
    co_return plugins::Reply(std::move(body));
  }
};

} // namespace

TEST_CASE("a distribution that the provider cannot carry is refused before anything is made") {
  const test::TemporaryDirectory state;
  ::setenv("XDG_STATE_HOME", state.path().c_str(), 1);
  for (const char *distribution : {"Vanilla", "K3s"}) {
    asio::io_context io;
    DescribedProvider provider;
    provider.capabilities = {{"exec", true}, {"copy", true}, {"published_ports", true}};
    test::SilentProgress progress;
    timing::Recorder timing;
    Session session{io.get_executor(), provider, "Clouds", progress, timing, "0.1.0"};
    ClusterSpec spec;
    spec.name = "dev";
    spec.distribution = distribution;
    spec.provider = "Clouds";
    spec.node_image = "example.org/node:v1.34.2";
    const auto created = test::run<CreateReport>(io, [&] { return create_cluster(session, spec, CreateOptions()); });
    REQUIRE_FALSE(created);
    CHECK(created.error().code == Code::failed_precondition);
    CHECK(created.error().message ==
          std::string(distribution) + " needs 'fixed_address' of its provider, which Clouds does not offer");
    CHECK(provider.verbs == std::vector<std::string>{"describe"});
  }
  ::unsetenv("XDG_STATE_HOME");
}

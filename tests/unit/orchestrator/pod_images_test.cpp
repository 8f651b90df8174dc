// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/pod_images.hpp"
#include "run_coroutine.hpp"
#include "silent_progress.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace ksail;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

/// One running node; of the images some can be had.
struct ImageProvider final : plugins::Provider {
  std::vector<std::string> available;
  std::vector<std::string> verbs;
  json loaded;
  bool slow = false;      ///< nothing can be had before the caller gives up
  bool cancelled = false; ///< and it did
  std::string_view id() const override { return "images"; }

  asio::awaitable<Result<plugins::Reply>> call(std::string verb, json request, std::vector<plugins::Blob>, Deadline,
                                               plugins::EventHandler) override {
    verbs.push_back(verb);
    json body = json::object();
    if (verb == "prefetch" && slow) {
      cancelled = !co_await sleep_for(1min);
      co_return Error(Code::cancelled, "cancelled");
    }
    if (verb == "prefetch") {
      body["images"] = json::array();
      for (const auto &image : request["images"]) {
        const std::string ref = image["ref"];
        CHECK(image["optional"] == true);
        const bool there = std::find(available.begin(), available.end(), ref) != available.end();
        if (there)
          body["images"].push_back(json{{"ref", ref}, {"use", ref}, {"source", "pulled"}});
        else
          body["images"].push_back(json{{"ref", ref}, {"source", "missing"}, {"reason", "no route to " + ref}});
      }
    } else if (verb == "observe") {
      const json labels = {{"ksail.cluster", "dev"}, {"ksail.distribution", "K3s"}};
      body["nodes"] = json::array(
          {json{{"name", "dev-server"}, {"role", "control-plane"}, {"state", "running"}, {"labels", labels}}});
    } else if (verb == "find_images") {
      body["images"] = json::array();
      for (const auto &ref : request["refs"])
        body["images"].push_back(json{{"ref", ref}, {"name", ref}, {"id", "sha256:1"}, {"bytes", 1}});
    } else if (verb == "upload_image")
      loaded = request["source"]["images"];
    else if (verb == "exec") // the node has none of them yet, and everything else works
      body["exit_code"] = request["argv"].dump().find("\"present\"") != std::string::npos ? 1 : 0;
    co_return plugins::Reply(std::move(body));
  }
};

struct Lab {
  asio::io_context io;
  ImageProvider provider;
  test::SilentProgress progress;
  timing::Recorder timing;
  Session session{io.get_executor(), provider, "Clouds", progress, timing, "0.1.0"};
  PodImages images{session, "dev", {"docker.io/a:1", "docker.io/b:1"}, json::object(), "op", Deadline::after(10s)};

  Result<void> run(std::function<asio::awaitable<Result<void>>()> work) {
    return test::run<void>(io, [&] { return images.beside(work); });
  }
};

/// Waits until the provider has seen `verb`, for a while.
asio::awaitable<bool> seen(const ImageProvider &provider, std::string verb) {
  for (int i = 0; i < 1000; ++i) {
    if (std::find(provider.verbs.begin(), provider.verbs.end(), verb) != provider.verbs.end()) co_return true;
    const bool waited = co_await sleep_for(1ms);
    if (!waited) break;
  }
  co_return false;
}

} // namespace

TEST_CASE("images of a distribution's own pods are fetched beside the work and placed when the nodes are there") {
  Lab lab;
  lab.provider.available = {"docker.io/a:1", "docker.io/b:1"};
  const auto done = lab.run([&]() -> asio::awaitable<Result<void>> {
    CHECK(lab.provider.verbs.empty());
    lab.images.may_pull();
    CHECK(co_await seen(lab.provider, "prefetch"));
    co_await sleep_for(5ms);
    CHECK(lab.provider.verbs == std::vector<std::string>{"prefetch"});
    lab.images.may_place();
    CHECK(co_await seen(lab.provider, "upload_image"));
    co_await sleep_for(5ms);
    co_return Result<void>();
  });
  CHECK(done);
  CHECK(lab.provider.loaded == json::array({"docker.io/a:1", "docker.io/b:1"}));
  CHECK(lab.progress.notes.empty());
}

TEST_CASE("what cannot be had ahead is said, and the rest is placed") {
  Lab lab;
  lab.provider.available = {"docker.io/b:1"};
  const auto done = lab.run([&]() -> asio::awaitable<Result<void>> {
    lab.images.may_pull();
    lab.images.may_place();
    CHECK(co_await seen(lab.provider, "upload_image"));
    co_return Result<void>();
  });
  CHECK(done);
  CHECK(lab.provider.loaded == json::array({"docker.io/b:1"}));
  REQUIRE(lab.progress.notes.size() == 1);
  CHECK(lab.progress.notes.front().find("no route to docker.io/a:1") != std::string::npos);
}

TEST_CASE("nobody waits for the images, and the result is the work's") {
  Lab lab;
  lab.provider.slow = true;
  const auto begin = std::chrono::steady_clock::now();
  const auto done = lab.run([&]() -> asio::awaitable<Result<void>> {
    lab.images.may_pull();
    CHECK(co_await seen(lab.provider, "prefetch"));
    co_return Error(Code::aborted, "a node died");
  });
  CHECK(std::chrono::steady_clock::now() - begin < 30s);
  REQUIRE_FALSE(done);
  CHECK(done.error().message == "a node died");
  CHECK(lab.provider.cancelled);
}

TEST_CASE("nodes that bring their images get none, and nothing is said of it") {
  Lab lab;
  const auto done = lab.run([&]() -> asio::awaitable<Result<void>> {
    lab.images.not_needed();
    lab.images.may_pull();
    lab.images.may_place();
    CHECK(co_await seen(lab.provider, "prefetch"));
    co_await sleep_for(5ms);
    co_return Result<void>();
  });
  CHECK(done);
  CHECK(lab.provider.verbs == std::vector<std::string>{"prefetch"});
  CHECK(lab.progress.notes.empty());
}

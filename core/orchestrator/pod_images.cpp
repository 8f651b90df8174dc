// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/pod_images.hpp"

#include "orchestrator/beside.hpp"
#include "orchestrator/image_load.hpp"
#include "orchestrator/image_pulls.hpp"

#include <boost/asio/this_coro.hpp>

namespace ksail {

namespace {

/// Nothing is shown of what nobody waits for; its times are in the timing data.
struct Unseen final : ProgressSink {
  void step_started(std::string_view, std::string_view) override {}
  void step_text(std::string_view, std::string_view) override {}
  void step_bytes(std::string_view, std::uint64_t, std::uint64_t) override {}
  void step_ended(std::string_view, bool, double) override {}
  void note(std::string_view) override {}
  void warning(std::string_view) override {}
};

} // namespace

PodImages::PodImages(Session &session, std::string cluster, std::vector<std::string> references, nlohmann::json labels,
                     std::string operation_id, Deadline deadline)
    : session_(session), cluster_(std::move(cluster)), references_(std::move(references)), labels_(std::move(labels)),
      operation_id_(std::move(operation_id)), deadline_(deadline), pull_(session.executor), place_(session.executor) {}

asio::awaitable<Result<void>> PodImages::beside(std::function<asio::awaitable<Result<void>>()> work) {
  if (references_.empty()) co_return co_await work();
  std::function<asio::awaitable<Result<void>>()> fetch = [this] { return fetch_and_place(); };
  co_return co_await run_beside(std::move(work), std::move(fetch));
}

asio::awaitable<Result<void>> PodImages::fetch_and_place() {
  co_await asio::this_coro::throw_if_cancelled(false);
  const bool may_pull = co_await pull_.wait();
  if (!may_pull) co_return Result<void>();
  Unseen unseen;
  Session quiet{session_.executor, session_.provider,     session_.provider_name, unseen,
                session_.timing,   session_.ksail_version};
  std::vector<ImageNeed> needs;
  for (const auto &reference : references_) {
    needs.emplace_back();
    needs.back().ref = reference;
    needs.back().optional = true;
  }
  auto images = co_await pull_images(quiet, std::move(needs), labels_, operation_id_ + "-pod-images", deadline_);
  if (!images) co_return images.error();
  ImageLoadOptions options;
  std::string missing;
  for (const auto &reference : references_) {
    const auto found = images->find(reference);
    if (found != images->end() && found->second.source != "missing")
      options.images.push_back(reference);
    else if (missing.empty() && found != images->end())
      missing = found->second.reason;
  }
  if (needed_ && !missing.empty())
    session_.progress.note("not every image of the distribution's own pods can be had ahead (" + missing +
                           "); the nodes pull what they lack");
  const bool may_place = co_await place_.wait();
  if (!may_place || !needed_ || options.images.empty()) co_return Result<void>();
  auto placed = co_await load_images(quiet, cluster_, std::move(options), deadline_);
  if (!placed) co_return placed.error();
  co_return Result<void>();
}

} // namespace ksail

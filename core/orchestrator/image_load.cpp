// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/image_load.hpp"

#include "distributions/distribution.hpp"
#include "distributions/image_import.hpp"
#include "orchestrator/existing_nodes.hpp"
#include "orchestrator/graph.hpp"
#include "orchestrator/labels.hpp"
#include "orchestrator/provider_verbs.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <random>

namespace ksail {

namespace {

using nlohmann::json;
using Work = std::vector<std::function<asio::awaitable<Result<void>>()>>;

struct Target {
  ProviderNode node;
  bool shared = false;
  bool wanted = true; ///< lacks something
};

class ImageLoad {
public:
  ImageLoad(Session &session, std::string cluster, ImageLoadOptions options, Deadline deadline)
      : session_(session), cluster_(std::move(cluster)), options_(std::move(options)), deadline_(deadline),
        access_(session.provider, cluster_) {}

  asio::awaitable<Result<ImageLoadReport>> run();

private:
  asio::awaitable<Result<void>> find_nodes();
  asio::awaitable<Result<void>> compare();
  asio::awaitable<Result<void>> load(std::string step, json source);
  asio::awaitable<Result<void>> send(std::string step, std::string node, std::string folder, json source);
  asio::awaitable<Result<void>> import(std::string node, std::string folder);
  asio::awaitable<Result<void>> remove(std::string node, std::string folder);

  Session &session_;
  std::string cluster_;
  ImageLoadOptions options_;
  Deadline deadline_;
  ProviderNodeAccess access_;
  ImageImport import_;
  std::vector<Target> targets_;
  ImageLoadReport report_;
  std::vector<std::string> names_;
};

asio::awaitable<Result<void>> ImageLoad::find_nodes() {
  auto nodes = co_await existing_nodes(session_, cluster_, deadline_);
  if (!nodes) co_return nodes.error();
  for (const auto &node : *nodes) {
    if (node.role == "load-balancer") continue;
    if (node.state != "running") {
      report_.not_running.push_back(node.name);
      continue;
    }
    Target target;
    target.node = node;
    const auto folder = node.labels.find(label_image_folder);
    target.shared = folder != node.labels.end() && folder->second == image_folder;
    targets_.push_back(std::move(target));
  }
  if (targets_.empty())
    co_return Error(Code::failed_precondition, "no node of cluster '" + cluster_ + "' is running",
                    "`ksail cluster start --name " + cluster_ + "`");
  const auto &labels = targets_.front().node.labels;
  const auto label = labels.find(label_distribution);
  const Distribution *distribution = label == labels.end() ? nullptr : find_distribution(label->second);
  const auto import = distribution ? distribution->image_import() : std::nullopt;
  if (!import)
    co_return Error(Code::failed_precondition,
                    "how images get into the nodes of cluster '" + cluster_ + "' is not known" +
                        (distribution ? ": " + std::string(distribution->name()) + " offers no way" : std::string()),
                    "push the image to a registry that the cluster can pull from");
  import_ = *import;
  co_return Result<void>();
}

/// Which nodes lack something. Archives are always imported: what is in them is only known when they were read.
asio::awaitable<Result<void>> ImageLoad::compare() {
  json body = {{"refs", options_.images}};
  auto answer = co_await call_verb(session_.provider, "find_images", std::move(body), std::vector<plugins::Blob>(),
                                   deadline_, plugins::EventHandler());
  if (!answer) co_return answer.error();
  std::vector<std::string> argv = import_.present_argv;
  for (const auto &image : answer->body.value("images", json::array())) {
    names_.push_back(image.value("name", std::string()));
    argv.push_back(names_.back());
    argv.push_back(image.value("id", std::string()));
  }
  Work work;
  for (auto &target : targets_)
    work.push_back([this, &target, &argv]() -> asio::awaitable<Result<void>> {
      auto output = co_await access_.exec(target.node.name, argv, std::string(), deadline_);
      if (!output) co_return Error(output.error()).in("node " + target.node.name);
      target.wanted = output->exit_code != 0;
      co_return Result<void>();
    });
  ForEachOptions all;
  all.stop_on_failure = false;
  co_return co_await run_all(std::move(work), all);
}

asio::awaitable<Result<void>> ImageLoad::send(std::string step, std::string node, std::string folder, json source) {
  json body = {{"cluster", cluster_}, {"node", node}, {"folder", folder}, {"source", std::move(source)}};
  plugins::EventHandler on_event = [this, step](const json &event, const std::vector<plugins::Blob> &) {
    if (event.value("event", std::string()) == "sent")
      session_.progress.step_bytes(step, event.value("bytes", std::uint64_t{0}),
                                   event.value("total", std::uint64_t{0}));
  };
  // Not repeated: what comes from a pipe comes once.
  auto reply = co_await session_.provider.call("upload_image", std::move(body), std::vector<plugins::Blob>(), deadline_,
                                               std::move(on_event));
  if (!reply) co_return reply.error();
  report_.bytes += reply->body.value("bytes", std::uint64_t{0});
  co_return Result<void>();
}

asio::awaitable<Result<void>> ImageLoad::import(std::string node, std::string folder) {
  std::vector<std::string> argv = import_.import_argv;
  argv.push_back(std::move(folder));
  auto output = co_await access_.exec(node, std::move(argv), std::string(), deadline_);
  if (!output) co_return Error(output.error()).in("node " + node);
  if (output->exit_code == 0) co_return Result<void>();
  std::string detail = output->err.empty() ? output->out : output->err;
  while (!detail.empty() && detail.back() == '\n')
    detail.pop_back();
  co_return Error(Code::failed_precondition,
                  "node " + node + " cannot import the image (exit code " + std::to_string(output->exit_code) +
                      "): " + detail,
                  "`ksail cluster logs --node " + node + " --name " + cluster_ + "` shows what it says");
}

asio::awaitable<Result<void>> ImageLoad::remove(std::string node, std::string folder) {
  std::vector<std::string> argv;
  for (const char *word : {"rm", "-rf"})
    argv.emplace_back(word);
  argv.push_back(std::move(folder));
  auto output = co_await access_.exec(node, std::move(argv), std::string(), Deadline::after(std::chrono::seconds(20)));
  if (!output) co_return output.error();
  co_return Result<void>();
}

asio::awaitable<Result<void>> ImageLoad::load(std::string step, json source) {
  std::random_device random;
  const std::string folder = std::string(image_folder) + "/load-" + std::to_string(random());
  // One of those that share the volume gets it, and each of those that do not.
  std::vector<std::string> receivers;
  bool shared_served = false;
  for (const auto &target : targets_) {
    if (!target.wanted || (target.shared && shared_served)) continue;
    shared_served = shared_served || target.shared;
    receivers.push_back(target.node.name);
  }
  if (receivers.size() > 1 && source.value("file", std::string()) == "/dev/stdin")
    co_return Error(Code::usage,
                    "standard input can be read once, and the nodes of cluster '" + cluster_ +
                        "' share no volume to put it in",
                    "give the archive as a file");
  Work sends;
  for (const auto &node : receivers)
    sends.push_back([this, &step, &folder, &source, node] { return send(step, node, folder, source); });
  ForEachOptions at_once;
  Result<void> result = co_await run_all(std::move(sends), at_once);
  if (result) {
    session_.progress.step_text(step, "importing");
    Work imports;
    for (const auto &target : targets_)
      if (target.wanted) imports.push_back([this, &folder, name = target.node.name] { return import(name, folder); });
    ForEachOptions all;
    all.stop_on_failure = false;
    result = co_await run_all(std::move(imports), all);
  }
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  Work removals;
  for (const auto &node : receivers)
    removals.push_back([this, &folder, node] { return remove(node, folder); });
  ForEachOptions all;
  all.stop_on_failure = false;
  Result<void> removed = co_await run_all(std::move(removals), all);
  if (result && !removed)
    session_.progress.warning("a copy of the image stays in the nodes: " + removed.error().message);
  co_return result;
}

asio::awaitable<Result<ImageLoadReport>> ImageLoad::run() {
  auto found = co_await find_nodes();
  if (!found) co_return found.error();
  for (const auto &name : report_.not_running)
    session_.progress.warning("node " + name + " is not running and gets no image");
  Graph graph;
  std::vector<std::string> before;
  const auto plural = targets_.size() == 1 ? std::string(" node") : std::string(" nodes");
  const std::string to = " to " + std::to_string(targets_.size()) + plural;
  if (!options_.images.empty()) {
    graph.add({"compare", "images", "", {}, [this] { return compare(); }});
    std::string title = options_.images.front();
    if (options_.images.size() > 1) title += " and " + std::to_string(options_.images.size() - 1) + " more";
    graph.add({"load", "images", "Loading " + title + to, {"compare"}, [this]() -> asio::awaitable<Result<void>> {
                 report_.present =
                     std::none_of(targets_.begin(), targets_.end(), [](const Target &t) { return t.wanted; });
                 if (report_.present) co_return Result<void>();
                 json source = {{"images", names_}};
                 co_return co_await load("load", std::move(source));
               }});
    before = {"load"};
  }
  for (std::size_t i = 0; i < options_.archives.size(); ++i) {
    const auto &archive = options_.archives[i];
    const std::string step = "load:" + std::to_string(i + 1);
    graph.add(
        {step, "images", "Loading " + archive.name + to, before, [this, step, i]() -> asio::awaitable<Result<void>> {
           for (auto &target : targets_)
             target.wanted = true;
           report_.present = false;
           json source = {{"file", options_.archives[i].path}, {"name", options_.archives[i].name}};
           co_return co_await load(step, std::move(source));
         }});
    before = {step};
  }
  Result<void> done = co_await graph.run(session_.progress, session_.timing);
  if (!done) co_return done.error();
  for (const auto &target : targets_)
    report_.nodes.push_back(target.node.name);
  co_return report_;
}

} // namespace

asio::awaitable<Result<ImageLoadReport>> load_images(Session &session, std::string cluster, ImageLoadOptions options,
                                                     Deadline deadline) {
  ImageLoad load(session, std::move(cluster), std::move(options), deadline);
  auto report = co_await load.run();
  co_return std::move(report);
}

} // namespace ksail

// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/image_pulls.hpp"

#include "orchestrator/provider_verbs.hpp"

namespace ksail {

namespace {

using nlohmann::json;

/// Turns the provider's events into progress and spans.
class Pulls {
public:
  explicit Pulls(Session &session) : session_(session) {}

  void on_event(const json &event) {
    if (event.value("event", std::string()) != "pull") return;
    const std::string ref = event.value("ref", std::string("an image"));
    const std::string state = event.value("state", std::string());
    if (!spans_.contains(ref)) spans_[ref] = session_.timing.begin("images", "pull:" + ref);
    if (state == "ended" || state == "failed") {
      end(ref, state == "failed");
      return;
    }
    session_.progress.step_text("prefetch", "pulling " + ref);
    session_.progress.step_bytes("prefetch", event.value("done", std::uint64_t{0}),
                                 event.value("total", std::uint64_t{0}));
  }
  /// What is still open: the provider told no end of it.
  void end_all(bool failed) {
    while (!spans_.empty())
      end(spans_.begin()->first, failed);
  }

private:
  void end(std::string ref, bool failed) {
    session_.timing.end(spans_.at(ref), failed);
    spans_.erase(ref);
  }
  Session &session_;
  std::map<std::string, std::size_t> spans_;
};

} // namespace

asio::awaitable<Result<std::map<std::string, ImageFacts>>> pull_images(Session &session, std::vector<ImageNeed> needs,
                                                                       nlohmann::json labels, std::string operation_id,
                                                                       Deadline deadline) {
  json wanted = json::array();
  for (const auto &need : needs) {
    json image = {{"ref", need.ref}};
    if (!need.substitute_label.empty()) image["substitute"] = {{"label", need.substitute_label}};
    if (need.optional) image["optional"] = true;
    wanted.push_back(std::move(image));
  }
  json body = {{"images", std::move(wanted)}, {"labels", std::move(labels)}, {"operation_id", operation_id}};
  Pulls pulls(session);
  plugins::EventHandler on_event = [&pulls](const json &event, const std::vector<plugins::Blob> &) {
    pulls.on_event(event);
  };
  auto answer = co_await call_verb(session.provider, "prefetch", std::move(body), std::vector<plugins::Blob>(),
                                   deadline, std::move(on_event));
  pulls.end_all(!answer);
  if (!answer) co_return answer.error();
  std::map<std::string, ImageFacts> images;
  for (const auto &image : answer->body.value("images", json::array())) {
    ImageFacts facts;
    facts.use = image.value("use", std::string());
    facts.source = image.value("source", std::string());
    facts.reason = image.value("reason", std::string());
    const json of_image = image.value("labels", json::object());
    for (const auto &[key, label] : of_image.items())
      if (label.is_string()) facts.labels[key] = label.get<std::string>();
    for (const auto &word : image.value("command", json::array()))
      if (word.is_string()) facts.command.push_back(word.get<std::string>());
    const std::string ref = image.value("ref", std::string());
    if (facts.source == "substitute")
      session.progress.note("using the local image " + facts.use + " in place of " + ref +
                            ", which could not be pulled");
    images[ref] = std::move(facts);
  }
  co_return images;
}

} // namespace ksail

// SPDX-License-Identifier: Apache-2.0
// prefetch: images on the engine before nodes are made from them.
#include "image_pull.hpp"

#include "answer_member.hpp"
#include "engine_error.hpp"
#include "image_reference.hpp"
#include "labels.hpp"
#include "pull_progress.hpp"
#include "registry_auth.hpp"
#include "request_body.hpp"
#include "verbs.hpp"

#include <array>

namespace ksail::docker {

namespace {

using nlohmann::json;

/// Until the engine says that a registry answered. An engine without network tries for much longer.
constexpr std::chrono::seconds first_answer{20};
constexpr std::chrono::seconds first_answer_if_dispensable{8};
/// Between two lines of progress.
constexpr std::chrono::seconds longest_silence{90};
constexpr std::chrono::milliseconds event_interval{100};

struct ImageWanted {
  std::string ref;
  std::string substitute_label;
  bool optional = false;
  ImageReference parsed;
  json result;
};

/// What containers of the image start: its entrypoint, and behind it its command.
json command_of(const json &config) {
  json command = json::array();
  for (const char *part : {"Entrypoint", "Cmd"}) {
    const auto words = config.find(part);
    if (words == config.end() || !words->is_array()) continue;
    for (const auto &word : *words)
      if (word.is_string()) command.push_back(word);
  }
  return command;
}

json image_view(const ImageWanted &image, const std::string &use, const char *source, const std::string &id,
                const json &labels) {
  return {{"ref", image.ref},
          {"use", use},
          {"source", source},
          {"id", id},
          {"labels", labels.is_object() ? labels : json(json::object())}};
}

class Prefetch {
public:
  Prefetch(Verbs &verbs, Context &context, std::vector<ImageWanted> images)
      : verbs_(verbs), context_(context), images_(std::move(images)) {}
  VerbResult run();

private:
  asio::awaitable<Result<void>> provide(ImageWanted &image);
  asio::awaitable<Result<bool>> look(ImageWanted &image, const char *source);
  asio::awaitable<Result<bool>> find_substitute(ImageWanted &image);
  asio::awaitable<Result<void>> pull(const ImageWanted &image, std::chrono::seconds patience);
  asio::awaitable<Result<void>> follow(http::Stream &stream, const ImageWanted &image);
  void tell(const ImageWanted &image, const PullProgress &progress);
  void tell_state(const ImageWanted &image, const char *state);

  Verbs &verbs_;
  Context &context_;
  std::vector<ImageWanted> images_;
};

/// Whether the engine has it; if so its result is filled in.
asio::awaitable<Result<bool>> Prefetch::look(ImageWanted &image, const char *source) {
  EngineCall call("GET", "/images/" + image.ref + "/json", "look for image " + image.ref);
  auto answer = co_await verbs_.engine.send(std::move(call), context_.deadline());
  if (!answer) co_return answer.error();
  if (answer->status == 404) co_return false;
  if (answer->status >= 400) co_return engine_error("look for image " + image.ref, answer->status, answer->body);
  const json found = json::parse(answer->body, nullptr, false);
  json config = found.is_object() ? found.value("Config", json::object()) : json(json::object());
  if (!config.is_object()) config = json::object();
  image.result = image_view(image, image.ref, source, text(found, "Id"), config.value("Labels", json::object()));
  image.result["command"] = command_of(config);
  co_return true;
}

/// The newest local image with the label; one with a name before one without.
asio::awaitable<Result<bool>> Prefetch::find_substitute(ImageWanted &image) {
  if (image.substitute_label.empty()) co_return false;
  const json filter = {{"label", {image.substitute_label}}};
  EngineCall call("GET", "/images/json?filters=" + http::encode_component(filter.dump()),
                  "look for a local image with label " + image.substitute_label);
  auto listed = co_await verbs_.engine.require_json(std::move(call), context_.deadline());
  if (!listed) co_return listed.error();
  const json *best = nullptr;
  std::string best_name;
  for (const auto &entry : *listed) {
    std::string name;
    for (const auto &tag : entry.value("RepoTags", json::array()).is_array() ? entry["RepoTags"] : json::array())
      if (name.empty() && tag.is_string() && tag != "<none>:<none>") name = tag.get<std::string>();
    const auto created = entry.value("Created", std::int64_t{0});
    const bool better = !best || (best_name.empty() && !name.empty()) ||
                        (best_name.empty() == name.empty() && created > best->value("Created", std::int64_t{0}));
    if (!better) continue;
    best = &entry;
    best_name = std::move(name);
  }
  if (!best) co_return false;
  const std::string id = text(*best, "Id");
  image.result =
      image_view(image, best_name.empty() ? id : best_name, "substitute", id, best->value("Labels", json::object()));
  co_return true;
}

void Prefetch::tell(const ImageWanted &image, const PullProgress &progress) {
  context_.event(json{{"event", "pull"}, {"ref", image.ref}, {"done", progress.done()}, {"total", progress.total()}});
}

void Prefetch::tell_state(const ImageWanted &image, const char *state) {
  context_.event(json{{"event", "pull"}, {"ref", image.ref}, {"state", state}, {"done", 0}, {"total", 0}});
}

asio::awaitable<Result<void>> Prefetch::follow(http::Stream &stream, const ImageWanted &image) {
  PullProgress progress;
  auto last_told = Clock::time_point();
  bool untold = false;
  for (;;) {
    auto line = co_await stream.read_line(context_.deadline().min(Deadline::after(longest_silence)));
    if (!line) {
      if (line.error().code == Code::cancelled) co_return line.error();
      co_return pull_error(image.ref, line.error().message, true);
    }
    if (!*line) break;
    untold = progress.feed(**line) || untold;
    if (progress.error()) co_return pull_error(image.ref, *progress.error(), progress.done() > 0);
    if (!untold || Clock::now() - last_told < event_interval) continue;
    tell(image, progress);
    last_told = Clock::now();
    untold = false;
  }
  if (untold) tell(image, progress);
  co_return Result<void>();
}

asio::awaitable<Result<void>> Prefetch::pull(const ImageWanted &image, std::chrono::seconds patience) {
  const auto &ref = image.parsed;
  EngineCall call("POST",
                  "/images/create?fromImage=" + http::encode_component(ref.repository()) +
                      "&tag=" + http::encode_component(ref.digest.empty() ? ref.tag : ref.digest),
                  "pull image " + image.ref);
  auto auth = co_await registry_auth_header(verbs_.engine.host(), verbs_.engine.variables(), ref.registry_key());
  if (auth) call.registry_auth = *auth;
  const Deadline first = Deadline::after(patience);
  auto stream = co_await verbs_.engine.open(std::move(call), context_.deadline().min(first));
  if (!stream) {
    const Error error = stream.error();
    if (error.code == Code::cancelled || error.code == Code::permission_denied) co_return error;
    if (error.code == Code::unavailable) co_return error; // the engine, not the registry
    const bool too_late = error.code == Code::deadline_exceeded;
    co_return pull_error(image.ref,
                         too_late ? "registry " + ref.domain + " did not answer within " +
                                        std::to_string(patience.count()) + " s"
                                  : error.message,
                         false);
  }
  auto pulled = co_await follow(**stream, image);
  co_return pulled;
}

asio::awaitable<Result<void>> Prefetch::provide(ImageWanted &image) {
  co_await asio::this_coro::throw_if_cancelled(false);
  auto present = co_await look(image, "present");
  if (!present) co_return present.error();
  if (*present) co_return Result<void>();
  if (!image.parsed.id.empty())
    co_return Error(Code::not_found, "image " + image.ref + " is not on the engine, and an id cannot be pulled",
                    "`docker images --no-trunc` shows what is there");
  auto substitute = co_await find_substitute(image);
  if (!substitute) co_return substitute.error();
  const json instead = image.result;
  auto slot = co_await verbs_.pulls.take();
  if (!slot) co_return slot.error();
  tell_state(image, "started");
  auto pulled = co_await pull(image, *substitute || image.optional ? first_answer_if_dispensable : first_answer);
  tell_state(image, pulled ? "ended" : "failed");
  if (pulled) {
    auto there = co_await look(image, "pulled");
    if (!there) co_return there.error();
    if (*there) co_return Result<void>();
    pulled = pull_error(image.ref, "the engine does not have it after pulling it", false);
  }
  const Error error = pulled.error();
  if (error.code == Code::cancelled) co_return error;
  if (!image.optional && (error.code == Code::unavailable || !*substitute)) co_return error;
  verbs_.engine.host().log(KSAIL_LOG_INFO, error.message);
  image.result = *substitute ? instead : json{{"ref", image.ref}, {"source", "missing"}, {"reason", error.message}};
  co_return Result<void>();
}

VerbResult Prefetch::run() {
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  for (auto &image : images_)
    work.push_back([this, &image] { return provide(image); });
  ForEachOptions at_once; // of those that have to be pulled, as many as there are slots
  auto provided = co_await run_all(std::move(work), at_once);
  if (!provided) co_return provided.error();
  Reply reply;
  auto &images = reply.body["images"] = json::array();
  for (auto &image : images_)
    images.push_back(std::move(image.result));
  co_return reply;
}

Result<std::vector<ImageWanted>> read_images(const Request &request) {
  std::vector<ImageWanted> images;
  const auto found = request.body.find("images");
  if (found == request.body.end() || !found->is_array())
    return Error(Code::invalid_argument, "prefetch: member 'images' of the request has to be an array");
  for (const auto &entry : *found) {
    ImageWanted image;
    image.ref = text(entry, "ref");
    auto parsed = parse_pinned_reference(image.ref);
    if (!parsed) return parsed.error();
    image.parsed = std::move(*parsed);
    if (const auto substitute = entry.find("substitute"); substitute != entry.end())
      image.substitute_label = text(*substitute, "label");
    if (const auto optional = entry.find("optional"); optional != entry.end() && optional->is_boolean())
      image.optional = optional->get<bool>();
    images.push_back(std::move(image));
  }
  return images;
}

bool contains_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  for (const auto part : parts)
    if (text.find(part) != std::string_view::npos) return true;
  return false;
}

} // namespace

Error pull_error(std::string_view ref, std::string_view reason, bool begun) {
  constexpr std::string_view prefix = "cannot pull image ";
  // An engine's answer was made into an error already; say it once.
  if (reason.substr(0, prefix.size()) == prefix)
    if (const auto colon = reason.find(": ", prefix.size() + ref.size()); colon != std::string_view::npos)
      reason.remove_prefix(colon + 2);
  const std::string message =
      "image " + std::string(ref) + " is not on the engine and cannot be pulled: " + std::string(reason);
  if (contains_any(reason, {"no space left on device"}))
    return Error(Code::resource_exhausted, message,
                 "free space where the engine keeps its data: `docker system prune`");
  if (contains_any(reason, {"toomanyrequests", "Too Many Requests"}))
    return Error(Code::resource_exhausted, message, "the registry limits pulls: log in (docker login), or wait")
        .retry(std::chrono::seconds(5));
  if (contains_any(reason, {"unauthorized", "authentication required", "no basic auth credentials"}))
    return Error(Code::unauthenticated, message, "log in to the registry: docker login");
  if (contains_any(reason, {"denied", "not found", "manifest unknown", "does not exist"}))
    return Error(Code::not_found, message, "check its name and tag; if it is private, log in: docker login");
  if (begun) return Error(Code::unavailable, message, "check the connection to the registry").retry();
  return Error(Code::not_found, message,
               "check the connection to the registry, or bring the image onto the engine: docker load, docker build");
}

VerbResult prefetch(Verbs &verbs, Request request, Context &context) {
  auto images = read_images(request);
  if (!images) co_return images.error();
  Prefetch prefetch(verbs, context, std::move(*images));
  auto reply = co_await prefetch.run();
  co_return std::move(reply);
}

} // namespace ksail::docker

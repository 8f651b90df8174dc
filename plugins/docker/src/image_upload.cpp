// SPDX-License-Identifier: Apache-2.0
// find_images, and upload_image: an image archive into a folder of a node, in parts, as it comes. The memory it takes
// does not depend on the archive's size.
#include "byte_source.hpp"
#include "engine_error.hpp"
#include "image_archive_check.hpp"
#include "image_reference.hpp"
#include "request_body.hpp"
#include "tar_archive.hpp"
#include "verbs.hpp"

#include <chrono>
#include <cstdio>

namespace ksail::docker {

namespace {

using nlohmann::json;

constexpr std::size_t part_size = 2u << 20;
constexpr std::chrono::milliseconds progress_interval{200};

/// The engine's tar stream needs to know sizes ahead, which an archive that is being made does not have: so it travels
/// as numbered parts of a known size, to be put together again by `cat`.
class Upload {
public:
  Upload(Context &context, std::unique_ptr<ByteSource> source, std::string folder, std::string check_as)
      : context_(context), source_(std::move(source)), folder_(std::move(folder)),
        now_(std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
                 .count()) {
    if (!check_as.empty()) check_ = std::make_unique<ImageArchiveCheck>(std::move(check_as));
  }

  /// The next piece of the body; empty at its end. What goes wrong is kept: the connection only knows that it broke.
  asio::awaitable<Result<std::string>> next() {
    auto piece = co_await make();
    if (!piece) failure_ = piece.error();
    co_return std::move(piece);
  }
  const std::optional<Error> &failure() const { return failure_; }
  std::uint64_t bytes() const { return bytes_; }

private:
  asio::awaitable<Result<std::string>> make() {
    if (ended_) co_return std::string();
    std::string part;
    part.reserve(part_size + 512 * 1024);
    while (part.size() < part_size) {
      auto piece = co_await source_->next(context_.deadline());
      if (!piece) co_return piece.error();
      if (piece->empty()) {
        ended_ = true;
        break;
      }
      if (check_)
        if (auto good = check_->feed(*piece); !good) co_return good.error();
      part += *piece;
    }
    bytes_ += part.size();
    if (ended_ && check_)
      if (auto whole = check_->finish(); !whole) co_return whole.error();
    if (Clock::now() - last_told_ >= progress_interval || ended_) {
      context_.event(json{{"event", "sent"}, {"bytes", bytes_}, {"total", source_->total()}});
      last_told_ = Clock::now();
    }
    char name[32];
    std::snprintf(name, sizeof name, "/part-%07u", number_++);
    TarArchive archive(now_);
    archive.add_file(folder_ + name, 0600, part);
    std::string bytes = std::move(archive).finish();
    // Only the last part carries the end of the archive.
    if (!ended_) bytes.resize(512 + (part.size() + 511) / 512 * 512);
    co_return bytes;
  }

  Context &context_;
  std::unique_ptr<ByteSource> source_;
  std::string folder_;
  std::int64_t now_;
  std::unique_ptr<ImageArchiveCheck> check_;
  std::optional<Error> failure_;
  std::uint64_t bytes_ = 0;
  unsigned number_ = 0;
  bool ended_ = false;
  Clock::time_point last_told_;
};

asio::awaitable<Result<std::unique_ptr<ByteSource>>> open_source(Verbs &verbs, const json &wanted, Deadline deadline) {
  const auto file = wanted.is_object() ? wanted.value("file", json()) : json();
  if (file.is_string()) co_return open_file(verbs.engine.executor(), file.get<std::string>());
  std::vector<std::string> names;
  for (const auto &name : wanted.is_object() ? wanted.value("images", json::array()) : json::array())
    if (name.is_string()) names.push_back(name.get<std::string>());
  if (names.empty())
    co_return Error(Code::invalid_argument,
                    "upload_image: member 'source' of the request has to hold 'file' or 'images'");
  auto source = co_await export_images(verbs.engine, std::move(names), deadline);
  co_return std::move(source);
}

} // namespace

VerbResult find_images(Verbs &verbs, Request request, Context &context) {
  auto refs = optional_texts(request, "refs");
  if (!refs) co_return refs.error();
  Reply reply;
  auto &images = reply.body["images"] = json::array();
  for (const auto &ref : *refs) {
    auto parsed = parse_image_reference(ref);
    if (!parsed) co_return parsed.error();
    if (!parsed->id.empty() || !parsed->digest.empty())
      co_return Error(Code::invalid_argument, "image " + ref + " has no name a node could know it by",
                      "give it one: docker tag " + ref + " NAME:TAG");
    if (parsed->tag.empty()) parsed->tag = "latest";
    const std::string name = parsed->repository() + ":" + parsed->tag;
    EngineCall call("GET", "/images/" + name + "/json", "look at image " + ref);
    auto answer = co_await verbs.engine.send(std::move(call), context.deadline());
    if (!answer) co_return answer.error();
    if (answer->status == 404)
      co_return Error(Code::not_found, "image " + ref + " is not on the Docker engine",
                      "build it, or pull it first: docker pull " + ref);
    if (answer->status >= 400) co_return engine_error("look at image " + ref, answer->status, answer->body);
    const json image = json::parse(answer->body, nullptr, false);
    if (!image.is_object()) co_return Error(Code::internal, "cannot look at image " + ref + ": the answer is no JSON");
    images.push_back({{"ref", ref},
                      {"name", name},
                      {"id", image.value("Id", std::string())},
                      {"bytes", image.value("Size", std::uint64_t{0})}});
  }
  co_return reply;
}

VerbResult upload_image(Verbs &verbs, Request request, Context &context) {
  auto cluster = required_cluster(request);
  if (!cluster) co_return cluster.error();
  auto node = required_text(request, "node");
  if (!node) co_return node.error();
  auto folder = required_text(request, "folder");
  if (!folder) co_return folder.error();
  if (folder->front() != '/')
    co_return Error(Code::invalid_argument, "upload_image: folder '" + *folder + "' has to be absolute");
  const json wanted = request.body.value("source", json::object());
  auto container = co_await verbs.ids.find(verbs.engine, *cluster, *node, context.deadline());
  if (!container) co_return container.error();
  auto source = co_await open_source(verbs, wanted, context.deadline());
  if (!source) co_return source.error();
  // What the engine exports now is as whole as the engine; a file may have come a long way.
  std::string check_as = wanted.value("name", std::string());
  if (check_as.empty()) check_as = wanted.value("file", std::string());
  const auto upload = std::make_shared<Upload>(context, std::move(*source), *folder, std::move(check_as));
  EngineCall call("PUT", "/containers/" + *container + "/archive?path=%2F", "send an image to node " + *node);
  call.content_type = "application/x-tar";
  call.source = [upload] { return upload->next(); };
  auto sent = co_await verbs.engine.require(std::move(call), context.deadline());
  if (upload->failure()) co_return *upload->failure();
  if (!sent) co_return sent.error();
  co_return Reply(json{{"bytes", upload->bytes()}});
}

} // namespace ksail::docker

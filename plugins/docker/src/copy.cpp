// SPDX-License-Identifier: Apache-2.0
// copy_to and copy_from: tar archives into and out of a node.
#include "engine_error.hpp"
#include "node_template.hpp"
#include "request_body.hpp"
#include "verbs.hpp"

namespace ksail::docker {

namespace {

struct Place {
  std::string container;
  std::string node;
  std::string path;
};

asio::awaitable<Result<Place>> find_place(Verbs &verbs, const Request &request, Deadline deadline) {
  auto cluster = required_cluster(request);
  if (!cluster) co_return cluster.error();
  auto node = required_text(request, "node");
  if (!node) co_return node.error();
  auto path = required_text(request, "path");
  if (!path) co_return path.error();
  if (path->front() != '/')
    co_return Error(Code::invalid_argument, request.verb + ": path '" + *path + "' has to be absolute");
  auto id = co_await verbs.ids.find(verbs.engine, *cluster, *node, deadline);
  if (!id) co_return id.error();
  Place place;
  place.container = *id;
  place.node = *node;
  place.path = *path;
  co_return place;
}

/// The tmpfs that `path` lies in, or empty. The engine writes below a tmpfs without a word, and what it writes is
/// never seen in the node.
std::string tmpfs_above(const nlohmann::json &container, const std::string &path) {
  const nlohmann::json::json_pointer mounts("/HostConfig/Tmpfs");
  if (!container.is_object() || !container.contains(mounts)) return {};
  for (const auto &[mount, options] : container[mounts].items())
    if (is_below(path, mount)) return mount;
  return {};
}

} // namespace

VerbResult copy_to(Verbs &verbs, Request request, Context &context) {
  auto place = co_await find_place(verbs, request, context.deadline());
  if (!place) co_return place.error();
  const std::string *archive = request.blob("archive");
  if (!archive) co_return Error(Code::invalid_argument, "copy_to: the request has no blob 'archive'");
  const std::string what = "copy to " + place->path + " in node " + place->node;
  EngineCall look("GET", "/containers/" + place->container + "/json", what);
  auto container = co_await verbs.engine.require_json(std::move(look), context.deadline());
  if (!container) co_return container.error();
  if (const std::string mount = tmpfs_above(*container, place->path); !mount.empty())
    co_return Error(Code::invalid_argument,
                    "cannot " + what + ": it is in the tmpfs " + mount + ", which the engine cannot write to",
                    "write it with exec");
  EngineCall put("PUT", "/containers/" + place->container + "/archive?path=" + http::encode_component(place->path),
                 what);
  put.body = *archive;
  put.content_type = "application/x-tar";
  auto copied = co_await verbs.engine.require(std::move(put), context.deadline());
  if (!copied) co_return copied.error();
  co_return Reply();
}

VerbResult copy_from(Verbs &verbs, Request request, Context &context) {
  auto place = co_await find_place(verbs, request, context.deadline());
  if (!place) co_return place.error();
  EngineCall get("GET", "/containers/" + place->container + "/archive?path=" + http::encode_component(place->path),
                 "copy " + place->path + " from node " + place->node);
  auto answer = co_await verbs.engine.require(std::move(get), context.deadline());
  if (!answer) co_return answer.error();
  Reply reply;
  reply.blobs.emplace_back("archive", std::move(answer->body));
  co_return reply;
}

} // namespace ksail::docker

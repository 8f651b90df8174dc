// SPDX-License-Identifier: Apache-2.0
#include "frame_demultiplexer.hpp"
#include "log_lines.hpp"
#include "request_body.hpp"
#include "verbs.hpp"

#include <optional>

namespace ksail::docker {

namespace {

using nlohmann::json;

constexpr std::size_t max_log = 16u << 20;

struct LogRequest {
  std::string cluster, node;
  bool follow = false;
  std::string tail = "all";
  std::optional<LineMatcher> until;
};

Result<LogRequest> read_request(const Request &request) {
  LogRequest wanted;
  auto cluster = required_cluster(request);
  if (!cluster) return cluster.error();
  auto node = required_text(request, "node");
  if (!node) return node.error();
  auto follow = optional_flag(request, "follow");
  if (!follow) return follow.error();
  auto until = optional_text(request, "until");
  if (!until) return until.error();
  wanted.cluster = *cluster;
  wanted.node = *node;
  wanted.follow = *follow;
  if (const auto tail = request.body.find("tail"); tail != request.body.end() && !tail->is_null()) {
    if (!tail->is_number_integer() || tail->get<std::int64_t>() < 0)
      return Error(Code::invalid_argument, "logs: member 'tail' of the request has to be a whole number");
    wanted.tail = std::to_string(tail->get<std::int64_t>());
  }
  if (!until->empty()) {
    auto matcher = LineMatcher::make(*until);
    if (!matcher) return std::move(matcher.error()).in("logs: member 'until'");
    wanted.until.emplace(std::move(*matcher));
  }
  return wanted;
}

/// What the engine says about the format, from API 1.42 on.
FrameDemultiplexer::Format format_of(const http::Response &head) {
  const auto type = head.headers.get("Content-Type");
  if (type == "application/vnd.docker.multiplexed-stream") return FrameDemultiplexer::Format::framed;
  return FrameDemultiplexer::Format::detect;
}

} // namespace

VerbResult logs(Verbs &verbs, Request request, Context &context) {
  auto wanted = read_request(request);
  if (!wanted) co_return wanted.error();
  auto id = co_await verbs.ids.find(verbs.engine, wanted->cluster, wanted->node, context.deadline());
  if (!id) co_return id.error();
  // Waiting for a line means that it may still come.
  const bool follow = wanted->follow || wanted->until;
  const std::string what = "read the log of node " + wanted->node;
  EngineCall call(
      "GET", "/containers/" + *id + "/logs?stdout=1&stderr=1&tail=" + wanted->tail + (follow ? "&follow=1" : ""), what);
  auto stream = co_await verbs.engine.open(std::move(call), context.deadline());
  if (!stream) co_return stream.error();
  FrameDemultiplexer demultiplexer(format_of((*stream)->head()));
  std::string log;
  bool matched = false;
  for (bool ended = false; !ended && !matched;) {
    auto bytes = co_await (*stream)->read_some(context.deadline());
    if (!bytes) {
      Error error = bytes.error();
      co_return std::move(error).in("cannot " + what);
    }
    ended = bytes->empty();
    auto pieces = ended ? demultiplexer.finish() : demultiplexer.feed(*bytes);
    if (!pieces) {
      Error error = pieces.error();
      co_return std::move(error).in("cannot " + what);
    }
    for (auto &piece : *pieces) {
      matched = matched || (wanted->until && wanted->until->feed(piece.bytes));
      if (wanted->follow) {
        std::vector<sdk::Blob> blobs(1, sdk::Blob("data", std::move(piece.bytes)));
        context.event(json{{"event", piece.error_stream ? "stderr" : "stdout"}}, blobs);
        continue;
      }
      log += piece.bytes;
      if (log.size() > 2 * max_log) log.erase(0, log.size() - max_log); // its end matters
    }
  }
  (*stream)->close();
  Reply reply;
  reply.body["matched"] = matched;
  if (!wanted->follow) reply.blobs.emplace_back("log", std::move(log));
  co_return reply;
}

} // namespace ksail::docker

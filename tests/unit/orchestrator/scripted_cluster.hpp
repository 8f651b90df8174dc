// SPDX-License-Identifier: Apache-2.0
// A cluster of scripted answers for the tests of the workload verbs.
#pragma once

#include "fake_api_server.hpp"
#include "kubernetes/client.hpp"
#include "manifests/object.hpp"
#include "run_coroutine.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>

namespace ksail::test {

inline manifests::Object manifest(const std::string &api_version, const std::string &kind, const std::string &ns,
                                  const std::string &name, nlohmann::json rest = nlohmann::json::object()) {
  manifests::Object out;
  out.api_version = api_version;
  out.kind = kind;
  out.ns = ns;
  out.name = name;
  rest["apiVersion"] = api_version;
  rest["kind"] = kind;
  rest["metadata"]["name"] = name;
  if (!ns.empty()) rest["metadata"]["namespace"] = ns;
  out.json = rest.dump();
  return out;
}

inline FakeReply refusal(int code, const std::string &message) {
  return FakeReply(code, nlohmann::json({{"kind", "Status"}, {"message", message}}).dump());
}
inline FakeReply reply(const nlohmann::json &body, int code = 200) { return FakeReply(code, body.dump()); }
inline std::string watch_event(const std::string &type, const nlohmann::json &object) {
  return nlohmann::json({{"type", type}, {"object", object}}).dump() + "\n";
}
inline bool has(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

/// Answers with `script`; what that leaves open is an empty list, a watch that stays silent, or 404.
struct ScriptedCluster {
  std::function<std::optional<FakeReply>(const FakeRequest &)> script;
  asio::io_context io;
  FakeApiServer server{io.get_executor(), [this](const FakeRequest &r) { return answer(r); }};

  FakeReply answer(const FakeRequest &request) const {
    if (script)
      if (auto told = script(request)) return *told;
    if (has(request.target, "watch=1")) {
      FakeReply stream;
      stream.end = FakeReply::End::hold;
      return stream;
    }
    if (has(request.target, "limit=")) return FakeReply(200, R"({"metadata":{"resourceVersion":"1"},"items":[]})");
    return refusal(404, "not found");
  }

  /// Runs `work` against it.
  template <class T> Result<T> with(std::function<asio::awaitable<Result<T>>(kubernetes::Client &)> work) {
    return run<T>(io, [&]() -> asio::awaitable<Result<T>> {
      kubernetes::ClusterAccess access;
      access.endpoint = http::Endpoint::tcp("127.0.0.1", server.port());
      http::PoolOptions pool;
      pool.max_connections = 64;
      kubernetes::Client client(io.get_executor(), access, pool);
      auto result = co_await work(client);
      server.stop();
      co_return std::move(result);
    });
  }
  long count(const std::string &part) const {
    return std::count_if(server.seen().begin(), server.seen().end(),
                         [&](const auto &r) { return has(r.method + " " + r.target, part); });
  }
  /// Where among the requests the first with `part` stands.
  std::ptrdiff_t at(const std::string &part) const {
    return std::find_if(server.seen().begin(), server.seen().end(),
                        [&](const auto &r) { return has(r.method + " " + r.target, part); }) -
           server.seen().begin();
  }
};

} // namespace ksail::test

// SPDX-License-Identifier: Apache-2.0
// A provider plugin in use, as the core sees it: one awaitable call per verb of sdk/docs/provider-1.md.
// How to find and load one: plugins/loader.hpp. What a manifest says: plugins/manifest.hpp.
#pragma once

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <nlohmann/json.hpp>

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ksail::plugins {

/// Named bytes that travel beside a JSON body.
struct Blob {
  std::string name;
  std::string data;
  Blob() = default;
  Blob(std::string n, std::string d) : name(std::move(n)), data(std::move(d)) {}
};

/// The answer to a verb.
struct Reply {
  nlohmann::json body = nlohmann::json::object();
  std::vector<Blob> blobs;
  Reply() = default;
  explicit Reply(nlohmann::json b) : body(std::move(b)) {}
  Reply(nlohmann::json b, std::vector<Blob> bytes) : body(std::move(b)), blobs(std::move(bytes)) {}
  /// The bytes of the blob of that name, or nullptr.
  const std::string *blob(std::string_view name) const {
    for (const auto &b : blobs)
      if (b.name == name) return &b.data;
    return nullptr;
  }
};

/// Progress and early results of one call, on the executor given at load, in the order in which the plugin sent them
/// and all of them before the call's result. Not called any more once the call has returned.
using EventHandler = std::function<void(const nlohmann::json &event, const std::vector<Blob> &blobs)>;

/// A provider plugin in use. Every function on the executor given at load, which is single-threaded (or a strand).
/// Destroying it while calls are in flight is allowed: the plugin's operations are cancelled and their results dropped.
class Provider {
public:
  virtual ~Provider() = default;

  /// The plugin's id, "docker".
  virtual std::string_view id() const = 0;

  /// One verb of the provider interface. Many calls may be in flight at once. A string member "operation_id" of `body`
  /// is taken out and sent as the request's operation id (repeat a mutating verb with the same one); without it a new
  /// one is made. `on_event` may be empty.
  ///
  /// Cancelling the awaiting coroutine (terminal) cancels the operation inside the plugin and waits for its end, at
  /// most 2 s; the failure then is cancelled, or whatever the plugin reported. When `deadline` passes it is
  /// deadline_exceeded. A plugin that does not end even then is reported as stuck (Code::plugin) and the call returns.
  virtual asio::awaitable<Result<Reply>> call(std::string verb, nlohmann::json body, std::vector<Blob> blobs,
                                              Deadline deadline, EventHandler on_event) = 0;

  /// The same without blobs and events.
  asio::awaitable<Result<Reply>> call(std::string verb, nlohmann::json body, Deadline deadline) {
    return call(std::move(verb), std::move(body), std::vector<Blob>(), deadline, EventHandler());
  }
};

} // namespace ksail::plugins

// SPDX-License-Identifier: Apache-2.0
// The connection to one Docker engine: finds it at the first call, settles the API version without asking for it, and
// turns every failure into an error that names the engine.
//
// API version: paths begin with /v1.41 (Docker 20.10), which every later engine serves until it raises its minimum. An
// engine that did so answers 400 and names the version it wants; that one is used from then on.
//
// Everything on the plugin's executor.
#pragma once

#include "engine_address.hpp"

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/http.hpp>
#include <ksail/sdk/provider.hpp>

#include <nlohmann/json.hpp>

#include <memory>
#include <optional>
#include <string>

namespace ksail::docker {

/// One call. `target` is without version; `what` completes "cannot …" in errors: "create node dev-worker".
struct EngineCall {
  std::string method;
  std::string target;
  std::string what;
  std::string body;
  std::string content_type = "application/json"; ///< of `body`
  std::string registry_auth;                     ///< X-Registry-Auth, or empty
  http::BodySource source;                       ///< instead of `body`: sent as it comes
  /// Twice does what once does, so that no outcome is unknown.
  bool repeatable = method == "GET" || method == "HEAD";

  EngineCall(std::string m, std::string t, std::string w)
      : method(std::move(m)), target(std::move(t)), what(std::move(w)) {}
  EngineCall(std::string m, std::string t, std::string w, const nlohmann::json &b)
      : method(std::move(m)), target(std::move(t)), what(std::move(w)), body(b.dump()) {}
};

class Engine {
public:
  Engine(asio::any_io_executor executor, const sdk::Host &host, Variables variables);
  ~Engine();

  /// An answer of any status. A failure means that there is no answer.
  asio::awaitable<Result<http::Response>> send(EngineCall call, Deadline deadline);
  /// An answer of 400 and more is an error (engine_error).
  asio::awaitable<Result<http::Response>> require(EngineCall call, Deadline deadline);
  /// The same, parsed.
  asio::awaitable<Result<nlohmann::json>> require_json(EngineCall call, Deadline deadline);
  /// An answer of 400 and more is an error; the body is streamed. The deadline covers the head only.
  asio::awaitable<Result<std::unique_ptr<http::Stream>>> open(EngineCall call, Deadline deadline);
  /// Takes the connection over.
  asio::awaitable<Result<std::unique_ptr<http::Duplex>>> upgrade(EngineCall call, Deadline deadline);

  /// Known after the first answer; empty before.
  const std::string &api_version() const { return engine_api_; }
  /// Resolves it when that was not done yet. Connects to nothing.
  Result<EngineAddress> address();
  asio::any_io_executor executor() const { return executor_; }
  const sdk::Host &host() const { return host_; }
  const Variables &variables() const { return variables_; }

private:
  Result<void> find();
  http::Request request(const EngineCall &call) const;
  /// Whether the engine wants another API version; if so it is taken from now on.
  bool adopt_version(std::string_view message);
  void note_answer(const http::Response &head);
  /// Names the engine in a transport's failure, and what to do about it.
  Error explain(Error error, const EngineCall &call) const;

  asio::any_io_executor executor_;
  const sdk::Host &host_;
  Variables variables_;
  std::optional<EngineAddress> address_;
  std::unique_ptr<http::Client> client_;
  std::string path_version_ = "1.41";
  std::string engine_api_;
  bool settled_ = false; ///< the engine has accepted path_version_
};

} // namespace ksail::docker

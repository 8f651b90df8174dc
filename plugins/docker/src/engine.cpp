// SPDX-License-Identifier: Apache-2.0
#include "engine.hpp"

#include "engine_error.hpp"

#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace ksail::docker {

namespace {

/// Why a unix socket cannot be connected to: errno, or 0 when it can.
int probe_socket(const std::string &path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof name.sun_path) return ENAMETOOLONG;
  std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return errno;
  const int reason = ::connect(fd, reinterpret_cast<const sockaddr *>(&name), sizeof name) == 0 ? 0 : errno;
  ::close(fd);
  return reason == EAGAIN ? 0 : reason;
}

std::string start_hint(const EngineAddress &address) {
  if (address.origin == "default") return "start it (systemctl start docker), or set DOCKER_HOST to where it runs";
  if (address.origin == "DOCKER_HOST") return "start it, or set DOCKER_HOST to where it runs";
  return "start it, choose another context (docker context use), or set DOCKER_HOST to where it runs";
}

} // namespace

Engine::Engine(asio::any_io_executor executor, const sdk::Host &host, Variables variables)
    : executor_(std::move(executor)), host_(host), variables_(std::move(variables)) {}

Engine::~Engine() = default;

Result<EngineAddress> Engine::address() {
  if (auto found = find(); !found) return found.error();
  return *address_;
}

Result<void> Engine::find() {
  if (client_) return Result<void>();
  auto address = resolve_engine_address(variables_);
  if (!address) return address.error();
  address_ = std::move(*address);
  http::PoolOptions options;
  options.max_connections = 64; // as many nodes at once; an engine on a socket has no reason to have less
  options.user_agent = std::string("ksail-docker/") + KSAIL_PLUGIN_VERSION;
  client_ = std::make_unique<http::Client>(executor_, address_->endpoint, options);
  return Result<void>();
}

http::Request Engine::request(const EngineCall &call) const {
  http::Request request(call.method, address_->base_path + "/v" + path_version_ + call.target, call.body);
  if (!call.body.empty()) request.headers.set("Content-Type", call.content_type);
  if (call.source) {
    request.source = call.source;
    request.headers.set("Content-Type", call.content_type);
  }
  if (!call.registry_auth.empty()) request.headers.set("X-Registry-Auth", call.registry_auth);
  return request;
}

bool Engine::adopt_version(std::string_view message) {
  // "client version 1.41 is too old. Minimum supported API version is 1.44, please upgrade your client to a newer …"
  constexpr std::string_view mark = "Minimum supported API version is ";
  const auto at = message.find(mark);
  if (at == std::string_view::npos) return false;
  const auto version = message.substr(at + mark.size());
  const auto end = version.find_first_not_of("0123456789.");
  std::string wanted(version.substr(0, end));
  if (wanted.empty() || wanted == path_version_) return false;
  path_version_ = std::move(wanted);
  return true;
}

void Engine::note_answer(const http::Response &head) {
  if (const auto version = head.headers.get("Api-Version"); !version.empty()) engine_api_ = version;
}

Error Engine::explain(Error error, const EngineCall &call) const {
  if (call.repeatable) error.outcome_unknown = false;
  if (error.code == Code::cancelled || error.code == Code::deadline_exceeded)
    return std::move(error).in("cannot " + call.what);
  if (error.code != Code::unavailable) return std::move(error).in("cannot " + call.what);
  std::string reason = error.message;
  if (address_->local()) {
    const int cause = probe_socket(address_->endpoint.path);
    if (cause == EACCES || cause == EPERM)
      return Error(Code::permission_denied,
                   "cannot connect to the Docker engine at " + address_->shown + ": permission denied on its socket",
                   "join the group that owns the socket (sudo usermod -aG docker $USER, then log in again), or use "
                   "rootless Docker");
    if (cause == 0) { // it runs: only this connection was lost
      error.message =
          "cannot " + call.what + ": lost the connection to the Docker engine at " + address_->shown + ": " + reason;
      error.retryable = true;
      return error;
    }
    reason = std::strerror(cause);
  } else if (settled_ && error.retryable) {
    error.message =
        "cannot " + call.what + ": lost the connection to the Docker engine at " + address_->shown + ": " + reason;
    return error;
  }
  // Not retryable: an engine that is down does not come up within the time a command should take to say so.
  Error down(Code::unavailable, "cannot connect to the Docker engine at " + address_->shown + ": " + reason,
             start_hint(*address_));
  down.outcome_unknown = error.outcome_unknown;
  return down;
}

asio::awaitable<Result<http::Response>> Engine::send(EngineCall call, Deadline deadline) {
  if (auto found = find(); !found) co_return found.error();
  for (int attempt = 0;; ++attempt) {
    const auto began = Clock::now();
    auto answer = co_await client_->send(request(call), deadline);
    if (!answer) co_return explain(answer.error(), call);
    note_answer(*answer);
    if (host_.log_enabled(KSAIL_LOG_DEBUG)) {
      const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began).count();
      host_.log(KSAIL_LOG_DEBUG, call.method + " " + call.target + ": " + std::to_string(answer->status) + " in " +
                                     std::to_string(took) + " ms");
    }
    if (answer->status == 400 && !settled_ && attempt == 0) {
      const std::string message = engine_message(answer->body);
      if (adopt_version(message)) continue;
      if (message.find("is too new") != std::string::npos)
        co_return Error(Code::failed_precondition,
                        "cannot use the Docker engine at " + address_->shown + ": " + message,
                        "Docker Engine 20.10 (API 1.41) or newer is needed");
    }
    settled_ = true;
    co_return std::move(answer);
  }
}

asio::awaitable<Result<http::Response>> Engine::require(EngineCall call, Deadline deadline) {
  const std::string what = call.what;
  auto answer = co_await send(std::move(call), deadline);
  if (answer && answer->status >= 400) co_return engine_error(what, answer->status, answer->body);
  co_return std::move(answer);
}

asio::awaitable<Result<nlohmann::json>> Engine::require_json(EngineCall call, Deadline deadline) {
  const std::string what = call.what;
  auto answer = co_await require(std::move(call), deadline);
  if (!answer) co_return answer.error();
  auto body = nlohmann::json::parse(answer->body, nullptr, false);
  if (body.is_discarded())
    co_return Error(Code::internal, "cannot " + what + ": the Docker engine's answer is no JSON");
  co_return std::move(body);
}

asio::awaitable<Result<std::unique_ptr<http::Stream>>> Engine::open(EngineCall call, Deadline deadline) {
  if (auto found = find(); !found) co_return found.error();
  for (int attempt = 0;; ++attempt) {
    auto stream = co_await client_->open(request(call), deadline);
    if (!stream) co_return explain(stream.error(), call);
    const auto &head = (*stream)->head();
    note_answer(head);
    if (head.status < 400) {
      settled_ = true;
      co_return std::move(stream);
    }
    std::string body;
    while (body.size() < 64 * 1024) {
      auto piece = co_await (*stream)->read_some(deadline.min(Deadline::after(std::chrono::seconds(5))));
      if (!piece || piece->empty()) break;
      body += *piece;
    }
    if (head.status == 400 && !settled_ && attempt == 0 && adopt_version(engine_message(body))) continue;
    co_return engine_error(call.what, head.status, body);
  }
}

asio::awaitable<Result<std::unique_ptr<http::Duplex>>> Engine::upgrade(EngineCall call, Deadline deadline) {
  if (auto found = find(); !found) co_return found.error();
  auto duplex = co_await client_->upgrade(request(call), "tcp", deadline);
  if (!duplex) co_return explain(duplex.error(), call);
  co_return std::move(duplex);
}

} // namespace ksail::docker

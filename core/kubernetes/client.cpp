// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/client.hpp"

#include "kubernetes/api_error.hpp"
#include "kubernetes/apply_effect.hpp"
#include "kubernetes/base64.hpp"
#include "kubernetes/certificate.hpp"
#include "kubernetes/client_impl.hpp"
#include "kubernetes/json_text.hpp"
#include "kubernetes/known_kinds.hpp"
#include "kubernetes/time_text.hpp"

#include <ksail/sdk/http2.hpp>

#include <algorithm>

namespace ksail::kubernetes {

using nlohmann::json;

namespace {

constexpr int most_repetitions = 10; // client-go's limit for answers with Retry-After

bool asks_to_come_back(const http::Response &response) {
  if (response.status == 429) return true;
  return response.status >= 500 && response.headers.has("Retry-After");
}

} // namespace

std::string with_query(std::string path, std::string_view more) {
  if (more.empty()) return path;
  path += path.find('?') == std::string::npos ? '?' : '&';
  path += more;
  return path;
}

std::string apply_query(const ApplyOptions &options) {
  std::string query = "fieldManager=" + http::encode_component(options.field_manager);
  query += options.force ? "&force=true" : "&force=false";
  query += "&fieldValidation=Ignore";
  if (options.dry_run) query += "&dryRun=All";
  return query;
}

std::optional<std::string> only_created(std::string_view object) {
  const auto first = first_in_metadata(object);
  if (!first || object.find("\"resourceVersion\"") != std::string_view::npos) return std::nullopt;
  std::string claiming(object);
  claiming.insert(*first, R"("resourceVersion":"1",)");
  return claiming;
}

Client::Impl::Impl(asio::any_io_executor ex, ClusterAccess a, http::PoolOptions p)
    : executor(std::move(ex)), access(std::move(a)), pool(std::move(p)) {
  pool.multiplexing = &http::http2();
  http = std::make_shared<http::Client>(executor, access.endpoint, pool);
}

http::Request Client::Impl::prepared(const std::string &method, const std::string &path, const std::string &body,
                                     const std::string &content_type) const {
  http::Request request(method, access.base_path + path, body);
  if (!content_type.empty()) request.headers.set("Content-Type", content_type);
  request.headers.set("Accept", "application/json");
  return request;
}

namespace {

/// Credentials go in last: after a renewal the same request is sent with the new ones.
void authorize(http::Request &request, const ClusterAccess &access) {
  if (!access.bearer_token.empty())
    request.headers.set("Authorization", "Bearer " + access.bearer_token);
  else if (!access.basic_user.empty())
    request.headers.set("Authorization", "Basic " + encode_base64(access.basic_user + ":" + access.basic_password));
  if (request.headers.has("Impersonate-User")) return;
  if (!access.impersonate_user.empty()) request.headers.set("Impersonate-User", access.impersonate_user);
  if (!access.impersonate_uid.empty()) request.headers.set("Impersonate-Uid", access.impersonate_uid);
  for (const auto &group : access.impersonate_groups)
    request.headers.add("Impersonate-Group", group);
  for (const auto &[key, values] : access.impersonate_extra)
    for (const auto &value : values)
      request.headers.add("Impersonate-Extra-" + http::encode_component(key), value);
}

} // namespace

Result<void> Client::Impl::usable_credentials() {
  if (credentials_checked) return {};
  if (const auto &pem = access.endpoint.tls.certificate_pem; !pem.empty() && access.bearer_token.empty()) {
    auto usable = check_client_certificate(pem, std::chrono::system_clock::now());
    if (!usable) return usable.error();
  }
  credentials_checked = true;
  return {};
}

Result<void> Client::Impl::renew(unsigned seen) {
  if (seen != access_generation) return {};
  if (!access.refresh) return Error(Code::unauthenticated, "the credentials cannot be renewed");
  auto fresh = access.refresh();
  if (!fresh) return fresh.error();
  const auto refresh = std::move(access.refresh);
  access = std::move(*fresh);
  if (!access.refresh) access.refresh = refresh;
  http = std::make_shared<http::Client>(executor, access.endpoint, pool);
  ++access_generation;
  credentials_checked = false;
  return {};
}

Error Client::Impl::explain(Error error) const {
  if (error.code == Code::unavailable && error.hint.empty())
    error.hint = "is the cluster running, and is " + access.endpoint.describe() +
                 " still its address? `ksail cluster list` shows the clusters here";
  if (error.code == Code::unauthenticated && error.message.starts_with("the certificate of"))
    error.hint =
        "the kubeconfig's certificate authority is not this server's; when the cluster was made anew, fetch the "
        "kubeconfig again: `ksail cluster kubeconfig`";
  return error;
}

void Client::Impl::learn_revision(std::string_view path, std::uint64_t seen) {
  // Only what lives in the API server's own store: an aggregated API counts its versions by itself.
  if (path.starts_with("/api/v1/")) revision = std::max(revision, seen);
}

asio::awaitable<Result<void>> Client::Impl::connect(Self self, Deadline deadline) {
  Result<void> usable = self->usable_credentials();
  if (!usable && !self->access.refresh) co_return usable.error();
  const auto http = self->http; // stays alive when a renewal replaces it
  Result<void> connected = co_await http->connect(deadline);
  if (!connected) co_return self->explain(connected.error());
  co_return Result<void>();
}

asio::awaitable<Result<http::Response>> Client::Impl::exchange(Self self, http::Request request, Deadline deadline) {
  for (bool renewed = false;; renewed = true) {
    Result<void> usable = self->usable_credentials();
    if (!usable) {
      if (renewed || !self->access.refresh) co_return usable.error();
      Result<void> fresh = self->renew(self->access_generation);
      if (!fresh) co_return fresh.error();
      continue;
    }
    const unsigned generation = self->access_generation;
    http::Request attempt = request;
    authorize(attempt, self->access);
    const auto http = self->http; // stays alive when a renewal replaces it
    auto response = co_await http->send(std::move(attempt), deadline);
    if (!response) co_return self->explain(response.error());
    if (response->status != 401 || renewed || !self->access.refresh) co_return std::move(response);
    Result<void> fresh = self->renew(generation);
    if (!fresh) co_return fresh.error();
  }
}

asio::awaitable<Result<std::unique_ptr<http::Stream>>> Client::Impl::open(Self self, http::Request request,
                                                                          Deadline deadline) {
  for (bool renewed = false;; renewed = true) {
    const unsigned generation = self->access_generation;
    http::Request attempt = request;
    authorize(attempt, self->access);
    const auto http = self->http;
    auto stream = co_await http->open(std::move(attempt), deadline);
    if (!stream) co_return self->explain(stream.error());
    if ((*stream)->head().status != 401 || renewed || !self->access.refresh) co_return std::move(stream);
    (*stream)->close();
    Result<void> fresh = self->renew(generation);
    if (!fresh) co_return fresh.error();
  }
}

asio::awaitable<Result<http::Response>> Client::Impl::request(Self self, std::string method, std::string path,
                                                              std::string body, std::string content_type,
                                                              Deadline deadline) {
  for (int repetition = 0;; ++repetition) {
    http::Request prepared = self->prepared(method, path, body, content_type);
    auto response = co_await exchange(self, std::move(prepared), deadline);
    if (!response) co_return response.error();
    if (response->status < 400) co_return std::move(response);
    Error error = api_error(describe_request(method, path, content_type), *response);
    if (!asks_to_come_back(*response) || repetition == most_repetitions) co_return error;
    // Refused before it was carried out: repeating is safe for every method.
    const auto wait = std::max(retry_after(response->headers), std::chrono::milliseconds(200));
    if (!deadline.is_never() && Clock::now() + wait >= deadline.at()) co_return error;
    const bool slept = co_await sleep_for(wait);
    if (!slept) co_return Error(Code::cancelled, "cancelled while " + error.message);
  }
}

asio::awaitable<Result<json>> Client::Impl::json_request(Self self, std::string method, std::string path,
                                                         std::string body, std::string content_type,
                                                         Deadline deadline) {
  const std::string attempt = describe_request(method, path, content_type);
  const std::string asked = path;
  auto response =
      co_await request(self, std::move(method), std::move(path), std::move(body), std::move(content_type), deadline);
  if (!response) co_return response.error();
  json parsed = json::parse(response->body, nullptr, false);
  if (parsed.is_discarded()) co_return Error(Code::internal, attempt + ": the answer is not JSON");
  self->learn_revision(asked, revision_of(parsed));
  co_return std::move(parsed);
}

asio::awaitable<Result<void>> Client::Impl::remove(Self self, std::string path, Deadline deadline) {
  auto response = co_await request(self, "DELETE", std::move(path), std::string(), std::string(), deadline);
  if (!response) co_return response.error();
  co_return Result<void>();
}

asio::awaitable<Result<ApplyReply>> Client::Impl::apply(Self self, std::string path, std::string text,
                                                        ApplyOptions options, Deadline deadline) {
  static const std::string content_type = "application/apply-patch+yaml";
  if (!self->revision && !self->revision_refused && !options.only_create) {
    auto list =
        co_await json_request(self, "GET", "/api/v1/namespaces?limit=1", std::string(), std::string(), deadline);
    if (!list && list.error().code != Code::permission_denied) co_return list.error();
    self->revision_refused = !list;
  }
  if (options.only_create) {
    auto claiming = only_created(text);
    if (!claiming) co_return Error(Code::aborted, path + ": cannot be told to be created only");
    text = std::move(*claiming);
  }
  const std::string target = with_query(path, apply_query(options));
  http::Request prepared = self->prepared("PATCH", target, yaml_safe(text), content_type);

  ApplyAnswer answer;
  answer.revision_before = self->revision;
  const auto sent = Clock::now();
  auto response = co_await exchange(self, std::move(prepared), deadline);
  if (!response) co_return response.error();
  const std::string attempt = describe_request("PATCH", path, content_type);
  if (response->status >= 400) co_return api_error(attempt, *response);
  ApplyReply reply;
  // A creation tells all there is to tell by its status.
  if (response->status == 201 && response->body.starts_with('{')) {
    if (!options.dry_run) self->learn_revision(path, revision_in(response->body));
    reply.object = LateJson(std::move(response->body));
    co_return std::move(reply);
  }
  reply.object = json::parse(response->body, nullptr, false);
  if (!(*reply.object).is_object()) co_return Error(Code::internal, attempt + ": the answer is not an object");
  answer.status = response->status;
  if (const auto date = parse_http_date(response->headers.get("Date")))
    // Two seconds of slack: both clocks are cut to whole seconds, and the answer may have been on its way.
    answer.not_before_unix = *date - std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - sent).count() - 2;
  reply.effect = apply_effect(answer, *reply.object, options.field_manager);
  if (!options.dry_run) self->learn_revision(path, revision_of(*reply.object));
  co_return std::move(reply);
}

asio::awaitable<Result<void>> Client::Impl::wait_until_answering(Self self, std::string path, Deadline deadline) {
  std::string last = "nothing was asked";
  for (auto pause = std::chrono::milliseconds(50);; pause = std::min(pause * 5 / 4, std::chrono::milliseconds(250))) {
    http::Request request = self->prepared("GET", path, std::string(), std::string());
    // A connection that is accepted and then leads nowhere (a port whose server is only starting) must not hold us up.
    auto response = co_await exchange(self, std::move(request), deadline.min(Deadline::after(std::chrono::seconds(3))));
    if (response && response->status == 200) co_return Result<void>();
    if (response) {
      last = api_error(describe_request("GET", path), *response).message;
    } else {
      if (response.error().code == Code::cancelled || response.error().code == Code::unauthenticated)
        co_return response.error();
      last = response.error().message;
    }
    const bool late = !deadline.is_never() && Clock::now() + pause >= deadline.at();
    const bool slept = !late && co_await sleep_for(pause);
    if (late)
      co_return Error(Code::deadline_exceeded,
                      "the API server " + self->access.endpoint.describe() + " did not answer in time; last: " + last,
                      "see the logs of its node: `ksail cluster logs`");
    if (!slept) co_return Error(Code::cancelled, "cancelled while waiting for the API server");
  }
}

// ---- the public face: every call keeps the state alive by itself

Client::Client(asio::any_io_executor ex, ClusterAccess access, http::PoolOptions pool)
    : impl_(std::make_shared<Impl>(std::move(ex), std::move(access), std::move(pool))) {}
Client::~Client() = default;
Client::Client(Client &&) noexcept = default;

asio::awaitable<Result<void>> Client::connect(Deadline deadline) { return Impl::connect(impl_, deadline); }

asio::awaitable<Result<json>> Client::get(std::string path, Deadline deadline) {
  return Impl::json_request(impl_, "GET", std::move(path), std::string(), std::string(), deadline);
}

asio::awaitable<Result<http::Response>> Client::request(std::string method, std::string path, std::string body,
                                                        std::string content_type, Deadline deadline) {
  return Impl::request(impl_, std::move(method), std::move(path), std::move(body), std::move(content_type), deadline);
}

asio::awaitable<Result<json>> Client::create(std::string path, json object, Deadline deadline) {
  return Impl::json_request(impl_, "POST", std::move(path), object.dump(-1, ' ', false, json::error_handler_t::replace),
                            "application/json", deadline);
}

asio::awaitable<Result<ApplyReply>> Client::apply(std::string path, std::string json, ApplyOptions options,
                                                  Deadline deadline) {
  return Impl::apply(impl_, std::move(path), std::move(json), std::move(options), deadline);
}

asio::awaitable<Result<json>> Client::patch(std::string path, std::string content_type, json body, Deadline deadline) {
  return Impl::json_request(impl_, "PATCH", std::move(path), body.dump(-1, ' ', false, json::error_handler_t::replace),
                            std::move(content_type), deadline);
}

asio::awaitable<Result<void>> Client::remove(std::string path, Deadline deadline) {
  return Impl::remove(impl_, std::move(path), deadline);
}

asio::awaitable<Result<void>> Client::watch(std::string path, std::string query, Impl::OnState on_state,
                                            Deadline deadline) {
  return Impl::watch(impl_, std::move(path), std::move(query), std::move(on_state), deadline);
}

asio::awaitable<Result<void>> Client::wait_until_answering(std::string path, Deadline deadline) {
  return Impl::wait_until_answering(impl_, std::move(path), deadline);
}

asio::awaitable<Result<ResourceInfo>> Client::resource(std::string api_version, std::string kind, Deadline deadline) {
  return Impl::resource(impl_, std::move(api_version), std::move(kind), deadline);
}

void Client::forget_discovery() { impl_->discovered.clear(); }
const ClusterAccess &Client::access() const { return impl_->access; }
http::Counters Client::counters() const { return impl_->http->counters(); }

} // namespace ksail::kubernetes

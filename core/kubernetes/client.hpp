// SPDX-License-Identifier: Apache-2.0
// Client of one Kubernetes API server: requests over one HTTP/2 connection (HTTP/1.1 where the server wants that),
// watches over their own; discovery, server-side apply.
//
// Threads: lives on the executor it was made with. Errors: an HTTP status of 400 and more becomes an Error whose code
// is mapped from the Status object (404 not_found, 409 already_exists/aborted by reason, 401 unauthenticated, 403
// permission_denied, 422 invalid_argument, 429 and 503 retryable with Retry-After, ...) and whose message names verb,
// object and the server's message.
#pragma once

#include "kubernetes/late_json.hpp"

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/http.hpp>
#include <ksail/sdk/result.hpp>

#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ksail::kubernetes {

/// How to reach and authenticate to a cluster. All texts, no paths.
struct ClusterAccess {
  http::Endpoint endpoint;
  std::string base_path;    ///< path prefix of the server URL, "" or "/k8s/clusters/x"
  std::string bearer_token; ///< or empty
  std::string basic_user, basic_password;
  std::string impersonate_user, impersonate_uid;
  std::vector<std::string> impersonate_groups;
  std::map<std::string, std::vector<std::string>> impersonate_extra;
  /// Called when the server answers 401: fresh access (exec plugin, token file), or an error.
  std::function<Result<ClusterAccess>()> refresh;
  std::string default_namespace = "default"; ///< of the context
};

/// group, version, kind -> where it lives in the API.
struct ResourceInfo {
  std::string group, version, kind, plural;
  bool namespaced = false;
};

struct ApplyOptions {
  std::string field_manager = "ksail";
  bool force = true;
  bool dry_run = false;
  /// Creates or does nothing: Code::aborted when the object is there already, or states a resource version itself. Then
  /// none need be known of the server.
  bool only_create = false;
};

/// The query of a server-side apply. Without the server's field validation: of an apply it checks one thing only, that
/// no key stands twice, by reading the body a second time with its YAML parser; fields that the schema does not have
/// are refused by the apply itself. (apiserver, endpoints/handlers/patch.go, applyPatcher.) What is sent here has been
/// read and written anew, and a manifest with a key that stands twice has been refused.
std::string apply_query(const ApplyOptions &options);

/// `object` (JSON) so that applying it creates it, or is refused as a conflict: it claims to have been read at a
/// version that no object has. The server's store has that version itself before anything is written (etcd; kine's
/// first row), a creation does not look at it, and it is not stored. (apiserver, registry/generic/registry/store.go,
/// Update.) Nothing when it has no metadata, or may state a version of its own.
std::optional<std::string> only_created(std::string_view object);

enum class ApplyEffect { created, configured, unchanged };
struct ApplyReply {
  ApplyEffect effect = ApplyEffect::created;
  LateJson object; ///< as the server has it now
};

class Client {
public:
  Client(asio::any_io_executor ex, ClusterAccess access, http::PoolOptions pool);
  ~Client();
  Client(Client &&) noexcept;

  /// Opens the connection that the first request will find, or wait for; not with an expired client certificate.
  asio::awaitable<Result<void>> connect(Deadline deadline);
  /// All of these: an answer 429, or 5xx with Retry-After, is waited out and asked again within the deadline (at most
  /// 10 times), except in apply(), whose caller paces itself. 401 renews the credentials once where they can be
  /// renewed. A client certificate that has expired fails before anything is sent. The work goes on when the Client is
  /// destroyed meanwhile.
  asio::awaitable<Result<nlohmann::json>> get(std::string path, Deadline deadline);
  /// Any request; a JSON or YAML body with its content type. The answer's text.
  asio::awaitable<Result<http::Response>> request(std::string method, std::string path, std::string body,
                                                  std::string content_type, Deadline deadline);
  asio::awaitable<Result<nlohmann::json>> create(std::string path, nlohmann::json object, Deadline deadline);
  /// Server-side apply of `json` (one object) to `path` of that object. Whether it changed anything is found out
  /// without reading the object first (apply_effect.hpp); when the server's current resource version is not known yet,
  /// one small list is asked for. Not repeated by itself, but idempotent: a caller may repeat it even when its outcome
  /// is unknown.
  asio::awaitable<Result<ApplyReply>> apply(std::string path, std::string json, ApplyOptions options,
                                            Deadline deadline);
  asio::awaitable<Result<nlohmann::json>> patch(std::string path, std::string content_type, nlohmann::json body,
                                                Deadline deadline);
  asio::awaitable<Result<void>> remove(std::string path, Deadline deadline);
  /// Lists once and then watches `path` (a collection, with selectors in `query`), calling `on_state` with every change
  /// of an object ("ADDED", "MODIFIED", "DELETED") and once with "SYNCED" and an empty object after the first list;
  /// until it returns true (done) or the deadline passes (deadline_exceeded). Uses bookmarks, lists again on 410
  /// (objects gone meanwhile come as "DELETED" with their metadata only), reconnects with backoff. Fails when the first
  /// list does: after 10 s when the server does not answer, at once for what no repetition cures.
  asio::awaitable<Result<void>> watch(std::string path, std::string query,
                                      std::function<bool(std::string_view type, const nlohmann::json &object)> on_state,
                                      Deadline deadline);
  /// Waits until GET `path` ("/readyz") answers 200, asking again after 50 ms, growing to 250 ms: one cheap request on
  /// a local machine, while everything else waits for it. No answer, a reset, 401, 403 and 5xx count as not yet; an
  /// untrusted server certificate or an expired client certificate fails at once. A deadline_exceeded tells the last
  /// answer.
  asio::awaitable<Result<void>> wait_until_answering(std::string path, Deadline deadline);

  /// REST mapping of a kind; built-in kinds are known without asking, for others one GET per group version is made and
  /// remembered. not_found when the server does not have it (which is not remembered).
  asio::awaitable<Result<ResourceInfo>> resource(std::string api_version, std::string kind, Deadline deadline);
  /// Path of one object, e.g. /apis/apps/v1/namespaces/shop/deployments/web.
  static std::string object_path(const ResourceInfo &info, std::string_view ns, std::string_view name);
  static std::string collection_path(const ResourceInfo &info, std::string_view ns);
  void forget_discovery(); ///< after CRDs changed

  const ClusterAccess &access() const;
  http::Counters counters() const; ///< of the connections since the credentials were last renewed

private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

} // namespace ksail::kubernetes

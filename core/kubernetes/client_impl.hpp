// SPDX-License-Identifier: Apache-2.0
// Inside of Client: state shared by its coroutines, which keep it alive themselves.
#pragma once

#include "kubernetes/client.hpp"

#include <optional>

namespace ksail::kubernetes {

class WatchState;
class WatchPause;
enum class WatchEnd { done, list_again, resume };

struct Client::Impl : std::enable_shared_from_this<Client::Impl> {
  using Self = std::shared_ptr<Impl>;
  using OnState = std::function<bool(std::string_view type, const nlohmann::json &object)>;

  Impl(asio::any_io_executor ex, ClusterAccess a, http::PoolOptions p);

  /// One group version's kinds; whoever asks first fetches, the others wait.
  struct Discovery {
    explicit Discovery(asio::any_io_executor ex) : done(std::move(ex)) {}
    Event done;
    std::optional<Result<std::vector<ResourceInfo>>> kinds;
  };

  http::Request prepared(const std::string &method, const std::string &path, const std::string &body,
                         const std::string &content_type) const;
  Result<void> usable_credentials();
  /// Renews the access if it can be and nobody has done so since `seen`.
  Result<void> renew(unsigned seen);
  Error explain(Error error) const; ///< a transport failure, with what to do about it
  void learn_revision(std::string_view path, std::uint64_t seen);

  static asio::awaitable<Result<void>> connect(Self self, Deadline deadline);
  static asio::awaitable<Result<http::Response>> exchange(Self self, http::Request request, Deadline deadline);
  static asio::awaitable<Result<std::unique_ptr<http::Stream>>> open(Self self, http::Request request,
                                                                     Deadline deadline);
  static asio::awaitable<Result<http::Response>> request(Self self, std::string method, std::string path,
                                                         std::string body, std::string content_type, Deadline deadline);
  static asio::awaitable<Result<nlohmann::json>> json_request(Self self, std::string method, std::string path,
                                                              std::string body, std::string content_type,
                                                              Deadline deadline);
  static asio::awaitable<Result<void>> remove(Self self, std::string path, Deadline deadline);
  static asio::awaitable<Result<ApplyReply>> apply(Self self, std::string path, std::string json, ApplyOptions options,
                                                   Deadline deadline);
  static asio::awaitable<Result<void>> watch(Self self, std::string path, std::string query, OnState on_state,
                                             Deadline deadline);
  struct Listing;
  static asio::awaitable<Result<Listing>> list(Self self, std::string path, std::string query, Deadline deadline);
  /// One watch connection, until it ends.
  static asio::awaitable<Result<WatchEnd>> follow(Self self, std::string target, std::string attempt, WatchState &state,
                                                  WatchPause &pause, Deadline deadline);
  static asio::awaitable<Result<void>> wait_until_answering(Self self, std::string path, Deadline deadline);
  static asio::awaitable<Result<ResourceInfo>> resource(Self self, std::string api_version, std::string kind,
                                                        Deadline deadline);
  static asio::awaitable<Result<std::vector<ResourceInfo>>> kinds_of(Self self, std::string api_version,
                                                                     Deadline deadline);

  asio::any_io_executor executor;
  ClusterAccess access;
  http::PoolOptions pool;
  std::shared_ptr<http::Client> http;
  unsigned access_generation = 0;
  bool credentials_checked = false;
  std::map<std::string, std::shared_ptr<Discovery>> discovered; ///< by group version
  std::uint64_t revision = 0;                                   ///< newest resource version seen
  bool revision_refused = false;                                ///< may not list namespaces
};

/// `path`?a or `path`&a.
std::string with_query(std::string path, std::string_view more);

} // namespace ksail::kubernetes

// SPDX-License-Identifier: Apache-2.0
// The Talos API of one machine, or of others through it (apid, TCP 50000).
//
// With a client certificate the server is verified by the cluster's authority. Without one it is a machine in
// maintenance mode, whose certificate nobody has signed: then the fingerprint of its key may be demanded.
//
// One connection is opened at the first call, kept, and opened anew when it broke; calls run over it side by side.
// Threads: on its executor only, which has to be serial. Errors: those of gRPC (Code has their numbers), with the
// call's name; nothing is repeated here.
#pragma once

#include "distributions/talos_api/grpc_channel.hpp"
#include "distributions/talos_api/messages.hpp"

#include <ksail/sdk/http.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ksail::talos_api {

struct ClientOptions {
  std::string host;
  std::uint16_t port = 50000;
  std::string ca_pem, certificate_pem, key_pem; ///< all empty: maintenance mode. The key with OpenSSL's label
  std::string fingerprint; ///< maintenance mode: base64 of the SHA-256 of the server's public key; empty: any
  std::string node; ///< address of the machine that is meant, when it is another than the one asked; empty: that one
};

/// Pieces of a log, a file, ...
class DataStream {
public:
  explicit DataStream(std::unique_ptr<GrpcStream> stream, std::string method)
      : stream_(std::move(stream)), method_(std::move(method)) {}
  /// Nothing at the end.
  asio::awaitable<Result<std::optional<std::string>>> next(Deadline deadline);

private:
  std::unique_ptr<GrpcStream> stream_;
  std::string method_;
};

class EventStream {
public:
  explicit EventStream(std::unique_ptr<GrpcStream> stream) : stream_(std::move(stream)) {}
  asio::awaitable<Result<std::optional<TalosEvent>>> next(Deadline deadline);

private:
  std::unique_ptr<GrpcStream> stream_;
};

class Client {
public:
  Client(asio::any_io_executor executor, ClientOptions options);
  ~Client();
  Client(Client &&) noexcept;
  Client &operator=(Client &&) noexcept;

  asio::awaitable<Result<VersionInfo>> version(Deadline deadline);
  asio::awaitable<Result<ApplyAnswer>> apply_configuration(ApplyConfiguration request, Deadline deadline);
  /// Makes the first control plane's etcd. Failed_precondition: not yet; already_exists: it has been done.
  asio::awaitable<Result<void>> bootstrap(Deadline deadline);
  /// An administrator's kubeconfig that the machine makes. Valid as soon as it has a configuration: no sign of
  /// readiness.
  asio::awaitable<Result<std::string>> kubeconfig(Deadline deadline);
  asio::awaitable<Result<std::vector<ServiceInfo>>> services(Deadline deadline);
  asio::awaitable<Result<std::vector<EtcdMember>>> etcd_members(Deadline deadline);
  asio::awaitable<Result<void>> image_pull(ImageNamespace where, std::string image, Deadline deadline);
  asio::awaitable<Result<void>> reset(ResetRequest request, Deadline deadline);
  asio::awaitable<Result<std::unique_ptr<DataStream>>> logs(LogsRequest request, Deadline deadline);
  asio::awaitable<Result<std::unique_ptr<EventStream>>> events(EventsRequest request, Deadline deadline);

private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

} // namespace ksail::talos_api

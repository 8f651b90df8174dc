// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos_api/client.hpp"

#include "distributions/talos_api/grpc_status.hpp"
#include "distributions/talos_api/kubeconfig_archive.hpp"

namespace ksail::talos_api {

namespace {

constexpr const char *version_method = "/machine.MachineService/Version";
constexpr const char *apply_method = "/machine.MachineService/ApplyConfiguration";
constexpr const char *bootstrap_method = "/machine.MachineService/Bootstrap";
constexpr const char *kubeconfig_method = "/machine.MachineService/Kubeconfig";
constexpr const char *services_method = "/machine.MachineService/ServiceList";
constexpr const char *etcd_members_method = "/machine.MachineService/EtcdMemberList";
constexpr const char *image_pull_method = "/machine.MachineService/ImagePull";
constexpr const char *reset_method = "/machine.MachineService/Reset";
constexpr const char *logs_method = "/machine.MachineService/Logs";
constexpr const char *events_method = "/machine.MachineService/Events";

constexpr std::size_t kubeconfig_bytes = 4u << 20;

} // namespace

struct Client::Impl {
  Impl(asio::any_io_executor ex, ClientOptions o) : executor(std::move(ex)), options(std::move(o)) {
    http::TlsOptions tls;
    tls.ca_pem = options.ca_pem;
    tls.certificate_pem = options.certificate_pem;
    tls.key_pem = options.key_pem;
    tls.verify = !options.ca_pem.empty();
    endpoint = http::Endpoint::tls_tcp(options.host, options.port, std::move(tls));
  }

  asio::any_io_executor executor;
  ClientOptions options;
  http::Endpoint endpoint;
  std::shared_ptr<GrpcChannel> channel;
  std::shared_ptr<Event> connecting; ///< set while somebody connects; the others wait for it

  asio::awaitable<Result<std::shared_ptr<GrpcChannel>>> connected(Deadline deadline) {
    while (connecting) {
      const std::shared_ptr<Event> event = connecting;
      const bool there = co_await event->wait();
      if (!there) co_return Error(Code::cancelled, "connecting to " + endpoint.describe() + " was cancelled");
    }
    if (channel && channel->usable()) co_return channel;
    struct Turn {
      Impl &impl;
      explicit Turn(Impl &i) : impl(i) { impl.connecting = std::make_shared<Event>(impl.executor); }
      ~Turn() { std::exchange(impl.connecting, nullptr)->set(); }
    } turn(*this);
    channel.reset();
    StreamOptions stream_options;
    stream_options.application_protocol = "h2";
    if (options.ca_pem.empty()) stream_options.public_key_fingerprint = options.fingerprint;
    auto stream = co_await open_byte_stream(endpoint, std::move(stream_options), deadline);
    if (!stream) co_return stream.error();
    GrpcLimits limits;
    channel = std::make_shared<GrpcChannel>(executor, std::move(*stream), limits);
    co_return channel;
  }

  GrpcRequest request(const char *method, std::string message) const {
    GrpcRequest made;
    made.method = method;
    made.authority = options.host + ":" + std::to_string(options.port);
    made.message = std::move(message);
    if (!options.node.empty()) made.metadata.emplace_back("node", options.node);
    return made;
  }

  static asio::awaitable<Result<std::string>> call(std::shared_ptr<Impl> self, const char *method, std::string message,
                                                   Deadline deadline) {
    std::string what = status_error(method, 4, "no answer in time").message;
    return with_deadline(call_now(self, method, std::move(message), deadline), deadline, std::move(what));
  }
  static asio::awaitable<Result<std::string>> call_now(std::shared_ptr<Impl> self, const char *method,
                                                       std::string message, Deadline deadline) {
    auto channel = co_await self->connected(deadline);
    if (!channel) co_return channel.error();
    co_return co_await (*channel)->unary(self->request(method, std::move(message)), deadline);
  }
  static asio::awaitable<Result<std::unique_ptr<GrpcStream>>> open(std::shared_ptr<Impl> self, const char *method,
                                                                   std::string message, Deadline deadline) {
    auto channel = co_await self->connected(deadline);
    if (!channel) co_return channel.error();
    co_return (*channel)->open(self->request(method, std::move(message)));
  }
};

asio::awaitable<Result<std::optional<std::string>>> DataStream::next(Deadline deadline) {
  auto message = co_await stream_->next(deadline);
  if (!message) co_return message.error();
  if (!*message) co_return std::optional<std::string>();
  auto data = decode_data(method_, **message);
  if (!data) co_return data.error();
  co_return std::optional<std::string>(std::move(*data));
}

asio::awaitable<Result<std::optional<TalosEvent>>> EventStream::next(Deadline deadline) {
  auto message = co_await stream_->next(deadline);
  if (!message) co_return message.error();
  if (!*message) co_return std::optional<TalosEvent>();
  auto event = decode_event(events_method, **message);
  if (!event) co_return event.error();
  co_return std::optional<TalosEvent>(std::move(*event));
}

Client::Client(asio::any_io_executor executor, ClientOptions options)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(options))) {}
Client::~Client() = default;
Client::Client(Client &&) noexcept = default;
Client &Client::operator=(Client &&) noexcept = default;

asio::awaitable<Result<VersionInfo>> Client::version(Deadline deadline) {
  auto answer = co_await Impl::call(impl_, version_method, std::string(), deadline);
  if (!answer) co_return answer.error();
  co_return decode_version(version_method, *answer);
}

asio::awaitable<Result<ApplyAnswer>> Client::apply_configuration(ApplyConfiguration request, Deadline deadline) {
  auto answer = co_await Impl::call(impl_, apply_method, encode(request), deadline);
  if (!answer) co_return answer.error();
  co_return decode_apply(apply_method, *answer);
}

asio::awaitable<Result<void>> Client::bootstrap(Deadline deadline) {
  auto answer = co_await Impl::call(impl_, bootstrap_method, std::string(), deadline);
  if (!answer) co_return answer.error();
  co_return decode_done(bootstrap_method, *answer);
}

asio::awaitable<Result<std::string>> Client::kubeconfig(Deadline deadline) {
  auto stream = co_await Impl::open(impl_, kubeconfig_method, std::string(), deadline);
  if (!stream) co_return stream.error();
  DataStream data(std::move(*stream), kubeconfig_method);
  std::string archive;
  for (;;) {
    auto piece = co_await data.next(deadline);
    if (!piece) co_return piece.error();
    if (!*piece) break;
    archive += **piece;
    if (archive.size() > kubeconfig_bytes)
      co_return Error(Code::internal, "the kubeconfig that Talos sent is too large");
  }
  co_return kubeconfig_in(archive);
}

asio::awaitable<Result<std::vector<ServiceInfo>>> Client::services(Deadline deadline) {
  auto answer = co_await Impl::call(impl_, services_method, std::string(), deadline);
  if (!answer) co_return answer.error();
  co_return decode_services(services_method, *answer);
}

asio::awaitable<Result<std::vector<EtcdMember>>> Client::etcd_members(Deadline deadline) {
  auto answer = co_await Impl::call(impl_, etcd_members_method, std::string(), deadline);
  if (!answer) co_return answer.error();
  co_return decode_etcd_members(etcd_members_method, *answer);
}

asio::awaitable<Result<void>> Client::image_pull(ImageNamespace where, std::string image, Deadline deadline) {
  auto answer = co_await Impl::call(impl_, image_pull_method, encode_image_pull(where, image), deadline);
  if (!answer) co_return Error(answer.error()).in(image);
  co_return decode_done(image_pull_method, *answer);
}

asio::awaitable<Result<void>> Client::reset(ResetRequest request, Deadline deadline) {
  auto answer = co_await Impl::call(impl_, reset_method, encode(request), deadline);
  if (!answer) co_return answer.error();
  co_return decode_done(reset_method, *answer);
}

asio::awaitable<Result<std::unique_ptr<DataStream>>> Client::logs(LogsRequest request, Deadline deadline) {
  auto stream = co_await Impl::open(impl_, logs_method, encode(request), deadline);
  if (!stream) co_return stream.error();
  co_return std::make_unique<DataStream>(std::move(*stream), logs_method);
}

asio::awaitable<Result<std::unique_ptr<EventStream>>> Client::events(EventsRequest request, Deadline deadline) {
  auto stream = co_await Impl::open(impl_, events_method, encode(request), deadline);
  if (!stream) co_return stream.error();
  co_return std::make_unique<EventStream>(std::move(*stream));
}

} // namespace ksail::talos_api

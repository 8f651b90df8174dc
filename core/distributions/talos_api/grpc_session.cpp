// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos_api/grpc_session.hpp"

#include "distributions/talos_api/grpc_status.hpp"

#include <ksail/sdk/nghttp2_session.hpp>

#include <algorithm>
#include <charconv>
#include <deque>
#include <map>
#include <new>

namespace ksail::talos_api {

namespace {

constexpr std::size_t prefix_bytes = 5; ///< a flag and the length
constexpr std::size_t header_bytes = 64u << 10;
constexpr std::int32_t window_bytes = 1 << 20;

struct Call {
  std::string method;
  std::string request; ///< with its prefix
  std::size_t sent = 0;
  // The answer's head and trailers.
  int http_status = 0;
  bool is_grpc = false;
  std::optional<std::uint32_t> status;
  std::string status_message;
  std::size_t headers = 0;
  // The answer's body.
  std::string partial;
  std::size_t queued = 0;       ///< bytes of messages that nobody took yet
  std::size_t withheld = 0;     ///< bytes that the server was not told to have been taken
  std::optional<Error> failure; ///< found by us; wins over what the server says
};

std::string framed(std::string_view message) {
  std::string out(prefix_bytes, '\0');
  const auto size = static_cast<std::uint32_t>(message.size());
  for (int i = 0; i < 4; ++i)
    out[static_cast<std::size_t>(4 - i)] = static_cast<char>(size >> (8 * i) & 0xff);
  out += message;
  return out;
}

std::size_t length_in(std::string_view prefix) {
  std::size_t size = 0;
  for (std::size_t i = 1; i < prefix_bytes; ++i)
    size = size << 8 | static_cast<unsigned char>(prefix[i]);
  return size;
}

} // namespace

struct GrpcSession::Impl {
  explicit Impl(GrpcLimits l) : limits(l) {}

  GrpcLimits limits;
  std::map<std::int32_t, Call> calls;
  std::deque<GrpcEvent> events;
  bool broken = false;
  http2::Nghttp2Session session;

  static Impl &of(void *user) { return *static_cast<Impl *>(user); }
  Call *find(std::int32_t id) {
    const auto found = calls.find(id);
    return found == calls.end() ? nullptr : &found->second;
  }

  void finish(std::int32_t id, std::optional<Error> failure) {
    if (calls.erase(id) == 0) return;
    GrpcEvent event;
    event.kind = GrpcEvent::Kind::finished;
    event.call = id;
    event.failure = std::move(failure);
    events.push_back(std::move(event));
  }

  /// Ends the call for a fault of the answer: the first one counts.
  void refuse(std::int32_t id, Call &call, Error error) {
    if (!call.failure) call.failure = std::move(error);
    session.reset(id);
  }

  Error fault(const Call &call, const std::string &what) const {
    Error error(Code::internal, status_error(call.method, 13, what).message);
    error.outcome_unknown = true;
    return error;
  }

  void data(std::int32_t id, std::string_view bytes) {
    Call *call = find(id);
    if (!call || call->failure) {
      ::nghttp2_session_consume(session.handle, id, bytes.size());
      return;
    }
    ::nghttp2_session_consume_connection(session.handle, bytes.size());
    call->withheld += bytes.size();
    if (call->http_status == 200 && call->is_grpc) {
      call->partial += bytes;
      messages(id, *call);
    }
    if (call->queued <= limits.queued_bytes) give_back(id, *call);
  }

  void give_back(std::int32_t id, Call &call) {
    if (call.withheld > 0) ::nghttp2_session_consume_stream(session.handle, id, call.withheld);
    call.withheld = 0;
  }

  void messages(std::int32_t id, Call &call) {
    std::size_t at = 0;
    while (call.partial.size() - at >= prefix_bytes) {
      const std::string_view rest = std::string_view(call.partial).substr(at);
      if (rest.front() != 0) {
        refuse(id, call, fault(call, "the answer is compressed, which nobody asked for"));
        break;
      }
      const std::size_t size = length_in(rest);
      if (size > limits.message_bytes) {
        refuse(id, call,
               Error(Code::resource_exhausted,
                     status_error(call.method, 8,
                                  "a message of " + std::to_string(size) + " bytes is more than the " +
                                      std::to_string(limits.message_bytes) + " that are accepted")
                         .message));
        break;
      }
      if (rest.size() - prefix_bytes < size) break;
      GrpcEvent event;
      event.call = id;
      event.message = std::string(rest.substr(prefix_bytes, size));
      call.queued += size;
      events.push_back(std::move(event));
      at += prefix_bytes + size;
    }
    call.partial.erase(0, at);
  }

  void header(std::int32_t id, std::string_view name, std::string_view value) {
    Call *call = find(id);
    if (!call) return;
    call->headers += name.size() + value.size() + 32;
    if (call->headers > header_bytes) {
      refuse(id, *call, fault(*call, "its headers are too large"));
      return;
    }
    if (name == ":status") {
      std::from_chars(value.data(), value.data() + value.size(), call->http_status);
    } else if (name == "content-type") {
      call->is_grpc = ascii_lower(value).starts_with("application/grpc");
    } else if (name == "grpc-status") {
      std::uint32_t status = 0;
      const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), status);
      call->status = failure == std::errc() && end == value.data() + value.size() ? status : 2;
    } else if (name == "grpc-message") {
      call->status_message = decode_message(value);
    }
  }

  void closed(std::int32_t id, std::uint32_t http2_code) {
    Call *call = find(id);
    if (!call) return;
    finish(id, verdict(*call, http2_code));
  }

  std::optional<Error> verdict(const Call &call, std::uint32_t http2_code) const {
    if (call.failure) return call.failure;
    // A server may reset a stream with NO_ERROR after its complete answer (RFC 9113 section 8.1).
    if (call.status) {
      if (*call.status != 0) return status_error(call.method, *call.status, call.status_message);
      if (!call.partial.empty()) return fault(call, "the last message of the answer is cut short");
      return std::nullopt;
    }
    if (http2_code != NGHTTP2_NO_ERROR) return reset_error(call.method, http2_code);
    if (call.http_status != 0 && call.http_status != 200) return http_status_error(call.method, call.http_status);
    if (call.http_status == 200 && !call.is_grpc) return http_status_error(call.method, 200);
    return fault(call, "the answer ended without a status");
  }

  void break_off(const std::optional<Error> &reason) {
    broken = true;
    while (!calls.empty()) {
      const auto &[id, call] = *calls.begin();
      Error error = reason.value_or(Error(Code::unavailable, "the server closed the connection"));
      error.message = status_error(call.method, 14, error.message).message;
      // Nothing of the request went out: it may simply be repeated. Otherwise it may have been done.
      error.retryable = call.sent == 0;
      error.outcome_unknown = call.sent != 0;
      finish(id, call.failure ? call.failure : std::optional<Error>(std::move(error)));
    }
  }

  static ssize_t read_request(nghttp2_session *, std::int32_t id, std::uint8_t *to, std::size_t room,
                              std::uint32_t *flags, nghttp2_data_source *, void *user) {
    Call *call = of(user).find(id);
    if (!call) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    return http2::next_piece(call->request, call->sent, to, room, *flags);
  }
  static int on_header(nghttp2_session *, const nghttp2_frame *frame, const std::uint8_t *name, std::size_t name_size,
                       const std::uint8_t *value, std::size_t value_size, std::uint8_t, void *user) {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    of(user).header(frame->hd.stream_id, {reinterpret_cast<const char *>(name), name_size},
                    {reinterpret_cast<const char *>(value), value_size});
    return 0;
  }
  static int on_data(nghttp2_session *, std::uint8_t, std::int32_t id, const std::uint8_t *bytes, std::size_t size,
                     void *user) {
    of(user).data(id, {reinterpret_cast<const char *>(bytes), size});
    return 0;
  }
  static int on_close(nghttp2_session *, std::int32_t id, std::uint32_t code, void *user) {
    of(user).closed(id, code);
    return 0;
  }
};

GrpcSession::GrpcSession(GrpcLimits limits) : impl_(std::make_unique<Impl>(limits)) {
  nghttp2_session_callbacks *callbacks = nullptr;
  nghttp2_option *options = nullptr;
  if (::nghttp2_session_callbacks_new(&callbacks) != 0) throw std::bad_alloc();
  if (::nghttp2_option_new(&options) != 0) {
    ::nghttp2_session_callbacks_del(callbacks);
    throw std::bad_alloc();
  }
  ::nghttp2_session_callbacks_set_on_header_callback(callbacks, &Impl::on_header);
  ::nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &Impl::on_data);
  ::nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &Impl::on_close);
  ::nghttp2_option_set_no_auto_window_update(options, 1);
  const int made = ::nghttp2_session_client_new2(&impl_->session.handle, callbacks, impl_.get(), options);
  ::nghttp2_option_del(options);
  ::nghttp2_session_callbacks_del(callbacks);
  if (made != 0) throw std::bad_alloc();
  impl_->session.offer(window_bytes, 4 * window_bytes, header_bytes);
}

GrpcSession::~GrpcSession() = default;

Result<std::int32_t> GrpcSession::start(const GrpcRequest &request) {
  const auto refused = [&](const std::string &why) {
    return Error(Code::unavailable, status_error(request.method, 14, why).message).retry();
  };
  if (!takes_calls()) return refused("the connection takes no more calls");
  http2::Fields fields = {{":method", "POST"},       {":scheme", "https"},
                          {":path", request.method}, {":authority", request.authority},
                          {"te", "trailers"},        {"content-type", "application/grpc"},
                          {"user-agent", "ksail"}};
  if (request.timeout_ms > 0) fields.emplace_back("grpc-timeout", timeout_text(request.timeout_ms));
  fields.insert(fields.end(), request.metadata.begin(), request.metadata.end());
  std::vector<nghttp2_nv> list;
  for (const auto &field : fields)
    list.push_back(http2::nghttp2_field(field));
  nghttp2_data_provider body{};
  body.read_callback = &Impl::read_request;
  const std::int32_t id =
      ::nghttp2_submit_request(impl_->session.handle, nullptr, list.data(), list.size(), &body, nullptr);
  if (id < 0) return refused(::nghttp2_strerror(id));
  Call &call = impl_->calls[id];
  call.method = request.method;
  call.request = framed(request.message);
  return id;
}

void GrpcSession::cancel(std::int32_t id) {
  if (impl_->calls.erase(id) == 0) return;
  std::erase_if(impl_->events, [&](const GrpcEvent &event) { return event.call == id; });
  if (!impl_->broken) impl_->session.reset(id);
}

void GrpcSession::taken(std::int32_t id, std::size_t bytes) {
  Call *call = impl_->find(id);
  if (!call) return;
  call->queued -= std::min(bytes, call->queued);
  if (call->queued <= impl_->limits.queued_bytes) impl_->give_back(id, *call);
}

bool GrpcSession::receive(std::string_view bytes) {
  if (impl_->broken) return false;
  if (const int failure = impl_->session.receive(bytes); failure != 0) {
    impl_->break_off(
        Error(Code::unavailable, std::string("the server broke the HTTP/2 protocol: ") + ::nghttp2_strerror(failure)));
    return false;
  }
  if (impl_->session.wants_nothing()) {
    impl_->break_off(std::nullopt);
    return false;
  }
  return true;
}

void GrpcSession::disconnected(std::optional<Error> reason) {
  if (!impl_->broken) impl_->break_off(reason);
}

std::string GrpcSession::take_output() {
  std::string out;
  if (impl_->broken) return out;
  if (const int failure = impl_->session.take_output(out); failure != 0) {
    impl_->break_off(Error(Code::internal, std::string("HTTP/2: ") + ::nghttp2_strerror(failure)));
    return out;
  }
  // A fault of the server makes libnghttp2 say goodbye and want nothing more.
  if (impl_->session.wants_nothing())
    impl_->break_off(Error(Code::unavailable, "the server broke the HTTP/2 protocol"));
  return out;
}

std::optional<GrpcEvent> GrpcSession::next_event() {
  if (impl_->events.empty()) return std::nullopt;
  GrpcEvent event = std::move(impl_->events.front());
  impl_->events.pop_front();
  return event;
}

bool GrpcSession::takes_calls() const { return !impl_->broken && impl_->session.takes_requests(); }

std::size_t GrpcSession::open_calls() const { return impl_->calls.size(); }

} // namespace ksail::talos_api

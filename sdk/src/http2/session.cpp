// SPDX-License-Identifier: Apache-2.0
#include "session.hpp"

#include "../http/field_name.hpp"
#include "../http/message.hpp"

#include <ksail/sdk/nghttp2_session.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <deque>
#include <map>
#include <new>
#include <vector>

namespace ksail::http2 {

namespace {

// Lists of a large cluster come as fast as the connection can carry them, and not a window each round trip.
constexpr std::int32_t stream_window = 4 << 20;
constexpr std::int32_t connection_window = 16 << 20;
constexpr std::size_t per_field = 32; ///< what a field counts for beside its name and value (RFC 9113 section 10.5.1)

struct Open {
  std::shared_ptr<const http::Request> request;
  std::size_t body_sent = 0;
  bool sent = false;
  http::Response answer;
  std::size_t header_bytes = 0;
  bool begun = false;           ///< fields of the answer came, interim ones not counted
  bool in_trailers = false;     ///< which nobody here asks for
  bool reset_by_peer = false;   ///< RST_STREAM came from the other side
  std::optional<Error> failure; ///< a fault of the answer that was found here
};

/// Fields that belong to one connection have no place in HTTP/2 (section 8.2.2).
bool is_of_the_connection(std::string_view name) {
  constexpr std::array<std::string_view, 6> names = {"connection", "keep-alive", "proxy-connection",
                                                     "upgrade",    "host",       "te"};
  return http::is_framing(name) ||
         std::any_of(names.begin(), names.end(), [name](auto each) { return http::equal_names(name, each); });
}

Fields fields_of(const http::Request &request, const http::Endpoint &endpoint, const std::string &user_agent) {
  const auto host = request.headers.get("Host");
  const bool secured = endpoint.transport == http::Endpoint::Transport::tls;
  Fields fields = {{":method", request.method},
                   {":scheme", secured ? "https" : "http"},
                   {":authority", host.empty() ? http::authority_of(endpoint) : std::string(host)},
                   {":path", request.target}};
  if (!request.headers.has("User-Agent")) fields.emplace_back("user-agent", user_agent);
  for (const auto &[name, value] : request.headers.all())
    if (!is_of_the_connection(name)) fields.emplace_back(ascii_lower(name), value);
  if (http::tells_length(request)) fields.emplace_back("content-length", std::to_string(request.body.size()));
  return fields;
}

nghttp2_nv view_of(const std::pair<std::string, std::string> &field) {
  nghttp2_nv nv = nghttp2_field(field);
  // A password is short enough to be guessed from how well it compresses (RFC 7541 section 7.1.3).
  if (field.first == "authorization" && field.second.starts_with("Basic ")) nv.flags = NGHTTP2_NV_FLAG_NO_INDEX;
  return nv;
}

std::string name_of(std::uint32_t http2_code) { return ::nghttp2_http2_strerror(http2_code); }

} // namespace

struct Session::Impl {
  explicit Impl(Limits l) : limits(l) {}

  Limits limits;
  std::map<std::int32_t, Open> open;
  std::deque<Ended> ended;
  std::string goodbye; ///< why the server said GOAWAY, when that was no regular end
  std::string fault;   ///< what the server did wrong, in an answer
  std::string offence; ///< what the server did wrong, so that this side said GOAWAY
  bool answered = false;
  bool broken = false;
  Nghttp2Session session;

  static Impl &of(void *user) { return *static_cast<Impl *>(user); }
  Open *find(std::int32_t id) {
    const auto found = open.find(id);
    return found == open.end() ? nullptr : &found->second;
  }

  void end(std::int32_t id, Result<http::Response> answer, bool refused) {
    const auto found = open.find(id);
    Ended event;
    event.stream = id;
    event.answer = std::move(answer);
    event.sent = found->second.sent;
    event.refused = refused;
    event.begun = found->second.begun;
    open.erase(found);
    ended.push_back(std::move(event));
  }

  /// Ends a request for a fault of its answer.
  void refuse(std::int32_t id, Open &stream, Error error) {
    if (stream.failure) return;
    stream.failure = std::move(error);
    session.reset(id);
  }

  void head_begins(std::int32_t id) {
    Open *stream = find(id);
    if (!stream) return;
    // After an interim answer (1xx) the real one comes; after that, trailers (section 8.1).
    if (stream->answer.status >= 200) {
      stream->in_trailers = true;
      return;
    }
    stream->answer = http::Response();
  }

  void field(std::int32_t id, std::string_view name, std::string_view value) {
    Open *stream = find(id);
    if (!stream || stream->failure) return;
    stream->header_bytes += name.size() + value.size() + per_field;
    if (stream->header_bytes > limits.header_bytes) {
      refuse(id, *stream,
             Error(Code::internal, "the answer is not acceptable: its header fields take more than " +
                                       std::to_string(limits.header_bytes) + " bytes"));
      return;
    }
    if (stream->in_trailers) return;
    if (name == ":status")
      std::from_chars(value.data(), value.data() + value.size(), stream->answer.status);
    else
      stream->answer.headers.add(std::string(name), std::string(value));
    if (stream->answer.status >= 200) stream->begun = answered = true;
  }

  void body(std::int32_t id, std::string_view bytes) {
    Open *stream = find(id);
    if (!stream || stream->failure) return;
    auto &into = stream->answer.body;
    if (into.size() + bytes.size() > limits.body_bytes) {
      refuse(
          id, *stream,
          Error(Code::resource_exhausted, "the answer is larger than " + std::to_string(limits.body_bytes) + " bytes"));
      return;
    }
    if (into.empty()) reserve(*stream);
    into += bytes;
  }

  static void reserve(Open &stream) {
    const auto text = stream.answer.headers.get("content-length");
    std::size_t length = 0;
    std::from_chars(text.data(), text.data() + text.size(), length);
    if (length < (16u << 20)) stream.answer.body.reserve(length);
  }

  /// The whole answer is there.
  void complete(std::int32_t id) {
    Open *stream = find(id);
    if (!stream || stream->failure) return;
    // Of the body that the server did not wait for it wants no more.
    if (stream->body_sent < stream->request->body.size()) session.reset(id);
    end(id, std::move(stream->answer), false);
  }

  void closed(std::int32_t id, std::uint32_t code) {
    Open *stream = find(id);
    if (!stream) return;
    if (stream->failure) return end(id, *stream->failure, false);
    // Section 8.7: it was not processed. The same goes for streams above the last one that GOAWAY names (section 6.8),
    // which are closed in here, and of course for what was never sent.
    if (!stream->sent || (code == NGHTTP2_REFUSED_STREAM && !stream->begun)) return end(id, refusal(*stream), true);
    if (stream->reset_by_peer)
      return end(
          id,
          Error(Code::unavailable, std::string("the server ended the request ") +
                                       (stream->begun ? "in the middle of the answer" : "before the answer came") +
                                       " (" + name_of(code) + ")")
              .retry(),
          false);
    end(id, Error(Code::internal, "the answer is not valid HTTP/2" + (fault.empty() ? "" : ": " + fault)), false);
    fault.clear();
  }

  Error refusal(const Open &stream) const {
    return Error(Code::unavailable, stream.sent ? "the server refused the request before looking at it"
                                                : "the connection takes no more requests" +
                                                      (goodbye.empty() ? std::string() : ": " + goodbye))
        .retry();
  }

  /// "ENHANCE_YOUR_CALM, too_many_pings".
  static std::string reason_in(const nghttp2_goaway &frame) {
    const std::string_view text(reinterpret_cast<const char *>(frame.opaque_data), frame.opaque_data_len);
    const bool readable = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
    return name_of(frame.error_code) + (text.empty() || !readable ? "" : ", " + std::string(text.substr(0, 200)));
  }

  void goes_away(const nghttp2_goaway &frame) {
    if (frame.error_code != NGHTTP2_NO_ERROR) goodbye = "the server ended the connection (" + reason_in(frame) + ")";
    // What still waits for a free place will not get one here.
    std::vector<std::int32_t> waiting;
    for (const auto &[id, stream] : open)
      if (!stream.sent) waiting.push_back(id);
    for (const auto id : waiting) {
      session.reset(id);
      end(id, refusal(open[id]), true);
    }
  }

  void break_off(const std::optional<Error> &reason) {
    broken = true;
    while (!open.empty()) {
      const auto &[id, stream] = *open.begin();
      if (stream.failure || !stream.sent) {
        end(id, stream.failure ? *stream.failure : refusal(stream), !stream.failure);
        continue;
      }
      Error error = reason.value_or(
          Error(Code::unavailable, std::string("the connection was closed ") +
                                       (stream.begun ? "in the middle of the answer" : "before the answer came"))
              .retry());
      if (!goodbye.empty()) error.message = goodbye;
      end(id, std::move(error), false);
    }
  }

  static ssize_t read_body(nghttp2_session *, std::int32_t id, std::uint8_t *to, std::size_t room, std::uint32_t *flags,
                           nghttp2_data_source *, void *user) {
    Open *stream = of(user).find(id);
    if (!stream) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    return next_piece(stream->request->body, stream->body_sent, to, room, *flags);
  }
  static int on_begin_headers(nghttp2_session *, const nghttp2_frame *frame, void *user) {
    if (frame->hd.type == NGHTTP2_HEADERS) of(user).head_begins(frame->hd.stream_id);
    return 0;
  }
  static int on_header(nghttp2_session *, const nghttp2_frame *frame, const std::uint8_t *name, std::size_t name_size,
                       const std::uint8_t *value, std::size_t value_size, std::uint8_t, void *user) {
    if (frame->hd.type == NGHTTP2_HEADERS)
      of(user).field(frame->hd.stream_id, {reinterpret_cast<const char *>(name), name_size},
                     {reinterpret_cast<const char *>(value), value_size});
    return 0;
  }
  static int on_data(nghttp2_session *, std::uint8_t, std::int32_t id, const std::uint8_t *bytes, std::size_t size,
                     void *user) {
    of(user).body(id, {reinterpret_cast<const char *>(bytes), size});
    return 0;
  }
  static int on_frame(nghttp2_session *, const nghttp2_frame *frame, void *user) {
    Impl &self = of(user);
    const auto type = frame->hd.type;
    if (type == NGHTTP2_GOAWAY) self.goes_away(frame->goaway);
    if (type == NGHTTP2_RST_STREAM)
      if (Open *stream = self.find(frame->hd.stream_id)) stream->reset_by_peer = true;
    if ((type == NGHTTP2_HEADERS || type == NGHTTP2_DATA) && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
      self.complete(frame->hd.stream_id);
    return 0;
  }
  static int on_invalid_frame(nghttp2_session *, const nghttp2_frame *, int why, void *user) {
    of(user).fault = ::nghttp2_strerror(why);
    return 0;
  }
  static int on_sent(nghttp2_session *, const nghttp2_frame *frame, void *user) {
    if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR)
      of(user).offence = reason_in(frame->goaway);
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    if (Open *stream = of(user).find(frame->hd.stream_id)) stream->sent = true;
    return 0;
  }
  static int on_close(nghttp2_session *, std::int32_t id, std::uint32_t code, void *user) {
    of(user).closed(id, code);
    return 0;
  }
};

Session::Session(Limits limits) : impl_(std::make_unique<Impl>(limits)) {
  nghttp2_session_callbacks *callbacks = nullptr;
  if (::nghttp2_session_callbacks_new(&callbacks) != 0) throw std::bad_alloc();
  ::nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, &Impl::on_begin_headers);
  ::nghttp2_session_callbacks_set_on_header_callback(callbacks, &Impl::on_header);
  ::nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &Impl::on_data);
  ::nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &Impl::on_frame);
  ::nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, &Impl::on_invalid_frame);
  ::nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, &Impl::on_sent);
  ::nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &Impl::on_close);
  const int made = ::nghttp2_session_client_new(&impl_->session.handle, callbacks, impl_.get());
  ::nghttp2_session_callbacks_del(callbacks);
  if (made != 0) throw std::bad_alloc();
  impl_->session.offer(stream_window, connection_window, limits.header_bytes);
}

Session::~Session() = default;

Result<std::int32_t> Session::start(std::shared_ptr<const http::Request> request, const http::Endpoint &endpoint,
                                    const std::string &user_agent) {
  if (auto checked = http::check_request(*request); !checked) return checked.error();
  if (!takes_requests()) return Error(Code::unavailable, "the connection takes no more requests").retry();
  const Fields fields = fields_of(*request, endpoint, user_agent);
  std::vector<nghttp2_nv> list;
  list.reserve(fields.size());
  for (const auto &each : fields)
    list.push_back(view_of(each));
  nghttp2_data_provider body{};
  body.read_callback = &Impl::read_body;
  const std::int32_t id = ::nghttp2_submit_request(impl_->session.handle, nullptr, list.data(), list.size(),
                                                   request->body.empty() ? nullptr : &body, nullptr);
  if (id < 0) return Error(Code::unavailable, std::string("HTTP/2: ") + ::nghttp2_strerror(id)).retry();
  impl_->open[id].request = std::move(request);
  return id;
}

bool Session::cancel(std::int32_t id) {
  const auto found = impl_->open.find(id);
  if (found == impl_->open.end()) return false;
  const bool sent = found->second.sent;
  impl_->open.erase(found);
  if (!impl_->broken) impl_->session.reset(id);
  return sent;
}

bool Session::receive(std::string_view bytes) {
  if (impl_->broken) return false;
  if (const int failure = impl_->session.receive(bytes); failure != 0) {
    impl_->break_off(
        Error(Code::internal, std::string("the server does not speak HTTP/2: ") + ::nghttp2_strerror(failure)));
    return false;
  }
  if (impl_->session.wants_nothing()) impl_->break_off(std::nullopt);
  return !impl_->broken;
}

void Session::disconnected(std::optional<Error> reason) {
  if (!impl_->broken) impl_->break_off(reason);
}

std::string Session::take_output() {
  std::string out;
  if (impl_->broken) return out;
  if (const int failure = impl_->session.take_output(out); failure != 0) {
    impl_->break_off(Error(Code::internal, std::string("HTTP/2: ") + ::nghttp2_strerror(failure)));
    return out;
  }
  // After an offence of the server, or its GOAWAY and the last answer, nothing more is wanted.
  if (impl_->session.wants_nothing()) {
    std::optional<Error> reason;
    if (!impl_->offence.empty())
      reason = Error(Code::internal, "the server broke the rules of HTTP/2: " + impl_->offence);
    impl_->break_off(reason);
  }
  return out;
}

std::optional<Ended> Session::next_ended() {
  if (impl_->ended.empty()) return std::nullopt;
  Ended event = std::move(impl_->ended.front());
  impl_->ended.pop_front();
  return event;
}

bool Session::takes_requests() const { return !impl_->broken && impl_->session.takes_requests(); }
bool Session::broken() const { return impl_->broken; }
std::size_t Session::open_requests() const { return impl_->open.size(); }
bool Session::has_answered() const { return impl_->answered; }

} // namespace ksail::http2

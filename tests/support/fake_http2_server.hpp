// SPDX-License-Identifier: Apache-2.0
// The server's side of HTTP/2, without a connection: answers what a test tells it to, and breaks the rules where a test
// wants that.
#pragma once

#include <catch2/catch.hpp>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace ksail::test {

class FakeHttp2Server {
public:
  struct Request {
    std::int32_t stream = 0;
    std::map<std::string, std::string> fields;
    std::string body;
    bool complete = false;
  };
  using Settings = std::vector<nghttp2_settings_entry>;
  std::vector<Request> requests;
  std::map<std::int32_t, std::uint32_t> resets; ///< stream -> code, of the client
  int settings_acknowledged = 0, pings_answered = 0;

  explicit FakeHttp2Server(const Settings &settings = {}) {
    nghttp2_session_callbacks *callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, &on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &on_frame);
    nghttp2_session_server_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    set(settings);
  }
  ~FakeHttp2Server() { nghttp2_session_del(session_); }
  FakeHttp2Server(const FakeHttp2Server &) = delete;
  FakeHttp2Server &operator=(const FakeHttp2Server &) = delete;

  bool receive(std::string_view bytes) {
    return nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t *>(bytes.data()), bytes.size()) >= 0;
  }
  std::string take_output() {
    std::string out;
    for (;;) {
      const std::uint8_t *data = nullptr;
      const auto size = nghttp2_session_mem_send(session_, &data);
      if (size <= 0) return out;
      out.append(reinterpret_cast<const char *>(data), static_cast<std::size_t>(size));
    }
  }

  using Fields = std::vector<std::pair<std::string, std::string>>;
  /// Head, body, trailers; without trailers the stream ends after the body.
  void answer(std::int32_t stream, std::string body, Fields trailers = {}, Fields head = {{":status", "200"}}) {
    Answer &a = answers_[stream];
    a.body = std::move(body);
    a.trailers = std::move(trailers);
    a.ends = true;
    submit(stream, head, a);
  }
  /// Head and the first part of the body; more() goes on.
  void begin(std::int32_t stream, std::string body, Fields head = {{":status", "200"}}) {
    Answer &a = answers_[stream];
    a.body = std::move(body);
    submit(stream, head, a);
  }
  void more(std::int32_t stream, std::string body, bool ends, Fields trailers = {}) {
    Answer &a = answers_[stream];
    a.body += body;
    a.ends = ends;
    a.trailers = std::move(trailers);
    nghttp2_session_resume_data(session_, stream);
  }
  /// An answer of nothing but a head.
  void head_only(std::int32_t stream, Fields head) {
    auto list = fields_of(head);
    nghttp2_submit_response(session_, stream, list.data(), list.size(), nullptr);
  }
  /// 1xx: an interim answer before the real one.
  void interim(std::int32_t stream, const Fields &head) {
    auto list = fields_of(head);
    nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, stream, nullptr, list.data(), list.size(), nullptr);
  }
  void set(const Settings &settings) {
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  }
  void reset(std::int32_t stream, std::uint32_t code) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, code);
  }
  void go_away(std::int32_t last_stream, std::uint32_t code, std::string_view words = {}) {
    nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, last_stream, code,
                          reinterpret_cast<const std::uint8_t *>(words.data()), words.size());
  }
  void ping() { nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr); }

private:
  struct Answer {
    std::string body;
    std::size_t sent = 0;
    Fields trailers;
    bool ends = false;
  };

  static std::vector<nghttp2_nv> fields_of(const Fields &fields) {
    std::vector<nghttp2_nv> list;
    for (const auto &[name, value] : fields) {
      nghttp2_nv nv{};
      nv.name = reinterpret_cast<std::uint8_t *>(const_cast<char *>(name.data()));
      nv.namelen = name.size();
      nv.value = reinterpret_cast<std::uint8_t *>(const_cast<char *>(value.data()));
      nv.valuelen = value.size();
      list.push_back(nv);
    }
    return list;
  }
  void submit(std::int32_t stream, const Fields &head, Answer &a) {
    auto list = fields_of(head);
    nghttp2_data_provider body{};
    body.source.ptr = &a;
    body.read_callback = &read_body;
    nghttp2_submit_response(session_, stream, list.data(), list.size(), &body);
  }
  static ssize_t read_body(nghttp2_session *session, std::int32_t stream, std::uint8_t *to, std::size_t room,
                           std::uint32_t *flags, nghttp2_data_source *source, void *) {
    auto &a = *static_cast<Answer *>(source->ptr);
    const std::size_t size = std::min(room, a.body.size() - a.sent);
    std::copy_n(a.body.data() + a.sent, size, to);
    a.sent += size;
    if (a.sent == a.body.size()) {
      if (!a.ends) {
        if (size == 0) return NGHTTP2_ERR_DEFERRED;
        return static_cast<ssize_t>(size);
      }
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (!a.trailers.empty()) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        auto list = fields_of(a.trailers);
        nghttp2_submit_trailer(session, stream, list.data(), list.size());
      }
    }
    return static_cast<ssize_t>(size);
  }
  static FakeHttp2Server &of(void *user) { return *static_cast<FakeHttp2Server *>(user); }
  Request &request(std::int32_t stream) {
    for (auto &each : requests)
      if (each.stream == stream) return each;
    requests.emplace_back();
    requests.back().stream = stream;
    return requests.back();
  }
  static int on_header(nghttp2_session *, const nghttp2_frame *frame, const std::uint8_t *name, std::size_t name_size,
                       const std::uint8_t *value, std::size_t value_size, std::uint8_t, void *user) {
    of(user).request(frame->hd.stream_id).fields[std::string(reinterpret_cast<const char *>(name), name_size)] =
        std::string(reinterpret_cast<const char *>(value), value_size);
    return 0;
  }
  static int on_data(nghttp2_session *, std::uint8_t, std::int32_t stream, const std::uint8_t *bytes, std::size_t size,
                     void *user) {
    of(user).request(stream).body.append(reinterpret_cast<const char *>(bytes), size);
    return 0;
  }
  static int on_frame(nghttp2_session *, const nghttp2_frame *frame, void *user) {
    const bool acknowledges = (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;
    if (frame->hd.type == NGHTTP2_SETTINGS) of(user).settings_acknowledged += acknowledges;
    if (frame->hd.type == NGHTTP2_PING) of(user).pings_answered += acknowledges;
    if (frame->hd.type == NGHTTP2_RST_STREAM) of(user).resets[frame->hd.stream_id] = frame->rst_stream.error_code;
    if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
      of(user).request(frame->hd.stream_id).complete = true;
    return 0;
  }

  nghttp2_session *session_ = nullptr;
  std::map<std::int32_t, Answer> answers_;
};

/// Hands bytes back and forth until both sides have said all; false once the session takes no more.
template <class Session> bool exchange(Session &session, FakeHttp2Server &server, bool connected = true) {
  for (;;) {
    const std::string to_server = session.take_output();
    if (!to_server.empty()) REQUIRE(server.receive(to_server));
    const std::string to_client = server.take_output();
    if (!to_client.empty()) connected = session.receive(to_client);
    if (to_server.empty() && to_client.empty()) return connected;
  }
}

} // namespace ksail::test

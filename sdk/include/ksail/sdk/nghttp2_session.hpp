// SPDX-License-Identifier: Apache-2.0
// What every client of libnghttp2 here does in the same way: own a session, offer settings, write fields down, hand out
// bodies and take the output. Needs libnghttp2, as KSail::http2 does. On one thread at a time.
#pragma once

#include <ksail/sdk/letter_case.hpp>

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ksail::http2 {

/// Name and value; names in lower case (RFC 9113 section 8.2).
using Fields = std::vector<std::pair<std::string, std::string>>;

/// Valid as long as the field is.
inline nghttp2_nv nghttp2_field(const std::pair<std::string, std::string> &field) {
  nghttp2_nv nv{};
  nv.name = reinterpret_cast<std::uint8_t *>(const_cast<char *>(field.first.data()));
  nv.value = reinterpret_cast<std::uint8_t *>(const_cast<char *>(field.second.data()));
  nv.namelen = field.first.size();
  nv.valuelen = field.second.size();
  return nv;
}

/// Owns the session that nghttp2_session_client_new() puts into `handle`.
struct Nghttp2Session {
  nghttp2_session *handle = nullptr;

  Nghttp2Session() = default;
  Nghttp2Session(const Nghttp2Session &) = delete;
  Nghttp2Session &operator=(const Nghttp2Session &) = delete;
  ~Nghttp2Session() { ::nghttp2_session_del(handle); }

  /// No pushes, and windows and a limit of fields as given, in bytes.
  void offer(std::int32_t stream_window, std::int32_t connection_window, std::size_t header_bytes) {
    const std::array<nghttp2_settings_entry, 3> settings = {{
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(stream_window)},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(header_bytes)},
    }};
    ::nghttp2_submit_settings(handle, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
    ::nghttp2_session_set_local_window_size(handle, NGHTTP2_FLAG_NONE, 0, connection_window);
  }
  /// Appends what is to be sent now; 0, or the error that ends the connection.
  int take_output(std::string &out) {
    for (;;) {
      const std::uint8_t *data = nullptr;
      const ssize_t size = ::nghttp2_session_mem_send(handle, &data);
      if (size < 0) return static_cast<int>(size);
      if (size == 0) return 0;
      out.append(reinterpret_cast<const char *>(data), static_cast<std::size_t>(size));
    }
  }
  /// Takes what was received; 0, or the error that ends the connection.
  int receive(std::string_view bytes) {
    const auto *data = reinterpret_cast<const std::uint8_t *>(bytes.data());
    const ssize_t used = ::nghttp2_session_mem_recv(handle, data, bytes.size());
    return used < 0 ? static_cast<int>(used) : 0;
  }
  /// Neither bytes to send nor bytes to receive are left: the connection may go.
  bool wants_nothing() const {
    return ::nghttp2_session_want_read(handle) == 0 && ::nghttp2_session_want_write(handle) == 0;
  }
  bool takes_requests() const { return ::nghttp2_session_check_request_allowed(handle) != 0; }
  void reset(std::int32_t stream) { ::nghttp2_submit_rst_stream(handle, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL); }
};

/// The next piece of a body for nghttp2's reading callback; counts `sent` on.
inline ssize_t next_piece(std::string_view body, std::size_t &sent, std::uint8_t *to, std::size_t room,
                          std::uint32_t &flags) {
  const std::size_t size = std::min(room, body.size() - sent);
  std::copy_n(body.data() + sent, size, to);
  sent += size;
  if (sent == body.size()) flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(size);
}

} // namespace ksail::http2

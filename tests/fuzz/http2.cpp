// SPDX-License-Identifier: Apache-2.0
// libFuzzer: any bytes as what an HTTP/2 server sends. Every request ends exactly once, and only what the server had
// not begun to answer is said to be refused.
//
// Input: one byte that says in pieces of which size the rest arrives and which requests are cancelled, then the bytes.
#include "http2/session.hpp"

#include "conversation.hpp"

#include <map>

using namespace ksail;
using fuzz::must;

namespace {

class Conversation {
public:
  explicit Conversation(std::uint8_t cancelled) : session_(limits()) {
    const auto endpoint = http::Endpoint::tls_tcp("10.0.0.1", 6443, {});
    for (int i = 0; i < 3; ++i) {
      http::Request request(i == 0 ? "HEAD" : i == 1 ? "GET" : "PATCH", "/api", i == 2 ? std::string(100, 'x') : "");
      const auto stream = session_.start(std::make_shared<const http::Request>(std::move(request)), endpoint, "fuzz");
      must(stream.has_value());
      if ((cancelled >> i & 1) == 0)
        open_[*stream] = true;
      else
        session_.cancel(*stream);
    }
    session_.take_output();
  }

  bool receive(std::string_view bytes) {
    const bool useful = session_.receive(bytes);
    settle();
    return useful && !session_.broken();
  }

  void end() {
    session_.disconnected(std::nullopt);
    settle();
    must(open_.empty() && session_.open_requests() == 0 && !session_.takes_requests() && session_.broken());
    must(session_.take_output().empty());
  }

private:
  static http2::Limits limits() {
    http2::Limits out;
    out.body_bytes = 1U << 16U;
    out.header_bytes = 1U << 12U;
    return out;
  }
  void settle() {
    while (const auto ended = session_.next_ended()) {
      must(open_.erase(ended->stream) == 1);
      must(ended->answer || !ended->answer.error().message.empty());
      must(!ended->refused || (!ended->answer && !ended->begun));
      if (ended->answer)
        must(ended->answer->status >= 200 && ended->begun && ended->answer->body.size() <= limits().body_bytes);
    }
    session_.take_output();
  }

  http2::Session session_;
  std::map<std::int32_t, bool> open_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  if (size == 0) return -1;
  fuzz::converse<Conversation>(data, size);
  return 0;
}

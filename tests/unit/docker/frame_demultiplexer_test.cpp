// SPDX-License-Identifier: Apache-2.0
#include "frame_demultiplexer.hpp"

#include <catch2/catch.hpp>

using namespace ksail;
using namespace ksail::docker;

namespace {

std::string frame(char stream, const std::string &payload) {
  std::string bytes = {stream, 0, 0, 0};
  for (int shift = 24; shift >= 0; shift -= 8)
    bytes += static_cast<char>(payload.size() >> shift & 255);
  return bytes + payload;
}

struct Collected {
  std::string out, err;
  void take(const std::vector<OutputPiece> &pieces) {
    for (const auto &piece : pieces)
      (piece.error_stream ? err : out) += piece.bytes;
  }
};

} // namespace

TEST_CASE("frames are put together from pieces of every size") {
  const std::string wire =
      frame(1, "hello ") + frame(2, "bad") + frame(1, "") + frame(1, std::string(70000, 'x')) + frame(0, "echo");
  const auto step = GENERATE(1u, 2u, 3u, 7u, 8u, 9u, 4096u, 1000000u);
  const auto format = GENERATE(FrameDemultiplexer::Format::framed, FrameDemultiplexer::Format::detect);
  FrameDemultiplexer demultiplexer(format);
  Collected collected;
  for (std::size_t at = 0; at < wire.size(); at += step) {
    auto pieces = demultiplexer.feed(std::string_view(wire).substr(at, step));
    REQUIRE(pieces);
    collected.take(*pieces);
  }
  REQUIRE(demultiplexer.finish());
  CHECK(collected.out == "hello " + std::string(70000, 'x') + "echo");
  CHECK(collected.err == "bad");
}

TEST_CASE("terminal output is recognised and passed on as it is") {
  const std::string wire =
      GENERATE(std::string("Welcome\r\n"), std::string("\x01xyz raw"), std::string("\x01"), std::string("a"));
  FrameDemultiplexer demultiplexer(FrameDemultiplexer::Format::detect);
  Collected collected;
  for (const char c : wire) {
    auto pieces = demultiplexer.feed(std::string(1, c));
    REQUIRE(pieces);
    collected.take(*pieces);
  }
  auto rest = demultiplexer.finish();
  REQUIRE(rest);
  collected.take(*rest);
  CHECK(collected.out == wire);
  CHECK(collected.err.empty());
}

TEST_CASE("an end inside a frame and a broken frame are failures") {
  FrameDemultiplexer cut(FrameDemultiplexer::Format::framed);
  REQUIRE(cut.feed(frame(1, "hello").substr(0, 10)));
  CHECK(cut.finish().error().code == Code::data_loss);
  FrameDemultiplexer cut_header(FrameDemultiplexer::Format::framed);
  REQUIRE(cut_header.feed(frame(1, "hello").substr(0, 3)));
  CHECK(cut_header.finish().error().code == Code::data_loss);
  FrameDemultiplexer broken(FrameDemultiplexer::Format::framed);
  CHECK(broken.feed("not a frame").error().code == Code::data_loss);
  FrameDemultiplexer nothing(FrameDemultiplexer::Format::detect);
  CHECK(nothing.finish());
}

// SPDX-License-Identifier: Apache-2.0
// The wire format and the messages of the Talos API. The bytes of the vectors were put together by hand from the encoding's
// description.
#include "distributions/talos_api/kubeconfig_archive.hpp"
#include "distributions/talos_api/messages.hpp"
#include "distributions/talos_api/protobuf.hpp"

#include <catch2/catch.hpp>

#include <zlib.h>

#include <random>

using namespace ksail;
using namespace ksail::talos_api;

namespace {

std::string gzip(const std::string &text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef *>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string tar_header(const std::string &name, const std::string &size) {
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  header.replace(124, size.size(), size);
  header[156] = '0';
  return header;
}

/// An answer of one machine: `fields` beside its metadata.
std::string answer_of(const std::string &metadata, const std::string &fields) {
  return ProtoWriter().add_message(1, ProtoWriter().add_message(1, metadata).bytes() + fields).bytes();
}
std::string metadata(const std::string &hostname, const std::string &error) {
  return ProtoWriter().add(1, hostname).add(2, error).bytes();
}

} // namespace

TEST_CASE("fields are written as protocol buffers are") {
  CHECK(ProtoWriter().add_number(1, 150).bytes() == "\x08\x96\x01");
  CHECK(ProtoWriter().add(2, "testing").bytes() == "\x12\x07testing");
  CHECK(ProtoWriter().add_number(1, 0).add(2, "").add_bool(3, false).bytes().empty());
  CHECK(ProtoWriter().add_message(3, "").bytes() == std::string("\x1a\x00", 2));
  CHECK(ProtoWriter().add_number(5, ~0ull).bytes() == "\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
  CHECK(ProtoWriter().add_number(16, 1).bytes() == "\x80\x01\x01");
}

TEST_CASE("fields are read back, also those that nobody knows") {
  const std::string message = ProtoWriter().add_number(1, 150).add(2, "testing").bytes() +
                              std::string("\x1d\x01\x02\x03\x04", 5) +
                              std::string("\x21\x08\x07\x06\x05\x04\x03\x02\x01", 9);
  ProtoReader reader(message);
  auto field = reader.next();
  CHECK(field->number == 1);
  CHECK(field->value == 150);
  field = reader.next();
  CHECK(field->bytes == "testing");
  CHECK(reader.next()->value == 0x04030201);
  CHECK(reader.next()->value == 0x0102030405060708);
  CHECK_FALSE(reader.next());
  CHECK(reader.valid());
}

TEST_CASE("what is no message is told from the end of one") {
  for (const std::string &broken : {std::string("\x08"), std::string("\x0a\x05hell"), std::string("\x0b\x08\x01"),
                                   std::string("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), std::string("\x00\x01", 2),
                                   std::string("\x0d\x01\x02"), std::string("\x09\x01"), std::string("\xff")}) {
    ProtoReader reader(broken);
    while (reader.next()) {
    }
    CHECK_FALSE(reader.valid());
  }
}

TEST_CASE("random bytes break no decoder") {
  std::mt19937 random(7);
  for (int i = 0; i < 20000; ++i) {
    std::string bytes(random() % 64, '\0');
    for (char &c : bytes)
      c = static_cast<char>(random());
    (void)decode_version("m", bytes);
    (void)decode_apply("m", bytes);
    (void)decode_services("m", bytes);
    (void)decode_etcd_members("m", bytes);
    (void)decode_data("m", bytes);
    (void)decode_event("m", bytes);
    (void)kubeconfig_in(bytes);
  }
}

TEST_CASE("requests have the numbers of the API") {
  ApplyConfiguration apply;
  apply.config = "yaml";
  CHECK(encode(apply) == "\x0a\x04yaml\x20\x01");
  apply.mode = ApplyMode::reboot;
  apply.dry_run = true;
  CHECK(encode(apply) == "\x0a\x04yaml\x28\x01");
  LogsRequest logs;
  logs.service = "etcd";
  logs.tail_lines = 10;
  logs.follow = true;
  CHECK(encode(logs) == "\x0a\x06system\x12\x04" "etcd\x20\x01\x28\x0a");
  CHECK(encode_image_pull(ImageNamespace::kubernetes, "a") == "\x08\x02\x12\x01" "a");
  CHECK(encode(ResetRequest()) == "\x08\x01");
}

TEST_CASE("answers are read from the element of the machine that was asked") {
  const std::string version = ProtoWriter().add(1, "v1.13.0").add(6, "amd64").bytes();
  const std::string platform = ProtoWriter().add(1, "container").bytes();
  auto read = decode_version("/machine.MachineService/Version",
                             answer_of("", ProtoWriter().add_message(2, version).add_message(3, platform).bytes()));
  REQUIRE(read);
  CHECK(read->tag == "v1.13.0");
  CHECK(read->arch == "amd64");
  CHECK(read->platform == "container");

  const std::string health = ProtoWriter().add_bool(2, true).add(3, "ok").bytes();
  const std::string events =
      ProtoWriter().add_message(1, ProtoWriter().add(1, "first").bytes()).add_message(1, ProtoWriter().add(1, "last").bytes()).bytes();
  const std::string etcd = ProtoWriter().add(1, "etcd").add(2, "Running").add_message(3, events).add_message(4, health).bytes();
  const std::string kubelet = ProtoWriter().add(1, "kubelet").add(2, "Preparing").add_message(3, events).bytes();
  auto services = decode_services("m", answer_of("", ProtoWriter().add_message(2, etcd).add_message(2, kubelet).bytes()));
  REQUIRE(services);
  REQUIRE(services->size() == 2);
  CHECK(services->front().healthy);
  CHECK(services->front().last_message == "ok");
  CHECK_FALSE(services->back().healthy);
  CHECK(services->back().last_message == "last");

  const std::string member = ProtoWriter().add_number(2, 0xfedcba9876543210).add(3, "cp").add(4, "https://a:2380").add_bool(6, true).bytes();
  auto members = decode_etcd_members("m", answer_of("", ProtoWriter().add_message(3, member).bytes()));
  REQUIRE(members);
  CHECK(members->front().id == 0xfedcba9876543210);
  CHECK(members->front().peer_urls == std::vector<std::string>{"https://a:2380"});
  CHECK(members->front().is_learner);
}

TEST_CASE("a failure of one machine inside a success is a failure") {
  auto done = decode_done("/machine.MachineService/Bootstrap", answer_of(metadata("cp-1", "it broke"), ""));
  REQUIRE_FALSE(done);
  CHECK(done.error().message == "the Talos call Bootstrap failed: it broke (on cp-1)");
  const std::string status = ProtoWriter().add_number(1, 7).add(2, "no").bytes();
  done = decode_done("/machine.MachineService/Bootstrap", answer_of(ProtoWriter().add_message(3, status).bytes(), ""));
  REQUIRE_FALSE(done);
  CHECK(done.error().code == Code::permission_denied);
  CHECK(decode_done("m", answer_of(metadata("cp-1", ""), "")));
  CHECK(decode_done("m", ""));
  CHECK(decode_done("m", "\x0a\x05hell").error().code == Code::internal);
}

TEST_CASE("events of machines are told apart") {
  const std::string condition = ProtoWriter().add(1, "etcd").add(2, "not healthy").bytes();
  const std::string status = ProtoWriter().add_message(2, condition).bytes();
  const std::string payload = ProtoWriter().add_number(1, 4).add_message(2, status).bytes();
  const auto event = [](const std::string &type, const std::string &bytes) {
    const std::string any = ProtoWriter().add(1, "talos/runtime/" + type).add(2, bytes).bytes();
    return ProtoWriter().add_message(2, any).add(3, "id").bytes();
  };
  auto read = decode_event("m", event("machine.MachineStatusEvent", payload));
  REQUIRE(read);
  CHECK(read->kind == TalosEvent::Kind::machine_status);
  CHECK(read->stage == static_cast<std::uint32_t>(MachineStage::running));
  CHECK_FALSE(read->ready);
  CHECK(read->unmet == std::vector<std::string>{"etcd: not healthy"});
  read = decode_event("m", event("machine.ServiceStateEvent", ProtoWriter().add(1, "kubelet").add(3, "started").bytes()));
  CHECK(read->service == "kubelet");
  CHECK(read->message == "started");
  read = decode_event("m", event("machine.SomethingNew", "\xff"));
  CHECK(read->kind == TalosEvent::Kind::other);
  CHECK(read->type == "machine.SomethingNew");
}

TEST_CASE("the kubeconfig is found in an archive without an end") {
  const std::string content = "apiVersion: v1\nkind: Config\n";
  CHECK(kubeconfig_in(gzip(tar_header("kubeconfig", "00000000034") + content)).value() == content);
  CHECK(kubeconfig_in(gzip(tar_header("kubeconfig", "00000000034 ") + content + std::string(2000, '\0'))).value() == content);
  CHECK_FALSE(kubeconfig_in(gzip(tar_header("kubeconfig", "00000000035") + content)));
  CHECK_FALSE(kubeconfig_in(gzip(tar_header("kubeconfig", "") + content)));
  CHECK_FALSE(kubeconfig_in(gzip("short")));
  const std::string whole = gzip(tar_header("kubeconfig", "00000000034") + content);
  CHECK_FALSE(kubeconfig_in(whole.substr(0, whole.size() / 2)));
  CHECK_FALSE(kubeconfig_in(content));
  CHECK_FALSE(kubeconfig_in(""));
}

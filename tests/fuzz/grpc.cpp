// SPDX-License-Identifier: Apache-2.0
// libFuzzer: any bytes as what a server of the Talos API sends. Every call ends exactly once, and what arrives as a
// message is read as every answer there is.
//
// Input: one byte that says in pieces of which size the rest arrives and which calls are cancelled, then the bytes.
#include "distributions/talos_api/grpc_session.hpp"
#include "distributions/talos_api/kubeconfig_archive.hpp"
#include "distributions/talos_api/messages.hpp"

#include "conversation.hpp"

#include <map>

using namespace ksail;
using fuzz::must;
using namespace ksail::talos_api;

namespace {

void said(const auto &result) { must(result.has_value() || !result.error().message.empty()); }

void decode(std::string_view message) {
  said(decode_version("Version", message));
  said(decode_apply("ApplyConfiguration", message));
  said(decode_services("ServiceList", message));
  said(decode_etcd_members("EtcdMemberList", message));
  said(decode_done("Bootstrap", message));
  said(decode_event("Events", message));
  const auto data = decode_data("Kubeconfig", message);
  said(data);
  said(kubeconfig_in(data ? std::string_view(*data) : message));
}

class Conversation {
public:
  explicit Conversation(std::uint8_t cancelled) {
    for (int i = 0; i < 3; ++i) {
      GrpcRequest request;
      request.method = "/machine.MachineService/Version";
      request.authority = "10.5.0.2:50000";
      request.message = "question";
      const auto call = session_.start(request);
      must(call.has_value());
      open_[*call] = (cancelled >> i & 1) == 0;
    }
    for (const auto &[call, wanted] : open_) {
      if (!wanted) session_.cancel(call);
    }
    std::erase_if(open_, [](const auto &entry) { return !entry.second; });
    session_.take_output();
  }

  bool receive(std::string_view bytes) {
    const bool useful = session_.receive(bytes);
    settle();
    return useful;
  }

  void end() {
    session_.disconnected(std::nullopt);
    settle();
    must(open_.empty() && session_.open_calls() == 0 && !session_.takes_calls());
  }

private:
  void settle() {
    while (const auto event = session_.next_event()) {
      must(open_.contains(event->call));
      if (event->kind == GrpcEvent::Kind::finished) {
        must(!event->failure || !event->failure->message.empty());
        open_.erase(event->call);
        continue;
      }
      decode(event->message);
      session_.taken(event->call, event->message.size());
    }
    session_.take_output();
  }

  GrpcSession session_{{.message_bytes = 1U << 16U, .queued_bytes = 1U << 14U}};
  std::map<std::int32_t, bool> open_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  if (size == 0) return -1;
  decode(fuzz::sent(data, size));
  fuzz::converse<Conversation>(data, size);
  return 0;
}

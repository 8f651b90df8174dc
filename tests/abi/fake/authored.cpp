// SPDX-License-Identifier: Apache-2.0
// A plugin written with the author layer, whose verbs do what authors should not, and some things they should.
#include <ksail/sdk/provider.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <condition_variable>
#include <mutex>
#include <stdexcept>

namespace {

using ksail::Code;
using ksail::Error;
using ksail::Result;
using ksail::sdk::Context;
using ksail::sdk::json;
using ksail::sdk::Reply;
using ksail::sdk::Request;
namespace asio = boost::asio;

class Authored final : public ksail::sdk::Provider {
public:
  Authored(asio::any_io_executor ex, const ksail::sdk::Host &host) : ex_(std::move(ex)), host_(host) {
#ifdef FAKE_THROW_IN_CONSTRUCTOR
    throw std::runtime_error("no such thing as a provider");
#endif
  }

  asio::awaitable<Result<Reply>> run(Request request, Context &context) override {
    if (request.verb == "throw") throw std::runtime_error("thrown by the provider");
    if (request.verb == "throw-later") {
      co_await ksail::sleep_for(std::chrono::milliseconds(1));
      throw std::runtime_error("thrown later");
    }
    if (request.verb == "throw-int") throw 42;
    if (request.verb == "echo") {
      Reply reply(json::object());
      reply.body["body"] = request.body;
      reply.body["operation_id"] = request.operation_id;
      reply.body["deadline"] = !context.deadline().is_never();
      reply.blobs = request.blobs;
      co_return reply;
    }
    if (request.verb == "events") {
      const int count = request.body.value("count", 0);
      json event = json::object();
      for (int i = 0; i < count; ++i) {
        event["n"] = i;
        context.event(event);
        if (i % 8 == 0) co_await ksail::sleep_for(std::chrono::nanoseconds(0));
      }
      co_return Reply();
    }
    if (request.verb == "wait" || request.verb == "stubborn" || request.verb == "block") {
      json event = json::object();
      event["event"] = "waiting";
      context.event(event);
    }
    if (request.verb == "wait") { // cancellable, as asio's operations are
      asio::steady_timer timer(ex_, asio::steady_timer::time_point::max());
      co_await timer.async_wait(asio::use_awaitable);
    }
    if (request.verb == "stubborn") { // not cancellable
      asio::steady_timer timer(ex_, asio::steady_timer::time_point::max());
      co_await ksail::detail::wait_shielded(timer);
    }
    if (request.verb == "block") { // never gives the thread back
      std::mutex mutex;
      std::condition_variable never;
      std::unique_lock lock(mutex);
      for (;;)
        never.wait(lock);
    }
    if (request.verb == "fail") {
      Error error(Code::unavailable, "two parts failed", "try again");
      error.retryable = true;
      error.outcome_unknown = true;
      error.retry_after = std::chrono::milliseconds(250);
      Error inner(Code::not_found, "no image");
      inner.causes.emplace_back(Code::unavailable, "no registry");
      error.causes.push_back(inner);
      error.causes.emplace_back(Code::already_exists, "port taken", "free it");
      co_return error;
    }
    if (request.verb == "fail-partial") co_return Error(Code::partial, "half of it");
    if (request.verb == "fail-config") co_return Error(Code::config, "not for the border");
    if (request.verb == "bad-utf8") {
      Reply reply(json::object());
      reply.body["text"] = "broken \xff here";
      co_return reply;
    }
    if (request.verb == "secret") {
      const auto value = host_.secret("token");
      host_.redact("derived");
      host_.log(KSAIL_LOG_WARN, "from the author layer");
      Reply reply(json::object());
      reply.body["length"] = value ? value->size() : 0;
      reply.body["unknown"] = host_.secret("unknown").has_value();
      co_return reply;
    }
    co_return Error(Code::unimplemented, "no verb " + request.verb);
  }
  void close() override { host_.log(KSAIL_LOG_INFO, "closed"); }

private:
  asio::any_io_executor ex_;
  const ksail::sdk::Host &host_;
};

} // namespace

KSAIL_PROVIDER_PLUGIN(KSAIL_PLUGIN_ID, KSAIL_PLUGIN_VERSION, Authored)

// SPDX-License-Identifier: Apache-2.0
// The smallest provider with the author layer; uses the HTTP client so that the whole library has to link.
#include <ksail/sdk/http.hpp>
#include <ksail/sdk/provider.hpp>

namespace {

class Consumer final : public ksail::sdk::Provider {
public:
  Consumer(boost::asio::any_io_executor executor, const ksail::sdk::Host &)
      : client_(std::move(executor), ksail::http::Endpoint::tcp("127.0.0.1", 1), ksail::http::PoolOptions()) {}

  boost::asio::awaitable<ksail::Result<ksail::sdk::Reply>> run(ksail::sdk::Request request,
                                                               ksail::sdk::Context &) override {
    if (request.verb != "describe") co_return ksail::Error(ksail::Code::unimplemented, "no verb " + request.verb);
    ksail::sdk::json body = ksail::sdk::json::object();
    body["provider"] = "Consumer";
    body["connections"] = client_.counters().connections_opened;
    co_return ksail::sdk::Reply(std::move(body));
  }

private:
  ksail::http::Client client_;
};

} // namespace

KSAIL_PROVIDER_PLUGIN(KSAIL_PLUGIN_ID, KSAIL_PLUGIN_VERSION, Consumer)

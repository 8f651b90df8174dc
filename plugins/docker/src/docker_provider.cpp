// SPDX-License-Identifier: Apache-2.0
#include "docker_provider.hpp"

#include <string_view>
#include <utility>

namespace ksail::docker {

namespace {

VerbResult describe(Verbs &, Request, Context &) {
  const nlohmann::json capabilities = {
      {"node_kind", "container"}, {"exec", true},       {"copy", true},   {"user_data", false},    {"prefetch", true},
      {"stats", true},            {"start_stop", true}, {"events", true}, {"fixed_address", true}, {"published_ports", true},
      {"images", true},           {"shared_volumes", true}, {"registry", true}};
  co_return Reply(nlohmann::json{{"provider", "Docker"}, {"capabilities", capabilities}});
}

using Verb = VerbResult (*)(Verbs &, Request, Context &);
constexpr std::pair<std::string_view, Verb> table[] = {
    {"describe", describe},
    {"validate", validate},
    {"prefetch", prefetch},
    {"ensure_infrastructure", ensure_infrastructure},
    {"create_nodes", create_nodes},
    {"exec", exec},
    {"copy_to", copy_to},
    {"copy_from", copy_from},
    {"find_images", find_images},
    {"upload_image", upload_image},
    {"ensure_registry", ensure_registry},
    {"remove_registry", remove_registry},
    {"observe", observe},
    {"logs", logs},
    {"stats", stats},
    {"watch", watch},
    {"start_nodes", start_nodes},
    {"stop_nodes", stop_nodes},
    {"destroy", destroy},
    {"diagnose", diagnose},
};

} // namespace

DockerProvider::DockerProvider(asio::any_io_executor executor, const sdk::Host &host)
    : verbs_(std::move(executor), host, process_environment()) {}

asio::awaitable<Result<sdk::Reply>> DockerProvider::run(sdk::Request request, sdk::Context &context) {
  for (const auto &[name, verb] : table)
    if (request.verb == name) {
      auto reply = co_await verb(verbs_, std::move(request), context);
      co_return reply;
    }
  co_return Error(Code::unimplemented, "the Docker provider has no verb '" + request.verb + "'",
                  "use a ksail and a plugin of the same release");
}

} // namespace ksail::docker

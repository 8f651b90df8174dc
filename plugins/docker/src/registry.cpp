// SPDX-License-Identifier: Apache-2.0
// ensure_registry and remove_registry: an image registry in a container of its own beside the clusters. It belongs to
// none of them: it carries the label ksail.registry, is at home in the engine's default network (which publishes its
// port, whichever clusters come and go), and is attached to the network of each cluster that uses it.
#include "answer_member.hpp"
#include "engine_error.hpp"
#include "labels.hpp"
#include "request_body.hpp"
#include "subnet.hpp"
#include "verbs.hpp"

#include <algorithm>

namespace ksail::docker {

namespace {

using nlohmann::json;

constexpr const char *registry_label = "ksail.registry";
constexpr int inside_port = 5000;

struct Wanted {
  std::string name, image, network, host_address;
  int host_port = 0;
  json labels = json::object();
};

class Registry {
public:
  Registry(Verbs &verbs, Context &context, Wanted wanted)
      : verbs_(verbs), context_(context), wanted_(std::move(wanted)) {}
  VerbResult ensure();
  VerbResult remove();

private:
  asio::awaitable<Result<json>> look();
  asio::awaitable<Result<bool>> create();
  asio::awaitable<Result<void>> start();
  asio::awaitable<Result<void>> attach(const json &container);
  asio::awaitable<Result<json>> users(const json &container);
  Result<void> check(const json &container) const;

  Verbs &verbs_;
  Context &context_;
  Wanted wanted_;
};

/// The container of that name, or null.
asio::awaitable<Result<json>> Registry::look() {
  const std::string what = "look at registry " + wanted_.name;
  EngineCall call("GET", "/containers/" + http::encode_component(wanted_.name) + "/json", what);
  auto answer = co_await verbs_.engine.send(std::move(call), context_.deadline());
  if (!answer) co_return answer.error();
  if (answer->status == 404) co_return json();
  if (answer->status >= 400) co_return engine_error(what, answer->status, answer->body);
  json container = json::parse(answer->body, nullptr, false);
  if (!container.is_object()) co_return Error(Code::internal, "cannot " + what + ": the answer is no JSON");
  co_return container;
}

Result<void> Registry::check(const json &container) const {
  const json labels = member(member(container, "Config"), "Labels");
  if (text(labels, registry_label) != wanted_.name)
    return Error(Code::already_exists,
                 "cannot use registry " + wanted_.name + ": a container of that name exists that is none",
                 "remove it (docker rm -f " + wanted_.name + "), or give the registry another name");
  if (wanted_.host_port == 0) return {};
  const json bindings = member(member(container, "HostConfig"), "PortBindings");
  for (const auto &[port, bound] : bindings.items())
    for (const auto &binding : bound.is_array() ? bound : json::array())
      if (text(binding, "HostPort") != std::to_string(wanted_.host_port))
        return Error(Code::already_exists,
                     "cannot use registry " + wanted_.name + " on port " + std::to_string(wanted_.host_port) +
                         ": it exists and is published on port " + text(binding, "HostPort"),
                     "use that port, or give the new registry another name");
  return {};
}

/// False when somebody else was making it at the same time.
asio::awaitable<Result<bool>> Registry::create() {
  const std::string port = std::to_string(inside_port) + "/tcp";
  json labels = wanted_.labels;
  labels[registry_label] = wanted_.name;
  json body = {{"Image", wanted_.image}, {"Hostname", wanted_.name}, {"Labels", std::move(labels)}};
  body["ExposedPorts"][port] = json::object();
  // Comes up with the engine: clusters that run then need it.
  body["HostConfig"]["RestartPolicy"]["Name"] = "unless-stopped";
  body["HostConfig"]["PortBindings"][port] =
      json::array({{{"HostIp", wanted_.host_address}, {"HostPort", std::to_string(wanted_.host_port)}}});
  const std::string what = "create registry " + wanted_.name;
  EngineCall call("POST", "/containers/create?name=" + http::encode_component(wanted_.name), what, body);
  auto answer = co_await verbs_.engine.send(std::move(call), context_.deadline());
  if (!answer) co_return answer.error();
  if (answer->status < 300) co_return true;
  if (answer->status == 409) co_return false;
  Error error = engine_error(what, answer->status, answer->body);
  if (answer->status == 404) error.hint = "the image " + wanted_.image + " has to be on the engine: pull or build it";
  co_return error;
}

asio::awaitable<Result<void>> Registry::start() {
  const std::string what = "start registry " + wanted_.name;
  EngineCall call("POST", "/containers/" + http::encode_component(wanted_.name) + "/start", what);
  call.repeatable = true;
  auto answer = co_await verbs_.engine.send(std::move(call), context_.deadline());
  if (!answer) co_return answer.error();
  if (answer->status < 400) co_return Result<void>();
  Error error = engine_error(what, answer->status, answer->body);
  if (is_port_conflict(engine_message(answer->body))) {
    error.code = Code::already_exists;
    error.message = "cannot publish registry " + wanted_.name + " at " + wanted_.host_address + ":" +
                    std::to_string(wanted_.host_port) + ": the port is in use on this host";
    error.hint = "stop what listens there (ss -ltnp 'sport = :" + std::to_string(wanted_.host_port) +
                 "' shows it), or choose another port";
  }
  co_return error;
}

/// Into the cluster's network, at its last address: nodes have the first ones.
asio::awaitable<Result<void>> Registry::attach(const json &container) {
  if (wanted_.network.empty()) co_return Result<void>();
  if (member(member(container, "NetworkSettings"), "Networks").contains(wanted_.network)) co_return Result<void>();
  const std::string what = "attach registry " + wanted_.name + " to network " + wanted_.network;
  EngineCall inspect("GET", "/networks/" + http::encode_component(wanted_.network), what);
  auto network = co_await verbs_.engine.require_json(std::move(inspect), context_.deadline());
  if (!network) co_return network.error();
  json body = {{"Container", wanted_.name}};
  const json ipam = member(*network, "IPAM");
  const auto ranges = ipam.find("Config");
  if (ranges != ipam.end() && ranges->is_array())
    for (const auto &range : *ranges)
      if (const auto parsed = parse_ipv4_range(text(range, "Subnet")); parsed && parsed->prefix <= 30) {
        const std::uint32_t size = std::uint32_t{1} << (32 - std::max(parsed->prefix, 8u));
        body["EndpointConfig"]["IPAMConfig"]["IPv4Address"] = parsed->host(size - 2);
        break;
      }
  EngineCall connect("POST", "/networks/" + http::encode_component(wanted_.network) + "/connect", what, body);
  auto answer = co_await verbs_.engine.send(std::move(connect), context_.deadline());
  if (!answer) co_return answer.error();
  // "endpoint with name … already exists in network …": somebody was faster.
  if (answer->status >= 400 && engine_message(answer->body).find("already exists") == std::string::npos)
    co_return engine_error(what, answer->status, answer->body);
  co_return Result<void>();
}

VerbResult Registry::ensure() {
  bool created = false;
  json container;
  for (int attempt = 0; attempt < 3; ++attempt) {
    auto found = co_await look();
    if (!found) co_return found.error();
    container = std::move(*found);
    if (!container.is_null()) break;
    auto made = co_await create();
    if (!made) co_return made.error();
    created = created || *made;
  }
  if (container.is_null())
    co_return Error(Code::aborted, "cannot create registry " + wanted_.name + ": it is made and removed all the time");
  if (auto checked = check(container); !checked) co_return checked.error();
  const json state = member(container, "State");
  if (!state.value("Running", false)) {
    auto started = co_await start();
    if (!started) {
      // What never ran is nobody's: the name would only stand in the way of another port.
      if (created) (void)co_await remove();
      co_return started.error();
    }
  }
  auto attached = co_await attach(container);
  if (!attached) co_return attached.error();
  co_return Reply(json{{"registry", {{"name", wanted_.name}, {"port", inside_port}, {"created", created}}}});
}

/// Names of the clusters whose networks it is attached to.
asio::awaitable<Result<json>> Registry::users(const json &container) {
  const std::string what = "see who uses registry " + wanted_.name;
  EngineCall call("GET", "/networks?filters=" + label_filter(std::string(), json::object()), what);
  auto networks = co_await verbs_.engine.require_json(std::move(call), context_.deadline());
  if (!networks) co_return networks.error();
  const json attached = member(member(container, "NetworkSettings"), "Networks");
  json names = json::array();
  for (const auto &network : *networks)
    if (attached.contains(text(network, "Name"))) names.push_back(text(member(network, "Labels"), cluster_label));
  co_return names;
}

VerbResult Registry::remove() {
  auto container = co_await look();
  if (!container) co_return container.error();
  if (container->is_null()) co_return Reply(json{{"removed", false}, {"used_by", json::array()}});
  if (auto checked = check(*container); !checked) co_return checked.error();
  const json labels = member(member(*container, "Config"), "Labels");
  for (const auto &[key, value] : wanted_.labels.items())
    if (labels.value(key, json()) != value) co_return Reply(json{{"removed", false}, {"used_by", json::array()}});
  auto used = co_await users(*container);
  if (!used) co_return used.error();
  if (!used->empty()) co_return Reply(json{{"removed", false}, {"used_by", *used}});
  const std::string what = "remove registry " + wanted_.name;
  EngineCall call("DELETE", "/containers/" + http::encode_component(wanted_.name) + "?force=1&v=1", what);
  call.repeatable = true;
  auto answer = co_await verbs_.engine.send(std::move(call), context_.deadline());
  if (!answer) co_return answer.error();
  if (answer->status >= 400 && answer->status != 404) co_return engine_error(what, answer->status, answer->body);
  co_return Reply(json{{"removed", answer->status < 400}, {"used_by", json::array()}});
}

} // namespace

VerbResult ensure_registry(Verbs &verbs, Request request, Context &context) {
  Wanted wanted;
  for (const auto &[name, value] : {std::pair{"name", &wanted.name}, {"image", &wanted.image}}) {
    auto given = required_text(request, name);
    if (!given) co_return given.error();
    *value = *given;
  }
  auto network = optional_text(request, "network");
  if (!network) co_return network.error();
  wanted.network = *network;
  auto address = optional_text(request, "host_address");
  if (!address) co_return address.error();
  wanted.host_address = address->empty() ? "127.0.0.1" : *address;
  auto labels = optional_labels(request, "labels");
  if (!labels) co_return labels.error();
  wanted.labels = *labels;
  const auto port = request.body.find("host_port");
  if (port == request.body.end() || !port->is_number_integer() || *port < 1 || *port > 65535)
    co_return Error(Code::invalid_argument, "ensure_registry: member 'host_port' has to be a number from 1 to 65535");
  wanted.host_port = port->get<int>();
  Registry registry(verbs, context, std::move(wanted));
  auto reply = co_await registry.ensure();
  co_return std::move(reply);
}

VerbResult remove_registry(Verbs &verbs, Request request, Context &context) {
  auto name = required_text(request, "name");
  if (!name) co_return name.error();
  auto labels = optional_labels(request, "labels");
  if (!labels) co_return labels.error();
  Wanted wanted;
  wanted.name = *name;
  wanted.labels = *labels;
  Registry registry(verbs, context, std::move(wanted));
  auto reply = co_await registry.remove();
  co_return std::move(reply);
}

} // namespace ksail::docker

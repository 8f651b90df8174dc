// SPDX-License-Identifier: Apache-2.0
// ensure_infrastructure: one bridge network per cluster with a range chosen here, so that nodes can have fixed
// addresses that are known before they exist.
#include "answer_member.hpp"
#include "engine_error.hpp"
#include "labels.hpp"
#include "request_body.hpp"
#include "subnet.hpp"
#include "verbs.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

namespace ksail::docker {

namespace {

using nlohmann::json;

/// The IPv4 ranges a network has.
std::vector<std::pair<std::string, std::string>> ranges_of(const json &network) {
  std::vector<std::pair<std::string, std::string>> ranges;
  const json::json_pointer configuration("/IPAM/Config");
  if (!network.is_object() || !network.contains(configuration) || !network[configuration].is_array()) return ranges;
  for (const auto &entry : network[configuration])
    if (parse_ipv4_range(text(entry, "Subnet"))) ranges.emplace_back(text(entry, "Subnet"), text(entry, "Gateway"));
  return ranges;
}

Result<Reply> view_of(const json &network, const std::string &name, const std::string &cluster) {
  const json labels = network.value("Labels", json::object());
  if (text(labels, cluster_label) != cluster)
    return Error(Code::already_exists,
                 "cannot make network " + name + ": a network of that name exists that is not of cluster '" + cluster +
                     "'",
                 "remove it (docker network rm " + name + "), or choose another name for the cluster");
  const auto ranges = ranges_of(network);
  if (ranges.empty())
    return Error(Code::failed_precondition, "cannot use network " + name + ": it has no IPv4 range",
                 "remove it (docker network rm " + name + ") and try again");
  Reply reply;
  reply.body["network"] = {{"name", name},
                           {"id", text(network, "Id")},
                           {"subnet", ranges.front().first},
                           {"gateway", ranges.front().second}};
  return reply;
}

/// What the engine's networks and, where it runs here, this host's routes occupy.
std::vector<Ipv4Range> taken_ranges(const json &networks, bool local) {
  std::vector<Ipv4Range> taken;
  for (const auto &network : networks)
    for (const auto &[subnet, gateway] : ranges_of(network))
      taken.push_back(*parse_ipv4_range(subnet));
  if (!local) return taken;
  if (auto routes = read_file_if_there("/proc/net/route"); routes && *routes)
    for (const auto &range : parse_route_table(**routes))
      taken.push_back(range);
  return taken;
}

bool is_older(const json &one, const json &other) {
  return std::pair(text(one, "Created"), text(one, "Id")) < std::pair(text(other, "Created"), text(other, "Id"));
}

json network_body(const std::string &name, const Ipv4Range &range, const json &labels, const std::string &cluster,
                  const std::string &mtu) {
  json configuration = {{"Subnet", range.text()}, {"Gateway", range.host(1)}};
  json options = {{"com.docker.network.bridge.enable_ip_masquerade", "true"}};
  if (!mtu.empty()) options["com.docker.network.driver.mtu"] = mtu;
  json all_labels = labels;
  all_labels[cluster_label] = cluster;
  json body = {
      {"Name", name}, {"CheckDuplicate", true}, {"Driver", "bridge"}, {"Labels", all_labels}, {"Options", options}};
  body["IPAM"]["Driver"] = "default";
  body["IPAM"]["Config"].push_back(configuration);
  return body;
}

/// Names of networks are not unique: two creations at the same moment make two. The older one stays.
VerbResult settle_on_one(Verbs &verbs, Context &context, std::string cluster, std::string name, std::string made) {
  const json filter = {{"name", {"^" + name + "$"}}};
  EngineCall list("GET", "/networks?filters=" + http::encode_component(filter.dump()), "look at network " + name);
  auto networks = co_await verbs.engine.require_json(std::move(list), context.deadline());
  if (!networks) co_return networks.error();
  const json *oldest = nullptr;
  for (const auto &network : *networks)
    if (text(network, "Name") == name && (!oldest || is_older(network, *oldest))) oldest = &network;
  if (!oldest)
    co_return Error(Code::aborted, "cannot make network " + name + ": it is gone again",
                    "another creation or deletion of this cluster is running; wait until it has ended");
  if (text(*oldest, "Id") != made) {
    EngineCall remove("DELETE", "/networks/" + made, "remove a second network " + name);
    auto removed = co_await verbs.engine.send(std::move(remove), context.deadline());
    if (!removed) co_return removed.error();
    if (removed->status >= 400 && removed->status != 404)
      co_return engine_error("remove a second network " + name, removed->status, removed->body);
  }
  co_return view_of(*oldest, name, cluster);
}

} // namespace

VerbResult ensure_infrastructure(Verbs &verbs, Request request, Context &context) {
  auto cluster = required_cluster(request);
  if (!cluster) co_return cluster.error();
  auto labels = optional_labels(request, "labels");
  if (!labels) co_return labels.error();
  const json wanted = request.body.value("network", json::object());
  std::string name = text(wanted, "name");
  if (name.empty()) name = "ksail-" + *cluster;
  if (wanted.is_object() && wanted.value("ipv6", json(false)) == true)
    co_return Error(Code::invalid_argument, "cannot make network " + name + ": IPv6 is not offered");
  auto address = verbs.engine.address();
  if (!address) co_return address.error();

  // Ranges that the engine refuses although nothing shows them: of a network made a moment ago, or of its own pools.
  std::vector<Ipv4Range> refused;
  for (int attempt = 0; attempt < 8; ++attempt) {
    EngineCall list("GET", "/networks", "list networks");
    auto networks = co_await verbs.engine.require_json(std::move(list), context.deadline());
    if (!networks) co_return networks.error();
    std::string mtu;
    for (const auto &network : *networks) {
      if (text(network, "Name") == name) co_return view_of(network, name, *cluster);
      if (text(network, "Name") == "bridge")
        mtu = text(network.value("Options", json::object()), "com.docker.network.driver.mtu");
    }
    std::vector<Ipv4Range> taken = taken_ranges(*networks, address->local());
    taken.insert(taken.end(), refused.begin(), refused.end());
    const auto range = choose_subnet(taken, *cluster);
    if (!range)
      co_return Error(Code::resource_exhausted, "cannot make network " + name + ": no free IPv4 range is left",
                      "`docker network prune` removes networks that nothing uses");
    const json body = network_body(name, *range, *labels, *cluster, mtu);
    EngineCall create("POST", "/networks/create", "make network " + name, body);
    // The engine finishes what it began even when nobody waits for it: a network that appears after the clean-up has
    // looked would stay. The call takes a tenth of a second, so a cancellation waits for it.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    auto answer = co_await verbs.engine.send(std::move(create), context.deadline());
    co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
    if (!answer) co_return answer.error();
    if (answer->status < 300) {
      auto agreed =
          co_await settle_on_one(verbs, context, *cluster, name, text(json::parse(answer->body, nullptr, false), "Id"));
      co_return std::move(agreed);
    }
    const std::string reason = engine_message(answer->body);
    if (is_range_conflict(reason))
      refused.push_back(*range);
    else if (reason.find("already exists") == std::string::npos) // else somebody was faster: it is in the next list
      co_return engine_error("make network " + name, answer->status, answer->body);
  }
  co_return Error(Code::resource_exhausted,
                  "cannot make network " + name + ": the engine refused every range that was tried",
                  "`docker network prune` removes networks that nothing uses");
}

} // namespace ksail::docker

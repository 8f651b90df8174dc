// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/standing_objects.hpp"

#include "kubernetes/json_field.hpp"
#include "kubernetes/owned_fields.hpp"
#include "orchestrator/workload_body.hpp"

#include <algorithm>
#include <array>
#include <functional>

namespace ksail {

using nlohmann::json;

namespace {

constexpr std::size_t worth_a_list = 8;
constexpr std::size_t samples = 3;                       ///< of a group, at first
constexpr std::size_t page_bytes = std::size_t(8) << 20; ///< about that much at a time in memory
constexpr std::size_t smallest_page = 20, largest_page = 500;
/// And six for each of ours: in a larger crowd reading ours one by one costs the server less than a list of all.
constexpr std::size_t strangers_allowed = 500;

std::size_t page_size(std::size_t members, std::size_t bytes) {
  // The server's own fields and the record of who owns what come to each manifest.
  const std::size_t each = 4 * (bytes / members) + 2048;
  return std::clamp(page_bytes / each, smallest_page, largest_page);
}

} // namespace

StandingObjects::StandingObjects(kubernetes::Client &client, const ObjectSet &objects,
                                 const WorkloadApplyOptions &options, const Definitions &defined)
    : client_(client), objects_(objects), options_(options),
      set_(options.inventory ? options.inventory->id() : std::string()) {
  if (options.dry_run) return; // it is the server's word that is asked for
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const manifests::Object object = objects.head(i);
    if (object.name.empty() || defined.contains({object.api_version, object.kind})) continue;
    Group &group = groups_[{object.api_version, object.kind, object.ns}];
    group.members.push_back(i);
    group.bytes += objects.length(i);
  }
  std::erase_if(groups_, [](const auto &group) { return group.second.members.size() < worth_a_list; });
}

std::size_t StandingObjects::first_requests() const { return std::min(groups_.size(), options_.concurrency) * samples; }

asio::awaitable<Result<void>> StandingObjects::look(Deadline deadline) {
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  for (const auto &[place, group] : groups_)
    work.push_back([this, &place, &group, deadline] { return look_at(place, group, deadline); });
  ForEachOptions how;
  how.limit = options_.concurrency;
  how.stop_on_failure = false;
  Result<void> looked = co_await run_all(std::move(work), how);
  groups_.clear();
  co_return looked;
}

asio::awaitable<Result<void>> StandingObjects::look_at(Place place, const Group &group, Deadline deadline) {
  const auto &[api_version, kind, stated] = place;
  auto info = co_await client_.resource(api_version, kind, deadline);
  if (!info) co_return info.error();
  Home home;
  if (info->namespaced) home.ns = stated.empty() ? options_.default_namespace : stated;
  home.info = std::move(*info);
  Result<void> sampled = co_await sample(home, group, deadline);
  if (!sampled) co_return sampled;
  const bool any = std::any_of(group.members.begin(), group.members.end(), [this](auto i) { return has(i); });
  if (!any) co_return Result<void>();
  Result<void> listed = co_await list(home, group, deadline);
  co_return listed;
}

asio::awaitable<Result<void>> StandingObjects::sample(const Home &home, const Group &group, Deadline deadline) {
  const std::array<std::size_t, samples> some = {group.members.front(), group.members[group.members.size() / 2],
                                                 group.members.back()};
  return read(std::vector<std::size_t>(some.begin(), some.end()), home, deadline);
}

asio::awaitable<Result<void>> StandingObjects::read(std::vector<std::size_t> some, const Home &home,
                                                    Deadline deadline) {
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  for (const auto i : some) {
    work.push_back([this, i, &home, deadline]() -> asio::awaitable<Result<void>> {
      std::string path = kubernetes::Client::object_path(home.info, home.ns, objects_.head(i).name);
      auto live = co_await client_.get(std::move(path), deadline);
      if (live) compare(*live, i, home);
      if (!live && live.error().code != Code::not_found) co_return live.error();
      co_return Result<void>();
    });
  }
  ForEachOptions how;
  how.limit = options_.concurrency;
  Result<void> done = co_await run_all(std::move(work), how);
  co_return done;
}

asio::awaitable<Result<void>> StandingObjects::list(const Home &home, const Group &group, Deadline deadline) {
  std::unordered_map<std::string, std::size_t> by_name;
  for (const auto i : group.members)
    by_name.emplace(objects_.head(i).name, i);
  const std::string page = kubernetes::Client::collection_path(home.info, home.ns) +
                           "?limit=" + std::to_string(page_size(group.members.size(), group.bytes));
  std::string path = page;
  for (std::size_t met = 0, strangers = 0; met < by_name.size();) {
    auto page_of = co_await client_.get(path, deadline);
    if (!page_of) co_return page_of.error();
    const auto items = page_of->find("items");
    if (items == page_of->end() || !items->is_array()) break;
    for (const auto &item : *items) {
      const auto metadata = item.find("metadata");
      const bool whole = item.is_object() && metadata != item.end() && metadata->is_object();
      const auto known = whole ? by_name.find(metadata->value("name", "")) : by_name.end();
      known == by_name.end() ? ++strangers : ++met;
      if (known != by_name.end()) compare(item, known->second, home);
    }
    const auto metadata = page_of->find("metadata");
    if (metadata == page_of->end() || !metadata->is_object()) break;
    const std::string more = metadata->value("continue", "");
    if (more.empty()) break;
    const auto left = metadata->find("remainingItemCount");
    const std::size_t to_come = left != metadata->end() && left->is_number_unsigned() ? left->get<std::size_t>() : 0;
    if (strangers + to_come > strangers_allowed + 7 * by_name.size()) {
      std::vector<std::size_t> unseen;
      for (const auto i : group.members)
        if (!has(i)) unseen.push_back(i);
      Result<void> each = co_await read(std::move(unseen), home, deadline);
      co_return each;
    }
    path = page + "&continue=" + http::encode_component(more);
  }
  co_return Result<void>();
}

void StandingObjects::compare(const json &live, std::size_t i, const Home &home) {
  if (has(i)) return;
  auto object = objects_.read(i);
  if (!object || text(field(live, "metadata"), "name") != object->name) return;
  const auto body = apply_body(*object, home.ns, set_);
  if (!body) return;
  if (!kubernetes::stands_as_applied(live, json::parse(*body, nullptr, false), options_.field_manager)) return;
  Found found;
  found.info = home.info;
  found.ns = home.ns;
  // Whether it is ready is told by all of it.
  if (options_.wait)
    found.object = live;
  else
    found.object["metadata"] = live["metadata"];
  found.object["metadata"].erase("managedFields");
  found.object["apiVersion"] = object->api_version;
  found.object["kind"] = object->kind;
  found_.emplace(i, std::move(found));
}

StandingObjects::Found StandingObjects::take(std::size_t i) {
  auto node = found_.extract(i);
  return std::move(node.mapped());
}

} // namespace ksail

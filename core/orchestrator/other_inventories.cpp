// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/other_inventories.hpp"

#include "kubernetes/json_field.hpp"
#include "kubernetes/known_kinds.hpp"
#include "orchestrator/apply_set_members.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <set>
#include <utility>

namespace ksail {

using nlohmann::json;

namespace {

/// "Secret shop/web" for each id whose parent can be found, anywhere in the cluster or at least beside `own`.
asio::awaitable<std::map<std::string, std::string>> parents_of(kubernetes::Client &client, std::set<std::string> ids,
                                                               kubernetes::ApplySetParent own, Deadline deadline) {
  std::string list;
  for (const auto &id : ids)
    list += (list.empty() ? "" : ",") + id;
  const std::string query =
      "?labelSelector=" + http::encode_component(std::string(kubernetes::apply_set_id_label) + " in (" + list + ")");
  std::map<std::string, std::string> parents;
  constexpr std::array<const char *, 2> kinds = {"Secret", "ConfigMap"};
  for (const char *kind : kinds) {
    const auto info = *kubernetes::known_kind("v1", kind);
    auto found = co_await client.get(kubernetes::Client::collection_path(info, "") + query, deadline);
    if (!found && found.error().code == Code::permission_denied)
      found = co_await client.get(kubernetes::Client::collection_path(info, own.ns) + query, deadline);
    if (!found) continue;
    for (const auto &item : field(*found, "items")) {
      const json &metadata = field(item, "metadata");
      parents[text(field(metadata, "labels"), kubernetes::apply_set_id_label)] =
          std::string(kind) + " " + text(metadata, "namespace") + "/" + text(metadata, "name");
    }
  }
  co_return parents;
}

} // namespace

asio::awaitable<OtherInventories> other_inventories(kubernetes::Client &client, kubernetes::ApplySetParent own,
                                                    kubernetes::ApplySetContents where, std::size_t concurrency,
                                                    Deadline deadline) {
  const std::string label(kubernetes::apply_set_member_label);
  OtherInventories others;
  std::set<std::string> ids;
  MemberSink found = [&](const kubernetes::ResourceInfo &, const json &object) {
    const json &metadata = field(object, "metadata");
    std::string id = text(field(metadata, "labels"), label);
    if (id.empty() || id == own.id()) return;
    ids.insert(id);
    others[text(metadata, "uid")] = std::move(id);
  };
  Result<void> looked = co_await find_members(client, std::move(where), label + "," + label + "!=" + own.id(), found,
                                              concurrency, deadline);
  static_cast<void>(looked);
  if (others.empty()) co_return others;
  const auto parents = co_await parents_of(client, ids, own, deadline);
  for (auto &[uid, inventory] : others)
    if (const auto parent = parents.find(inventory); parent != parents.end()) inventory = parent->second;
  co_return others;
}

std::string taken_over(const OtherInventories &others, std::string_view uid, const kubernetes::ApplySetParent &own) {
  const auto found = others.find(uid);
  if (found == others.end()) return {};
  return "it belonged to the inventory " + found->second + ", and belongs to " + own.describe() + " now";
}

} // namespace ksail

// SPDX-License-Identifier: Apache-2.0
// Where kinds live in the API, and the paths made of it.
#include "kubernetes/client_impl.hpp"
#include "kubernetes/kind_hint.hpp"
#include "kubernetes/known_kinds.hpp"

#include <algorithm>

namespace ksail::kubernetes {

using nlohmann::json;

namespace {

std::vector<ResourceInfo> kinds_in(const json &list, const std::string &api_version) {
  const auto slash = api_version.find('/');
  std::vector<ResourceInfo> kinds;
  const auto resources = list.find("resources");
  if (resources == list.end() || !resources->is_array()) return kinds;
  for (const auto &resource : *resources) {
    ResourceInfo info;
    info.plural = resource.value("name", "");
    info.kind = resource.value("kind", "");
    info.namespaced = resource.value("namespaced", false);
    if (slash != std::string::npos) info.group = api_version.substr(0, slash);
    info.version = slash == std::string::npos ? api_version : api_version.substr(slash + 1);
    const bool subresource = info.plural.find('/') != std::string::npos;
    if (!subresource && !info.plural.empty()) kinds.push_back(std::move(info));
  }
  return kinds;
}

/// Why the kinds of a version are not known, with what the one that was asked for may be.
Error without(const std::string &api_version, const std::string &kind, Error error) {
  if (error.code != Code::not_found) return error;
  if (std::string hint = kind_hint(api_version, kind, {}); !hint.empty()) error.hint = std::move(hint);
  return error;
}

} // namespace

asio::awaitable<Result<std::vector<ResourceInfo>>> Client::Impl::kinds_of(Self self, std::string api_version,
                                                                          Deadline deadline) {
  for (;;) {
    const auto known = self->discovered.find(api_version);
    if (known == self->discovered.end()) break;
    const auto entry = known->second;
    const bool told = co_await entry->done.wait();
    if (!told) co_return Error(Code::cancelled, "cancelled while asking what the server has in " + api_version);
    if (entry->kinds && (*entry->kinds || entry->kinds->error().code != Code::cancelled)) co_return *entry->kinds;
  }
  const auto entry = std::make_shared<Discovery>(self->executor);
  self->discovered[api_version] = entry;
  // Lets the others go on however this ends, cancellation included. Only a success stays remembered.
  struct Announce {
    Self impl;
    std::string of;
    std::shared_ptr<Discovery> entry;
    ~Announce() {
      if (!entry->kinds || !*entry->kinds) {
        const auto mine = impl->discovered.find(of);
        if (mine != impl->discovered.end() && mine->second == entry) impl->discovered.erase(mine);
      }
      entry->done.set();
    }
  };
  const Announce announce{self, api_version, entry};
  const std::string path = (api_version.find('/') == std::string::npos ? "/api/" : "/apis/") + api_version;
  auto list = co_await json_request(self, "GET", path, std::string(), std::string(), deadline);
  if (list)
    entry->kinds = kinds_in(*list, api_version);
  else if (list.error().code == Code::not_found)
    entry->kinds = Error(Code::not_found, "the server does not have the API version " + api_version,
                         "install what provides it first (its CustomResourceDefinitions), or use a version it serves");
  else
    entry->kinds = list.error();
  co_return *entry->kinds;
}

asio::awaitable<Result<ResourceInfo>> Client::Impl::resource(Self self, std::string api_version, std::string kind,
                                                             Deadline deadline) {
  if (auto known = known_kind(api_version, kind)) co_return std::move(*known);
  const bool remembered = self->discovered.contains(api_version);
  auto kinds = co_await kinds_of(self, api_version, deadline);
  if (!kinds) co_return without(api_version, kind, kinds.error());
  const auto has_kind = [&](const ResourceInfo &info) { return info.kind == kind; };
  auto found = std::find_if(kinds->begin(), kinds->end(), has_kind);
  if (found == kinds->end() && remembered) {
    // Its definition may have come after we asked.
    self->discovered.erase(api_version);
    kinds = co_await kinds_of(self, api_version, deadline);
    if (!kinds) co_return kinds.error();
    found = std::find_if(kinds->begin(), kinds->end(), has_kind);
  }
  if (found != kinds->end()) co_return *found;
  self->discovered.erase(api_version);
  std::string hint = kind_hint(api_version, kind, *kinds);
  if (hint.empty()) hint = "install its CustomResourceDefinition first, or correct apiVersion and kind";
  co_return Error(Code::not_found, "the server has no kind " + kind + " in " + api_version, std::move(hint));
}

std::string Client::collection_path(const ResourceInfo &info, std::string_view ns) {
  std::string path = info.group.empty() ? "/api/" + info.version : "/apis/" + info.group + "/" + info.version;
  if (info.namespaced && !ns.empty()) path += "/namespaces/" + http::encode_component(ns);
  return path + "/" + info.plural;
}

std::string Client::object_path(const ResourceInfo &info, std::string_view ns, std::string_view name) {
  return collection_path(info, ns) + "/" + http::encode_component(name);
}

} // namespace ksail::kubernetes

// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/apply_set.hpp"

#include "kubernetes/base64.hpp"
#include "kubernetes/json_field.hpp"
#include "kubernetes/known_kinds.hpp"
#include "manifests/dns_label.hpp"

#include <nlohmann/json.hpp>
#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace ksail::kubernetes {

using nlohmann::json;

namespace {

constexpr const char *tooling_annotation = "applyset.kubernetes.io/tooling";
constexpr const char *kinds_annotation = "applyset.kubernetes.io/contains-group-kinds";
constexpr const char *namespaces_annotation = "applyset.kubernetes.io/additional-namespaces";

std::string sha256(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return {reinterpret_cast<const char *>(digest.data()), size};
}

std::vector<std::string> words(std::string_view list) {
  std::vector<std::string> out;
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    if (comma > 0) out.emplace_back(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return out;
}

template <class List, class Text> std::string joined(const List &list, Text text) {
  std::string out;
  for (const auto &each : list)
    out += (out.empty() ? "" : ",") + text(each);
  return out;
}

} // namespace

std::string ApplySetParent::describe() const { return info.kind + " " + ns + "/" + name; }

std::string ApplySetParent::id() const {
  std::string hash = encode_base64(sha256(name + "." + ns + "." + info.kind + "." + info.group));
  while (hash.ends_with('='))
    hash.pop_back();
  std::replace(hash.begin(), hash.end(), '+', '-');
  std::replace(hash.begin(), hash.end(), '/', '_');
  return "applyset-" + hash + "-v1";
}

Result<ApplySetParent> apply_set_parent(std::string_view text, std::string_view ns) {
  const auto slash = text.find('/');
  const std::string_view resource = slash == std::string_view::npos ? "secret" : text.substr(0, slash);
  const std::string_view name = slash == std::string_view::npos ? text : text.substr(slash + 1);
  ApplySetParent parent;
  if (resource == "secret" || resource == "secrets")
    parent.info = *known_kind("v1", "Secret");
  else if (resource == "configmap" || resource == "configmaps")
    parent.info = *known_kind("v1", "ConfigMap");
  else
    return Error(Code::usage, "--inventory: " + std::string(resource) + " cannot hold an inventory",
                 "NAME or secret/NAME for a Secret, configmap/NAME for a ConfigMap");
  if (!manifests::is_dns_subdomain(name))
    return Error(Code::usage, "--inventory: \"" + std::string(name) + "\" is no name of an object",
                 std::string(manifests::dns_subdomain_rule));
  parent.ns = ns;
  parent.name = name;
  return parent;
}

void ApplySetContents::add(const ApplySetContents &more) {
  kinds.insert(more.kinds.begin(), more.kinds.end());
  namespaces.insert(more.namespaces.begin(), more.namespaces.end());
}

Result<ApplySetContents> apply_set_contents(const json &object, const ApplySetParent &parent, std::string_view tool) {
  const json &metadata = field(object, "metadata");
  const json &annotations = field(metadata, "annotations");
  const std::string tooling = text(annotations, tooling_annotation);
  const std::string id = text(field(metadata, "labels"), apply_set_id_label);
  const std::string what = parent.describe();
  if (tooling.empty() && id.empty())
    return Error(Code::already_exists, what + " is there already and is no inventory",
                 "choose another --inventory NAME");
  if (tooling.empty() || id != parent.id() || !field(annotations, kinds_annotation).is_string())
    return Error(Code::failed_precondition,
                 what + " is no inventory that can be used: its labels and annotations do not belong together",
                 "choose another --inventory NAME; this one may be a copy of another object's");
  const std::string owner = tooling.substr(0, tooling.find('/'));
  if (owner != tool)
    return Error(Code::failed_precondition, what + " is the inventory of " + owner + ", not of " + std::string(tool),
                 "to hand it over: `kubectl annotate -n " + parent.ns + " " + parent.info.plural + " " + parent.name +
                     " --overwrite " + tooling_annotation + "=" + std::string(tool) + "/1`");
  ApplySetContents contents;
  for (const auto &word : words(text(annotations, kinds_annotation))) {
    const auto dot = std::min(word.find('.'), word.size());
    contents.kinds.insert({dot < word.size() ? word.substr(dot + 1) : "", word.substr(0, dot)});
  }
  for (auto &word : words(text(annotations, namespaces_annotation)))
    contents.namespaces.insert(std::move(word));
  contents.namespaces.insert(parent.ns);
  return contents;
}

json apply_set_object(const ApplySetParent &parent, const ApplySetContents &contents, std::string_view tooling) {
  std::set<std::string> others = contents.namespaces;
  others.erase(parent.ns);
  std::set<std::string> kinds;
  for (const auto &kind : contents.kinds)
    kinds.insert(kind.text());
  const auto itself = [](const std::string &each) { return each; };
  json object;
  object["apiVersion"] = parent.info.version;
  object["kind"] = parent.info.kind;
  json &metadata = object["metadata"];
  metadata["name"] = parent.name;
  metadata["namespace"] = parent.ns;
  metadata["labels"][std::string(apply_set_id_label)] = parent.id();
  metadata["annotations"][tooling_annotation] = tooling;
  metadata["annotations"][kinds_annotation] = joined(kinds, itself);
  metadata["annotations"][namespaces_annotation] = joined(others, itself);
  return object;
}

std::string apply_set_keeps(const json &object) {
  struct Wish {
    const char *annotation;
    std::string_view value;
  };
  // What the tools that prune understand, so that it holds whichever of them comes along.
  constexpr std::array<Wish, 4> wishes = {
      Wish{"helm.sh/resource-policy", "keep"}, Wish{"kustomize.toolkit.fluxcd.io/prune", "disabled"},
      Wish{"cli-utils.sigs.k8s.io/on-remove", "keep"}, Wish{"client.lifecycle.config.k8s.io/deletion", "detach"}};
  const json &metadata = field(object, "metadata");
  const json &annotations = field(metadata, "annotations");
  for (const auto &wish : wishes)
    if (text(annotations, wish.annotation) == wish.value)
      return std::string("its annotation ") + wish.annotation + " says so";
  if (text(annotations, "argocd.argoproj.io/sync-options").find("Prune=false") != std::string::npos)
    return "its annotation argocd.argoproj.io/sync-options says so";
  const json &owners = field(metadata, "ownerReferences");
  if (owners.is_array())
    for (const auto &owner : owners)
      if (field(owner, "controller") == json(true))
        return "it belongs to " + text(owner, "kind") + " " + text(owner, "name");
  if (!text(metadata, "deletionTimestamp").empty()) return "it is being deleted already";
  return {};
}

} // namespace ksail::kubernetes

// SPDX-License-Identifier: Apache-2.0
#include "random_kustomization.hpp"

#include <set>

namespace ksail::fuzz {
namespace {

/// What is left of an object when most of it is taken away; with what makes it a patch.
Json piece(Random &r, const Json &value, bool root) {
  static const std::set<std::string> identity = {"name", "containerPort", "mountPath",        "port", "protocol",
                                                 "ip",   "topologyKey",   "whenUnsatisfiable"};
  if (value.is_object()) {
    Json result = Json::object();
    for (const auto &[key, child] : value.items()) {
      if (identity.contains(key) && !root) {
        if (key == "name" || r.percent(85)) result[key] = child;
      } else if (r.percent(65)) {
        result[key] = r.percent(5) ? Json(nullptr) : piece(r, child, false);
      }
    }
    if (!root && r.percent(3)) result["$patch"] = r.pick({"delete", "replace", "merge"});
    return result;
  }
  if (value.is_array()) {
    Json result = Json::array();
    for (const auto &child : value) {
      if (r.percent(80)) result.push_back(piece(r, child, false));
    }
    if (r.percent(3)) result.push_back(Json{{"$patch", r.pick({"replace", "delete"})}});
    return result;
  }
  return value;
}

Json merge_patch(Random &r, const Known &known) {
  Json patch = piece(r, random_object(r, known.kind, known.name(), ""), true);
  patch["apiVersion"] = known.object["apiVersion"];
  patch["kind"] = known.object["kind"];
  if (!patch.contains("metadata") || !patch["metadata"].is_object()) patch["metadata"] = Json::object();
  patch["metadata"]["name"] = r.percent(97) ? known.name() : "nobody";
  if (!known.ns().empty() && r.percent(95)) patch["metadata"]["namespace"] = known.ns();
  if (r.percent(3)) patch["$patch"] = "delete";
  return patch;
}

std::string pointer(const std::vector<std::string> &steps) {
  std::string result;
  for (const auto &step : steps) {
    result += '/';
    for (char c : step)
      result += c == '~' ? std::string("~0") : c == '/' ? std::string("~1") : std::string(1, c);
  }
  return result;
}

Json json_patch(Random &r, const Known &known) {
  const auto paths = paths_of(known.object);
  Json list = Json::array();
  for (auto n = r.between(1, 3); n > 0; --n) {
    auto path = paths[r.below(paths.size())];
    if (path[0] == "kind" || path[0] == "apiVersion" ||
        (path[0] == "metadata" && (path.size() == 1 || path[1] == "name")))
      continue;
    Json op;
    switch (r.below(8)) {
    case 0:
      op = {{"op", "remove"}, {"path", pointer(path)}};
      break;
    case 1:
      op = {{"op", "test"}, {"path", pointer(path)}, {"value", random_value(r)}};
      break;
    case 2:
      op = {{"op", r.pick({"move", "copy"})}, {"from", pointer(path)}, {"path", "/metadata/annotations"}};
      break;
    case 3:
      path.back() = r.pick({"-", "0", "added", "a/b", "~"});
      op = {{"op", "add"}, {"path", pointer(path)}, {"value", random_value(r)}};
      break;
    case 4:
      op = {{"op", "add"}, {"path", "/metadata/labels"}, {"value", {{"patched", "true"}}}};
      break;
    case 5:
      op = {{"op", "replace"}, {"path", "/metadata/name"}, {"value", random_name(r) + "-new"}};
      break;
    default:
      op = {{"op", r.pick({"replace", "add"})}, {"path", pointer(path)}, {"value", random_value(r)}};
    }
    list.push_back(op);
  }
  if (list.empty()) list.push_back({{"op", "add"}, {"path", "/spec"}, {"value", {{"a", "b"}}}});
  return list;
}

std::string merge_patch_text(Random &r, const Known &known) {
  return to_yaml(r, merge_patch(r, known), Comments::not_behind_keys);
}

} // namespace

Json random_selector(Random &r, const Known &known) {
  Json s = Json::object();
  const auto &api = known.object["apiVersion"].get_ref<const std::string &>();
  const auto slash = api.find('/');
  if (r.percent(85)) s["kind"] = known.object["kind"];
  if (r.percent(30)) s["version"] = slash == api.npos ? api : api.substr(slash + 1);
  if (r.percent(20) && slash != api.npos) s["group"] = api.substr(0, slash);
  if (r.percent(70)) s["name"] = r.percent(75) ? known.name() : r.pick({"w.*", "web|api", ".*", "nobody", "[a-m].*"});
  if (r.percent(8)) s["namespace"] = known.ns().empty() ? random_namespace(r) : known.ns();
  if (r.percent(10))
    s["labelSelector"] = r.pick({"app=web", "app in (web, api)", "!tier", "app!=web,team", "tier==front"});
  if (r.percent(5)) s["annotationSelector"] = r.pick({"app=web", "team"});
  return s;
}

void add_patches(Random &r, Json &k, Folder &folder, const KnownObjects &objects) {
  if (objects.empty()) return;
  Json patches = Json::array();
  Json merges = Json::array();
  Json json6902 = Json::array();
  for (auto n = r.between(1, 3); n > 0; --n) {
    const Known &known = r.pick(objects);
    const auto text_or_file = [&](Json &entry, const std::string &text) {
      if (r.percent(50)) {
        entry["patch"] = text;
      } else {
        entry["path"] = folder.add("patch", ".yaml", text);
      }
    };
    Json entry = Json::object();
    switch (r.below(10)) {
    case 0: { // of the old kind
      const auto text = merge_patch_text(r, known);
      merges.push_back(r.percent(50) ? text : folder.add("merge", ".yaml", text));
      break;
    }
    case 1:
      entry["target"] = {{"version", "v1"}, {"kind", known.object["kind"]}, {"name", known.name()}};
      if (const auto &api = known.object["apiVersion"].get_ref<const std::string &>(); api.find('/') != api.npos) {
        entry["target"]["group"] = api.substr(0, api.find('/'));
        entry["target"]["version"] = api.substr(api.find('/') + 1);
      }
      text_or_file(entry, to_yaml(r, json_patch(r, known)));
      json6902.push_back(entry);
      break;
    case 2:
    case 3:
    case 4:
      entry["target"] = random_selector(r, known);
      text_or_file(entry, r.percent(70) ? to_yaml(r, json_patch(r, known)) : json_patch(r, known).dump());
      patches.push_back(entry);
      break;
    case 5:
    case 6:
      entry["target"] = random_selector(r, known);
      text_or_file(entry, merge_patch_text(r, known));
      if (r.percent(12))
        entry["options"] = {
            {known.kind.starts_with("v1 ") || r.percent(50) ? "allowNameChange" : "allowKindChange", true}};
      patches.push_back(entry);
      break;
    default: {
      auto text = merge_patch_text(r, known);
      if (r.percent(8)) text += "---\n" + merge_patch_text(r, r.pick(objects));
      text_or_file(entry, text);
      patches.push_back(entry);
    }
    }
  }
  if (!patches.empty()) k["patches"] = patches;
  if (!merges.empty()) k["patchesStrategicMerge"] = merges;
  if (!json6902.empty()) k["patchesJson6902"] = json6902;
}

} // namespace ksail::fuzz

// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos/config_patch.hpp"

#include "distributions/talos/json_patch.hpp"

#include <algorithm>
#include <array>
#include <functional>

namespace ksail::talos {

namespace {

constexpr const char *directive = "$patch";

Error at(const std::string &file, const YamlNode &node, const std::string &what) {
  return Error(Code::config, file + ":" + std::to_string(node.line) + ": " + what,
               "the configuration was left as it was");
}

/// What a document is merged with.
struct DocumentId {
  std::string api_version, kind, name;
  friend bool operator==(const DocumentId &, const DocumentId &) = default;
};
DocumentId id_of(const YamlNode &document) {
  const std::string kind = document.text("kind");
  if (kind.empty()) return {};
  return {document.text("apiVersion"), kind, document.text("name")};
}

bool asks_to_delete(const YamlNode &node) {
  const YamlNode *value = node.field(directive);
  return value && value->is_scalar() && value->value == "delete";
}

const char *kind_name(const YamlNode &node) {
  if (node.is_mapping()) return "a mapping";
  return node.is_sequence() ? "a list" : "a single value";
}

bool replaces(const DocumentId &document, const std::string &path) {
  if (document.kind == "NetworkRuleConfig") return path == "ingress" || path == "portSelector.ports";
  if (!document.kind.empty()) return false;
  static constexpr std::array<std::string_view, 3> paths{"cluster.network.podSubnets", "cluster.network.serviceSubnets",
                                                         "cluster.apiServer.auditPolicy"};
  return std::find(paths.begin(), paths.end(), path) != paths.end();
}

/// The fields that tell elements of a list apart; empty: they cannot be told apart.
std::vector<std::string> keys_of(const DocumentId &document, const std::string &path) {
  if (!document.kind.empty()) return {};
  if (path == "machine.network.interfaces") return {"interface", "deviceSelector"};
  if (path == "machine.network.interfaces[].vlans") return {"vlanId"};
  if (path == "cluster.apiServer.admissionControl") return {"name"};
  return {};
}

bool same_value(const YamlNode &a, const YamlNode &b) {
  if (a.kind != b.kind) return false;
  if (a.is_scalar()) return a.value == b.value;
  return std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), same_value);
}

YamlNode *matching(YamlNode &list, const YamlNode &item, const std::vector<std::string> &keys) {
  for (const auto &key : keys) {
    const YamlNode *wanted = item.field(key);
    if (!wanted) continue;
    for (auto &element : list.items)
      if (const YamlNode *there = element.field(key); there && same_value(*there, *wanted)) return &element;
    return nullptr;
  }
  return nullptr;
}

class Merge {
public:
  Merge(const std::string &file, DocumentId document) : file_(file), document_(std::move(document)) {}

  Result<void> into(YamlNode &left, const YamlNode &right, const std::string &path) const {
    if (right.is_null()) return {}; // says nothing
    if (left.is_null() || replaces(document_, path)) {
      left = right;
      return {};
    }
    if (left.kind != right.kind)
      return at(file_, right, path + " is " + kind_name(left) + ", and the patch has " + kind_name(right));
    if (right.is_mapping()) return mappings(left, right, path);
    if (right.is_sequence()) return lists(left, right, path);
    left = right;
    return {};
  }

private:
  Result<void> mappings(YamlNode &left, const YamlNode &right, const std::string &path) const {
    for (std::size_t i = 0; i + 1 < right.items.size(); i += 2) {
      const std::string &key = right.items[i].value;
      const YamlNode &value = right.items[i + 1];
      const std::string below = path.empty() ? key : path + "." + key;
      if (asks_to_delete(value)) {
        if (!erase(left, key)) return at(file_, value, "there is no " + below + " to delete");
        continue;
      }
      if (YamlNode *there = left.field(key)) {
        if (auto done = into(*there, value, below); !done) return done;
      } else if (auto done = add(left, right.items[i], value, below); !done) {
        return done;
      }
    }
    return {};
  }

  /// What is new may still hold an order to delete, and then there is nothing to delete.
  Result<void> add(YamlNode &left, const YamlNode &key, const YamlNode &value, const std::string &path) const {
    YamlNode fresh = value;
    if (value.is_mapping()) {
      fresh.items.clear();
      fresh.flow = false;
      if (auto done = mappings(fresh, value, path); !done) return done;
    } else if (value.is_sequence()) {
      fresh.items.clear();
      fresh.flow = false;
      if (auto done = lists(fresh, value, path); !done) return done;
    }
    left.items.push_back(key);
    left.items.push_back(std::move(fresh));
    return {};
  }

  Result<void> lists(YamlNode &left, const YamlNode &right, const std::string &path) const {
    const auto keys = keys_of(document_, path);
    for (const auto &item : right.items) {
      if (asks_to_delete(item)) {
        if (auto done = delete_element(left, item, path); !done) return done;
        continue;
      }
      YamlNode *there = item.is_mapping() ? matching(left, item, keys) : nullptr;
      if (!there) {
        left.items.push_back(item);
        continue;
      }
      if (auto done = into(*there, item, path + "[]"); !done) return done;
    }
    return {};
  }

  /// The first field beside the directive says which element is meant.
  Result<void> delete_element(YamlNode &left, const YamlNode &item, const std::string &path) const {
    for (std::size_t i = 0; i + 1 < item.items.size(); i += 2) {
      const std::string &key = item.items[i].value;
      if (key == directive) continue;
      const auto found = std::find_if(left.items.begin(), left.items.end(), [&](const YamlNode &element) {
        const YamlNode *value = element.field(key);
        return value && same_value(*value, item.items[i + 1]);
      });
      if (found == left.items.end())
        return at(file_, item, path + " has no element whose " + key + " is as given, to delete");
      left.items.erase(found);
      return {};
    }
    return at(file_, item, "an element of " + path + " to delete needs a field that tells which one");
  }

  const std::string &file_;
  DocumentId document_;
};

Result<void> apply_document(Documents &config, const YamlNode &patch, const std::string &file) {
  const DocumentId id = id_of(patch);
  const auto found =
      std::find_if(config.begin(), config.end(), [&](const YamlNode &document) { return id_of(document) == id; });
  if (asks_to_delete(patch)) {
    if (found == config.end())
      return at(file, patch, "there is no document " + id.kind + (id.name.empty() ? "" : " " + id.name) + " to delete");
    config.erase(found);
    return {};
  }
  if (found != config.end()) return Merge(file, id).into(*found, patch, "");
  YamlNode fresh = YamlNode::mapping();
  if (auto merged = Merge(file, id).into(fresh, patch, ""); !merged) return merged;
  if (id.kind.empty())
    config.insert(config.begin(), std::move(fresh));
  else
    config.push_back(std::move(fresh));
  return {};
}

} // namespace

Result<ConfigPatch> parse_config_patch(std::string_view text, const std::string &file) {
  auto documents = kubernetes::parse_yaml_documents(text, file);
  if (!documents) return documents.error();
  ConfigPatch patch;
  patch.file = file;
  for (auto &document : *documents) {
    if (document.is_null()) continue;
    if (document.is_sequence()) {
      if (documents->size() != 1) return at(file, document, "a JSON patch stands alone in its file");
      patch.kind = ConfigPatch::Kind::json;
    } else if (!document.is_mapping()) {
      return at(file, document, "a patch is a mapping, or a list of JSON patch operations");
    } else if (document.text("kind").empty() != document.text("apiVersion").empty()) {
      return at(file, document, "a document has both of apiVersion and kind, or neither");
    }
    patch.documents.push_back(std::move(document));
  }
  if (patch.documents.empty())
    return Error(Code::config, file + ": the patch is empty", "leave it away, or give it content");
  return patch;
}

Result<void> apply_config_patch(Documents &config, const ConfigPatch &patch) {
  Documents changed = config;
  if (patch.kind == ConfigPatch::Kind::json) {
    const auto main =
        std::find_if(changed.begin(), changed.end(), [](const YamlNode &d) { return d.text("kind").empty(); });
    if (main == changed.end())
      return Error(Code::config, patch.file + ": there is no v1alpha1 document that a JSON patch could change");
    if (auto done = apply_json_patch(*main, patch.documents.front(), patch.file); !done) return done;
  } else {
    for (const auto &document : patch.documents)
      if (auto done = apply_document(changed, document, patch.file); !done) return done;
  }
  config = std::move(changed);
  return {};
}

} // namespace ksail::talos

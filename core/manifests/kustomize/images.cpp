// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/transformers.hpp"

#include <re2/re2.h>

namespace ksail::manifests::kustomize {
namespace {

struct Image {
  std::string name, tag, digest;
};

/// name[:tag][@digest]; a colon before the first slash belongs to the registry's port.
Image split(std::string_view text) {
  Image image;
  if (const auto at = text.find('@'); at != text.npos) {
    image.digest = text.substr(at + 1);
    text = text.substr(0, at);
  }
  const auto slash = text.find('/');
  const auto colon = text.find(':', slash == text.npos ? 0 : slash);
  image.name = text.substr(0, colon);
  image.tag = colon == text.npos ? "" : std::string(text.substr(colon + 1));
  return image;
}

class Change {
public:
  Change(Arena &arena, const nlohmann::json &entry)
      : arena_(arena), new_name_(text_of(entry, "newName")), new_tag_(text_of(entry, "newTag")),
        suffix_(text_of(entry, "tagSuffix")), digest_(text_of(entry, "digest")),
        pattern_("^" + text_of(entry, "name") + "(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$", quiet()) {}

  bool good() const { return pattern_.ok(); }

  Result<void> operator()(Node &node) const {
    if (!node.is_scalar()) {
      return Error(Code::config, "an image is a string, but something else stands there");
    }
    const auto text = node.text();
    if (!re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), pattern_)) {
      return {};
    }
    Image image = split(text);
    if (!new_name_.empty()) {
      image.name = new_name_;
    }
    if (!new_tag_.empty() && !digest_.empty()) {
      image.tag = new_tag_;
      image.digest = digest_;
    } else if (!new_tag_.empty()) {
      image.tag = new_tag_;
      image.digest.clear();
    } else if (!digest_.empty()) {
      image.tag.clear();
      image.digest = digest_;
    } else if (!suffix_.empty()) { // counts only beside neither
      image.tag += suffix_;
      image.digest.clear();
    }
    assign(arena_, node,
           image.name + (image.tag.empty() ? "" : ":" + image.tag) + (image.digest.empty() ? "" : "@" + image.digest),
           Tag::none);
    return {};
  }

  /// Every list below a key `containers` or `initContainers`, at any depth, innermost first.
  Result<void> everywhere(Node &node) const {
    for (std::size_t i = 0; i < node.pairs(); ++i) {
      Node &value = *node.value(i);
      const auto key = node.key(i)->text();
      if (auto done = everywhere(value); !done) {
        return done;
      }
      if ((key == "containers" || key == "initContainers") && value.is_sequence()) {
        if (auto done = containers(value); !done) {
          return std::move(done).error().in("`" + std::string(key) + "`");
        }
      }
    }
    if (node.is_sequence()) {
      for (Node *item : node.children()) {
        if (auto done = everywhere(*item); !done) {
          return done;
        }
      }
    }
    return {};
  }

private:
  Result<void> containers(const Node &list) const {
    for (Node *item : list.children()) {
      if (!item->is_mapping() && !is_null(*item)) {
        return Error(Code::config, "a container is a map, but something else stands there");
      }
      if (Node *image = item->find("image")) {
        if (auto done = (*this)(*image); !done) {
          return done;
        }
      }
    }
    return {};
  }

  static re2::RE2::Options quiet() {
    re2::RE2::Options options;
    options.set_log_errors(false);
    return options;
  }
  Arena &arena_;
  std::string new_name_, new_tag_, suffix_, digest_;
  re2::RE2 pattern_;
};

} // namespace

Result<void> set_image(Arena &arena, Resources &resources, const Json &image, const FieldSpecs &fields) {
  const Change change(arena, image);
  if (!change.good()) {
    return Error(Code::config, "the name `" + text_of(image, "name") + "` is no regular expression");
  }
  const Act act = [&](Node &node) { return change(node); };
  for (Resource *resource : resources) {
    if (resource->kind() == "CustomResourceDefinition") {
      continue;
    }
    if (auto done = change.everywhere(*resource->root); !done) {
      return std::move(done).error().in(resource->id().text());
    }
    for (const auto &field : fields) {
      if (auto done = visit(arena, *resource, field, std::nullopt, act); !done) {
        return done;
      }
    }
  }
  return {};
}

Result<void> set_replicas(Arena &arena, Resources &resources, const Json &replica, const FieldSpecs &fields) {
  const auto name = text_of(replica, "name");
  const auto count = std::to_string(replica.value("count", std::int64_t{0}));
  bool found = false;
  std::string kinds;
  for (const auto &field : fields) {
    kinds += (kinds.empty() ? "" : ", ") + (field.kind.empty() ? std::string("any kind") : field.kind);
    for (Resource *resource : resources) {
      const bool meant =
          resource->any_id([&](const ResId &id) { return id.name == name && id.gvk.selected_by(field.gvk()); });
      if (!meant) {
        continue;
      }
      found = true;
      const Act act = [&](Node &node) -> Result<void> {
        if (!node.is_scalar()) {
          return Error(Code::config, "a count is a number, but something else stands there");
        }
        assign(arena, node, count, node.style == Style::plain ? Tag::integer : Tag::str); // what was quoted stays so
        return {};
      };
      if (auto done = visit(arena, *resource, field, NodeKind::scalar, act); !done) {
        return done;
      }
    }
  }
  if (!found) {
    return Error(Code::config, "nothing named " + name + " has replicas (" + kinds + ")",
                 "name one of those in this kustomization, by its name before any prefix");
  }
  return {};
}

} // namespace ksail::manifests::kustomize

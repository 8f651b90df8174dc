// SPDX-License-Identifier: Apache-2.0
#include "manifests/json.hpp"
#include "manifests/kustomize/embedded_data.hpp"
#include "manifests/kustomize/field_path.hpp"
#include "manifests/kustomize/selector.hpp"
#include "manifests/kustomize/transformers.hpp"

#include <algorithm>

namespace ksail::manifests::kustomize {
namespace {

constexpr const char *kDefaultPath = "metadata.name";

std::vector<std::string> pieces_of(std::string_view text, const std::string &delimiter) {
  std::vector<std::string> pieces;
  for (;;) {
    const auto at = text.find(delimiter);
    pieces.emplace_back(text.substr(0, at));
    if (at == text.npos) {
      return pieces;
    }
    text.remove_prefix(at + delimiter.size());
  }
}

std::string join(const std::vector<std::string> &pieces, const std::string &delimiter) {
  std::string out;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    out += (i > 0 ? delimiter : "") + pieces[i];
  }
  return out;
}

/// The options of a source or a target.
struct Options {
  std::string delimiter;
  std::int64_t index = 0;
  bool create = false;

  explicit Options(const Json &owner) {
    if (const auto at = owner.find("options"); at != owner.end() && at->is_object()) {
      delimiter = text_of(*at, "delimiter");
      index = at->value("index", std::int64_t{0});
      create = flag_of(*at, "create");
    }
  }
};

class Replacer {
public:
  Replacer(Arena &arena, Resources &resources) : arena_(arena), resources_(resources) {}

  Result<void> apply(const Json &replacement) {
    const bool has_source = replacement.contains("source");
    const bool has_value = replacement.contains("sourceValue");
    if (has_source == has_value || !replacement.contains("targets")) {
      return Error(Code::config, "a replacement needs `targets` and either `source` or `sourceValue`");
    }
    Node *value = nullptr;
    if (has_value) {
      value = make_scalar(arena_, text_of(replacement, "sourceValue"));
    } else {
      auto found = source(replacement["source"]);
      if (!found) {
        return found.error();
      }
      value = *found;
    }
    for (const auto &target : replacement["targets"]) {
      if (auto done = into(target, *value); !done) {
        return done;
      }
    }
    return {};
  }

private:
  static std::string described(const Json &source) {
    std::string out;
    for (const char *field : {"kind", "group", "version", "name", "namespace"}) {
      if (const auto text = text_of(source, field); !text.empty()) {
        out += (out.empty() ? "" : ", ") + std::string(field) + " " + text;
      }
    }
    return out.empty() ? "everything" : out;
  }

  Result<Node *> source(const Json &wanted) {
    const Gvk gvk{arena_.copy(text_of(wanted, "group")), arena_.copy(text_of(wanted, "version")),
                  arena_.copy(text_of(wanted, "kind"))};
    const auto name = text_of(wanted, "name");
    const auto ns = text_of(wanted, "namespace");
    const auto selected = [&](const ResId &id) {
      return id.gvk.selected_by(gvk) && (name.empty() || id.name == name) &&
             (ns.empty() || id.effective_namespace() == ns);
    };
    Resource *from = nullptr;
    for (Resource *resource : resources_) {
      if (!resource->any_id(selected)) {
        continue;
      }
      if (from != nullptr) {
        return Error(Code::config,
                     "the source (" + described(wanted) + ") could be " + from->id().text() + " or " +
                         resource->id().text(),
                     "a source is exactly one object: name more of it");
      }
      from = resource;
    }
    if (from == nullptr) {
      return Error(Code::config, "there is no object for the source (" + described(wanted) + ")");
    }
    auto path = text_of(wanted, "fieldPath");
    if (path.empty()) {
      path = kDefaultPath;
    }
    auto found = look_up(*from->root, split_field_path(path));
    if (!found) {
      return std::move(found).error().in("the source " + path + " of " + from->id().text());
    }
    if (nothing_in(*found)) {
      return Error(Code::config, "the source " + from->id().text() + " has no " + path);
    }
    return piece(**found, Options(wanted), path);
  }

  Result<Node *> piece(Node &value, const Options &options, const std::string &path) {
    if (options.delimiter.empty()) {
      return &value;
    }
    if (!value.is_scalar()) {
      return Error(Code::config, "a delimiter takes strings apart, but the source " + path + " is none");
    }
    const auto pieces = pieces_of(value.text(), options.delimiter);
    if (options.index < 0 || options.index >= static_cast<std::int64_t>(pieces.size())) {
      return Error(Code::config, "the source " + path + " has " + std::to_string(pieces.size()) +
                                     " pieces, so there is no index " + std::to_string(options.index));
    }
    Node *part = clone(arena_, value);
    give_text(*part, pieces[static_cast<std::size_t>(options.index)]);
    return part;
  }

  Result<void> into(const Json &target, Node &value) {
    if (!target.contains("select")) {
      return Error(Code::config, "a target needs `select`");
    }
    auto select = Selector::make(target["select"], "select");
    if (!select) {
      return select.error();
    }
    std::vector<Selector> rejects;
    for (const auto &entry : target.value("reject", Json::array())) {
      auto reject = Selector::make(entry, "reject");
      if (!reject) {
        return reject.error();
      }
      rejects.push_back(std::move(*reject));
    }
    auto paths = target.value("fieldPaths", std::vector<std::string>());
    if (paths.empty()) {
      paths.emplace_back(kDefaultPath);
    }
    for (Resource *resource : resources_) {
      if (!meant(*resource, *select, rejects)) {
        continue;
      }
      for (const auto &path : paths) {
        const bool may_forget = path.starts_with("metadata");
        const Node &written = may_forget ? *clone(arena_, value) : value; // it may be a part of this very object
        if (may_forget) {
          resource->put_memory(arena_);
        }
        if (auto done = write(*resource->root, path, Options(target), written); !done) {
          return std::move(done).error().in("the target " + path + " of " + resource->id().text());
        }
        resource->check_memory();
      }
    }
    return {};
  }

  static bool meant(const Resource &resource, const Selector &select, const std::vector<Selector> &rejects) {
    if (!select.fits_metadata(resource) || !resource.any_id([&](const ResId &id) { return select.fits_id(id); })) {
      return false;
    }
    // The id and the labels of one entry of `reject` reject each for itself.
    return std::none_of(rejects.begin(), rejects.end(), [&](const Selector &reject) {
      return (reject.asks_for_metadata() && reject.fits_metadata(resource)) ||
             (reject.asks_for_id() && resource.any_id([&](const ResId &id) { return reject.fits_id(id); }));
    });
  }

  Result<void> write(Node &root, const std::string &path, const Options &options, const Node &value) {
    const auto parts = split_field_path(path);
    const auto made = options.create ? std::optional(value.kind) : std::nullopt;
    auto inside = write_into_embedded(arena_, root, parts, made, value);
    if (!inside) {
      return inside.error();
    }
    if (*inside) {
      return {};
    }
    auto found = find_all(arena_, root, parts, made);
    if (!found) {
      return found.error();
    }
    if (found->empty()) {
      return Error(Code::config, "there is no such field", "options: {create: true} makes it");
    }
    for (Node *node : *found) {
      if (auto done = put(*node, options, value); !done) {
        return done;
      }
    }
    return {};
  }

  Result<void> put(Node &node, const Options &options, const Node &value) {
    if (options.delimiter.empty()) {
      replace_value(arena_, node, value);
      return {};
    }
    if (!node.is_scalar()) {
      return Error(Code::config, "a delimiter takes strings apart, but this is none");
    }
    auto pieces = pieces_of(node.text(), options.delimiter);
    const std::string text(value.text());
    if (options.index < 0) {
      pieces.insert(pieces.begin(), text);
    } else if (options.index >= static_cast<std::int64_t>(pieces.size())) {
      pieces.push_back(text);
    } else {
      pieces[static_cast<std::size_t>(options.index)] = text;
    }
    give_text(node, join(pieces, options.delimiter));
    return {};
  }

  void give_text(Node &scalar, const std::string &text) { replace_text(arena_, scalar, text); }

  Arena &arena_;
  Resources &resources_;
};

Result<Json> load_replacements(const std::string &path, const Loaded &load) {
  auto text = load(path);
  if (!text) {
    return text.error();
  }
  auto value = read_json(*text, path);
  if (!value) {
    return value.error();
  }
  if (!value->is_array() && !value->is_object()) {
    return Error(Code::config, path + " holds neither a replacement nor a list of them");
  }
  Json list = value->is_array() ? std::move(*value) : Json::array({std::move(*value)});
  for (auto &entry : list) {
    auto checked = take_shape(entry, replacement_shape(), path, Reading::lenient);
    if (!checked) {
      return checked.error();
    }
    entry = std::move(*checked);
  }
  return list;
}

} // namespace

Result<void> apply_replacements(Arena &arena, Resources &resources, const Json &replacements, const Loaded &load,
                                const std::string &where) {
  Replacer replacer(arena, resources);
  for (std::size_t i = 0; i < replacements.size(); ++i) {
    const auto at = where + "[" + std::to_string(i) + "]";
    const auto &entry = replacements[i];
    const auto path = text_of(entry, "path");
    Json list = Json::array({entry});
    if (entry.contains("targets") && entry["targets"].empty()) {
      list[0].erase("targets"); // only a file may say that there are none
    }
    if (!path.empty()) {
      if (entry.contains("source") || (entry.contains("targets") && !entry["targets"].empty())) {
        return Error(Code::config, at + " has both `path` and a replacement of its own");
      }
      auto loaded = load_replacements(path, load);
      if (!loaded) {
        return std::move(loaded).error().in(at);
      }
      list = std::move(*loaded);
    }
    for (const auto &replacement : list) {
      if (auto done = replacer.apply(replacement); !done) {
        return std::move(done).error().in(at);
      }
    }
  }
  return {};
}

} // namespace ksail::manifests::kustomize

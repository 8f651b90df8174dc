// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/shape.hpp"

#include "manifests/json.hpp"
#include "manifests/kustomize/node_edit.hpp"
#include "manifests/object_builder.hpp"

#include <ksail/sdk/letter_case.hpp>

#include <algorithm>

namespace ksail::manifests::kustomize {
namespace {

using nlohmann::json;

std::size_t distance(const std::string &a, const std::string &b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string names(std::span<const Field> shape) {
  std::string out;
  for (const auto &field : shape) {
    out += (out.empty() ? "" : ", ") + std::string(field.name);
  }
  return out;
}

std::string suggestion(std::string_view name, std::span<const Field> shape) {
  std::string_view best;
  std::size_t least = 4;
  for (const auto &field : shape) {
    const auto given = ascii_lower(name);
    const auto known = ascii_lower(field.name);
    auto d = distance(given, known);
    if (d > 2 && given.size() > 2 && known.ends_with(given)) {
      d = 2; // `tag` for `newTag`
    }
    if (d < least) {
      least = d;
      best = field.name;
    }
  }
  return best.empty() ? std::string("it has the fields " + names(shape)) : "did you mean `" + std::string(best) + "`?";
}

class Checker {
public:
  Checker(const std::string &file, Reading reading) : file_(file), lenient_(reading == Reading::lenient) {}

  Result<json> object(const json &value, std::span<const Field> shape, const std::string &where) const {
    if (!value.is_object()) {
      return wrong(where, "a map", value);
    }
    json out = json::object();
    for (const auto &[key, item] : value.items()) {
      const auto *field = std::find_if(shape.begin(), shape.end(), [&](const Field &f) {
                            return equal_ignoring_case(f.name, key);
                          }).base();
      if (field == shape.data() + shape.size()) {
        if (lenient_) {
          continue;
        }
        return Error(Code::config, file_ + ": unknown field `" + join(where, key) + "`", suggestion(key, shape));
      }
      if (item.is_null()) {
        continue;
      }
      auto checked = this->value(item, *field, join(where, key));
      if (!checked) {
        return checked;
      }
      out[std::string(field->name)] = std::move(*checked);
    }
    return out;
  }

private:
  static std::string join(const std::string &where, const std::string &key) {
    return where.empty() ? key : where + "." + key;
  }

  Error wrong(const std::string &where, const char *wanted, const json &value) const {
    return {Code::config, file_ + ": `" + where + "` has to be " + wanted + ", but is " + value.type_name(),
            value.is_number() || value.is_boolean() ? "put the value in quotes" : ""};
  }

  Result<json> list(const json &value, const std::string &where, const auto &item) const {
    if (!value.is_array()) {
      return wrong(where, "a list", value);
    }
    json out = json::array();
    for (std::size_t i = 0; i < value.size(); ++i) {
      Result<json> checked = item(value[i], where + "[" + std::to_string(i) + "]");
      if (!checked) {
        return checked;
      }
      out.push_back(std::move(*checked));
    }
    return out;
  }

  Result<json> text(const json &value, const Field &field, const std::string &where) const {
    if (lenient_ && !field.inlined && (value.is_number() || value.is_boolean())) {
      return json(value.dump());
    }
    return value.is_string() ? Result<json>(value) : wrong(where, "a string", value);
  }

  Result<json> value(const json &value, const Field &field, const std::string &where) const {
    switch (field.type) {
    case Type::text:
      return text(value, field, where);
    case Type::flag:
      return value.is_boolean() ? Result<json>(value) : wrong(where, "true or false", value);
    case Type::number:
      return value.is_number_integer() &&
                     (!value.is_number_unsigned() || value.get<std::uint64_t>() <= std::uint64_t{INT64_MAX})
                 ? Result<json>(value)
                 : wrong(where, "a whole number", value);
    case Type::texts:
      return list(value, where, [&](const json &item, const std::string &at) -> Result<json> {
        return item.is_null() ? Result<json>(json("")) : text(item, field, at);
      });
    case Type::text_map: {
      if (!value.is_object()) {
        return wrong(where, "a map of strings", value);
      }
      json out = json::object();
      for (const auto &[key, item] : value.items()) {
        auto checked = item.is_null() ? Result<json>(json("")) : text(item, field, join(where, key));
        if (!checked) {
          return checked;
        }
        out[key] = std::move(*checked);
      }
      return out;
    }
    case Type::object:
      return object(value, field.shape, where);
    case Type::objects:
      return list(value, where, [&](const json &item, const std::string &at) -> Result<json> {
        return item.is_null() ? Result<json>(json::object()) : object(item, field.shape, at);
      });
    case Type::any:
      return value;
    }
    return value;
  }

  const std::string &file_;
  const bool lenient_;
};

/// Keeps of keys that are there several times the last, at any depth.
void keep_last(Node &node) {
  if (node.is_mapping()) {
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < node.size; i += 2) {
      bool again = false;
      for (std::uint32_t j = i + 2; j < node.size && !again; j += 2) {
        again = node.items[j]->text() == node.items[i]->text();
      }
      if (!again) {
        node.items[kept++] = node.items[i];
        node.items[kept++] = node.items[i + 1];
      }
    }
    node.size = kept;
  }
  for (Node *child : node.children()) {
    if (!child->is_scalar() && !child->aliased) {
      keep_last(*child);
    }
  }
}

} // namespace

Result<json> take_shape(const json &value, std::span<const Field> shape, const std::string &file, Reading reading,
                        const std::string &where) {
  return Checker(file, reading).object(value, shape, where);
}

Result<json> read_json(std::string_view yaml, const std::string &file) {
  Arena arena;
  YamlParser parser(yaml);
  Node *root = nullptr;
  if (const auto error = parser.next(arena, root)) {
    return reading_error(file, yaml, 1, *error);
  }
  if (root == nullptr) {
    return json();
  }
  keep_last(*root);
  std::string compact;
  if (const auto error = write_json(*root, Rules::kubectl, compact)) {
    return reading_error(file, yaml, 1, *error);
  }
  return json::parse(compact);
}

std::string text_of(const json &object, const char *field) {
  const auto at = object.find(field);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

bool flag_of(const json &object, const char *field) {
  const auto at = object.find(field);
  return at != object.end() && at->is_boolean() && at->get<bool>();
}

} // namespace ksail::manifests::kustomize

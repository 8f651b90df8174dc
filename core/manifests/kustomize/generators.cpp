// SPDX-License-Identifier: Apache-2.0
#include "manifests/float_text.hpp"
#include "manifests/json.hpp"
#include "manifests/kustomize/transformers.hpp"
#include "manifests/utf8.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <map>

namespace ksail::manifests::kustomize {
namespace {

bool is_utf8(std::string_view text) {
  for (const char *at = text.begin(), *end = text.end(); at != end;) {
    const auto length = utf8_length(at, end);
    if (length == 0) {
      return false;
    }
    at += length;
  }
  return true;
}

/// In lines of 70 characters when it is longer, each with its newline.
std::string wrapped_base64(std::string_view bytes) {
  std::string flat(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char *>(flat.data()),
                      reinterpret_cast<const unsigned char *>(bytes.data()), static_cast<int>(bytes.size()));
  flat.resize(static_cast<std::size_t>(size));
  constexpr std::size_t kLine = 70;
  if (flat.size() < kLine) {
    return flat;
  }
  std::string out;
  for (std::size_t i = 0; i < flat.size(); i += kLine) {
    out.append(flat, i, kLine).append("\n");
  }
  return out;
}

using Data = std::map<std::string, std::string>;

class Sources {
public:
  Sources(const std::string &where, const Loaded &load) : where_(where), load_(load) {}
  Data data;

  Result<void> read(const nlohmann::json &entry) {
    for (const auto &[field, reader] :
         std::initializer_list<std::pair<const char *, Result<void> (Sources::*)(const std::string &)>>{
             {"envs", &Sources::env_file}, {"literals", &Sources::literal}, {"files", &Sources::file}}) {
      if (!entry.contains(field)) {
        continue;
      }
      for (const auto &item : entry[field]) {
        if (auto done = (this->*reader)(item.get<std::string>()); !done) {
          return done;
        }
      }
    }
    return {};
  }

private:
  Result<void> add(const std::string &key, std::string value) {
    if (!data.emplace(key, std::move(value)).second) {
      return Error(Code::config, where_ + ": the key `" + key + "` is there twice");
    }
    return {};
  }

  Result<void> env_file(const std::string &path) {
    auto loaded = load_(path);
    if (!loaded) {
      return loaded.error();
    }
    std::string_view rest = *loaded;
    for (bool first = true; !rest.empty(); first = false) {
      const auto end = rest.find('\n');
      std::string_view line = rest.substr(0, end);
      rest = end == rest.npos ? std::string_view{} : rest.substr(end + 1);
      if (line.ends_with('\r')) {
        line.remove_suffix(1);
      }
      if (!is_utf8(line)) {
        return Error(Code::config, where_ + ": " + path + " has a line that is no UTF-8");
      }
      if (first && line.starts_with("\xEF\xBB\xBF")) {
        line.remove_prefix(3);
      }
      line.remove_prefix(std::min(line.find_first_not_of(" \t\v\f\r"), line.size()));
      if (line.empty() || line[0] == '#') {
        continue;
      }
      const auto equal = line.find('=');
      if (auto done =
              add(std::string(line.substr(0, equal)), equal == line.npos ? "" : std::string(line.substr(equal + 1)));
          !done) {
        return done;
      }
    }
    return {};
  }

  Result<void> literal(const std::string &text) {
    const auto equal = text.find('=');
    if (equal == 0 || equal == text.npos) {
      return Error(Code::config,
                   where_ + ": the literal `" + text.substr(0, equal == 0 ? 1 : 20) + "` is not of the form key=value");
    }
    auto value = text.substr(equal + 1);
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.front() == value.back()) {
      value = value.substr(1, value.size() - 2);
    }
    return add(text.substr(0, equal), std::move(value));
  }

  Result<void> file(const std::string &text) {
    const auto equal = text.find('=');
    if (equal == 0 || (equal != text.npos && (equal + 1 == text.size() || text.find('=', equal + 1) != text.npos))) {
      return Error(Code::config, where_ + ": the file `" + text + "` is not of the form path or key=path");
    }
    const auto path = equal == text.npos ? text : text.substr(equal + 1);
    auto loaded = load_(path);
    if (!loaded) {
      return loaded.error();
    }
    return add(equal == text.npos ? path.substr(path.rfind('/') + 1) : text.substr(0, equal), std::move(*loaded));
  }

  const std::string &where_;
  const Loaded &load_;
};

/// As Go's encoding/json escapes, which also spares HTML.
void write_go_string(std::string_view text, std::string &out) {
  std::string plain;
  write_json_string(text, plain);
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const char c = plain[i];
    if (c == '<' || c == '>' || c == '&') {
      out += c == '<' ? "\\u003c" : c == '>' ? "\\u003e" : "\\u0026";
    } else if (plain.compare(i, 6, "\\u0008") == 0 && (i == 0 || plain[i - 1] != '\\')) {
      out += "\\b";
      i += 5;
    } else if (plain.compare(i, 6, "\\u000c") == 0 && (i == 0 || plain[i - 1] != '\\')) {
      out += "\\f";
      i += 5;
    } else if (plain.compare(i, 3, "\xE2\x80\xA8") == 0 || plain.compare(i, 3, "\xE2\x80\xA9") == 0) {
      out += plain[i + 2] == '\xA8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out += c;
    }
  }
}

/// As Go's encoding/json writes what it read: keys sorted, every number a float.
void write_go_value(const Json &value, std::string &out) {
  if (value.is_object()) {
    out += '{';
    for (bool first = true; const auto &[key, item] : value.items()) {
      out += first ? "" : ",";
      write_go_string(key, out);
      out += ':';
      write_go_value(item, out);
      first = false;
    }
    out += '}';
  } else if (value.is_array()) {
    out += '[';
    for (bool first = true; const auto &item : value) {
      out += first ? "" : ",";
      write_go_value(item, out);
      first = false;
    }
    out += ']';
  } else if (value.is_string()) {
    write_go_string(value.get_ref<const std::string &>(), out);
  } else if (value.is_number()) {
    out += format_json_float(value.get<double>());
  } else {
    out += value.dump();
  }
}

/// What a field counts for in the hash: maps by their values as JSON, whatever these are; a scalar, even null, by its
/// text; nothing like an empty text; anything that is no map like null.
std::string hashed(const Node *field) {
  std::string out;
  if (field == nullptr) {
    return "\"\"";
  }
  if (field->is_scalar()) {
    write_go_string(field->text(), out);
    return out;
  }
  std::string json;
  if (!field->is_mapping() || write_json(*field, Rules::kustomize, json)) {
    return "null";
  }
  write_go_value(Json::parse(json), out);
  return out;
}

bool is_collection(const Node *field) { return field != nullptr && !field->is_scalar(); }

} // namespace

std::string content_hash(const Node &root) {
  const auto data = hashed(root.find("data"));
  std::string content;
  if (root.find_text("kind") == "Secret") {
    content = "{\"data\":" + data + ",\"kind\":\"Secret\",\"name\":\"\"";
    if (const Node *plain = root.find("stringData"); is_collection(plain)) {
      content += ",\"stringData\":" + hashed(plain);
    }
    content += ",\"type\":" + hashed(root.find("type")) + "}";
  } else {
    content = "{";
    if (const Node *binary = root.find("binaryData"); is_collection(binary)) {
      content += "\"binaryData\":" + hashed(binary) + ",";
    }
    content += "\"data\":" + data + ",\"kind\":\"ConfigMap\",\"name\":\"\"}";
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(content.data(), content.size(), digest.data(), &size, EVP_sha256(), nullptr);
  // Hexadecimal, with letters that make no words.
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < 5; ++i) {
    for (const unsigned digit : {unsigned{digest[i]} >> 4U, unsigned{digest[i]} & 15U}) {
      const char c = kHex[digit];
      out += c == '0' ? 'g' : c == '1' ? 'h' : c == '3' ? 'k' : c == 'a' ? 'm' : c == 'e' ? 't' : c;
    }
  }
  return out;
}

Result<Resource *> generate(Arena &arena, Owned &owned, bool secret, const Json &entry, const std::string &where,
                            const Loaded &load) {
  const auto name = text_of(entry, "name");
  if (name.empty()) {
    return Error(Code::config, where + " has no name");
  }
  Sources sources(where, load);
  if (auto done = sources.read(entry); !done) {
    return done.error();
  }
  Node *root = make_node(arena, NodeKind::mapping);
  set(arena, *root, "apiVersion", make_string(arena, "v1"));
  set(arena, *root, "kind", make_string(arena, secret ? "Secret" : "ConfigMap"));
  Node *data = set(arena, *root, "metadata", make_node(arena, NodeKind::mapping));
  set(arena, *data, "name", make_string(arena, name));
  if (const auto ns = text_of(entry, "namespace"); !ns.empty()) {
    set(arena, *data, "namespace", make_string(arena, ns));
  }
  if (secret) {
    const auto type = text_of(entry, "type");
    set(arena, *root, "type", make_string(arena, type.empty() ? "Opaque" : type));
    set(arena, *root, "data", make_node(arena, NodeKind::mapping));
  }
  const auto put = [&](const char *field, const std::string &key, const std::string &value) {
    Node *map = root->find(field);
    if (map == nullptr) {
      map = set(arena, *root, field, make_node(arena, NodeKind::mapping));
    }
    set(arena, *map, key, make_data_text(arena, value));
  };
  for (const auto &[key, value] : sources.data) {
    if (secret) {
      put("data", key, wrapped_base64(value));
    } else if (is_utf8(value)) {
      put("data", key, value);
    } else {
      put("binaryData", key, wrapped_base64(value));
    }
  }
  owned.push_back(std::make_unique<Resource>());
  Resource *resource = owned.back().get();
  resource->root = root;
  const auto options = entry.value("options", nlohmann::json::object());
  for (const char *field : {"labels", "annotations"}) {
    if (options.contains(field)) {
      std::vector<std::pair<std::string_view, std::string_view>> values;
      for (const auto &[key, value] : options[field].items()) {
        values.emplace_back(arena.copy(key), value.get_ref<const std::string &>());
      }
      resource->set_metadata_map(arena, field, std::move(values));
      const Node *map = resource->metadata_map(field);
      for (std::size_t i = 0; map != nullptr && i < map->pairs(); ++i) {
        map->value(i)->style = Style::single_quoted; // what patches put in their place stays a text
      }
    }
  }
  if (flag_of(options, "immutable")) {
    set(arena, *root, "immutable", make_scalar(arena, "true", Style::plain, Tag::boolean));
  }
  resource->needs_hash = !flag_of(options, "disableNameSuffixHash");
  const auto behavior = text_of(entry, "behavior");
  resource->behavior = behavior == "replace"  ? Behavior::replace
                       : behavior == "merge"  ? Behavior::merge
                       : behavior == "create" ? Behavior::create
                                              : Behavior::unspecified;
  return resource;
}

} // namespace ksail::manifests::kustomize

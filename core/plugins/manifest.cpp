// SPDX-License-Identifier: Apache-2.0
#include <plugins/manifest.hpp>

#include <plugins/text.hpp>

#include <ksail/sdk/letter_case.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>

namespace ksail::plugins {

namespace {

using json = nlohmann::json;

constexpr int max_depth = 16;
constexpr std::size_t max_list = 64;
constexpr std::size_t max_text = 1024;
constexpr std::size_t max_name = 64;

/// Nesting outside of strings. Checked before parsing, so that the parser never sees a bomb.
bool too_deep(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      if (++depth > max_depth) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

bool lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool word(char c) { return lower_or_digit(c) || (c >= 'A' && c <= 'Z'); }

bool valid_id(std::string_view s) {
  return !s.empty() && s.size() <= max_name && lower_or_digit(s.front()) &&
         std::all_of(s.begin(), s.end(), [](char c) { return lower_or_digit(c) || c == '-'; });
}

bool valid_version(std::string_view s) {
  const std::string_view marks = ".+~-";
  return !s.empty() && s.size() <= max_name && s.front() >= '0' && s.front() <= '9' &&
         std::all_of(s.begin(), s.end(),
                     [marks](char c) { return word(c) || marks.find(c) != std::string_view::npos; });
}

bool valid_name(std::string_view s) {
  const std::string_view marks = " ._-/";
  return !s.empty() && s.size() <= max_name && word(s.front()) && std::all_of(s.begin(), s.end(), [marks](char c) {
    return word(c) || marks.find(c) != std::string_view::npos;
  });
}

bool printable(std::string_view s) {
  return std::none_of(s.begin(), s.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool valid_sha256(std::string_view s) {
  return s.size() == 64 &&
         std::all_of(s.begin(), s.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// Reads members of one object and remembers the first thing that is wrong.
class Members {
public:
  Members(const json &object, std::string prefix) : object_(object), prefix_(std::move(prefix)) {}

  std::string text(const char *name, bool required) {
    const auto found = object_.find(name);
    if (found == object_.end()) {
      if (required) wrong(name, "is missing");
      return {};
    }
    if (!found->is_string()) {
      wrong(name, "is not a string");
      return {};
    }
    auto value = found->get<std::string>();
    if (value.size() > max_text) wrong(name, "is longer than " + std::to_string(max_text) + " bytes");
    if (!printable(value)) wrong(name, "has control characters in it");
    return value;
  }
  std::uint32_t number(const char *name) {
    const auto found = object_.find(name);
    if (found == object_.end()) {
      wrong(name, "is missing");
      return 0;
    }
    if (!found->is_number_unsigned() || found->get<std::uint64_t>() > std::numeric_limits<std::uint32_t>::max()) {
      wrong(name, "is not a number from 0 to 4294967295");
      return 0;
    }
    return found->get<std::uint32_t>();
  }
  std::vector<std::string> names(const char *name, bool required) {
    std::vector<std::string> list;
    const auto found = object_.find(name);
    if (found == object_.end()) {
      if (required) wrong(name, "is missing");
      return list;
    }
    if (!found->is_array()) {
      wrong(name, "is not a list");
      return list;
    }
    if (found->size() > max_list) {
      wrong(name, "has more than " + std::to_string(max_list) + " entries");
      return list;
    }
    for (const auto &item : *found) {
      if (!item.is_string() || !valid_name(item.get_ref<const std::string &>())) {
        wrong(name, "holds something that is no name");
        return list;
      }
      list.push_back(item.get<std::string>());
    }
    return list;
  }
  const json *object(const char *name, bool required) {
    const auto found = object_.find(name);
    if (found == object_.end()) {
      if (required) wrong(name, "is missing");
      return nullptr;
    }
    if (!found->is_object()) {
      wrong(name, "is not an object");
      return nullptr;
    }
    return &*found;
  }
  void wrong(const char *name, const std::string &why) {
    if (problem_.empty()) problem_ = "\"" + prefix_ + name + "\" " + why;
  }
  const std::string &problem() const { return problem_; }

private:
  const json &object_;
  std::string prefix_;
  std::string problem_;
};

Error refuse(std::string_view origin, const std::string &why) {
  return Error(Code::plugin, "plugin manifest " + std::string(origin) + ": " + why,
               "reinstall the plugin, or ask its author for a valid manifest (SDK documentation, \"manifest\")");
}

/// nlohmann's text without its own tag in front: "parse error at line 1, column 7: …".
std::string parse_problem(const json::parse_error &e) {
  std::string_view text = e.what();
  const auto tag = text.find("] ");
  if (tag != std::string_view::npos) text.remove_prefix(tag + 2);
  return clean_text(text);
}

} // namespace

bool Manifest::provides(std::string_view name) const {
  if (equal_ignoring_case(id, name)) return true;
  return std::any_of(provider_names.begin(), provider_names.end(),
                     [name](const std::string &n) { return equal_ignoring_case(n, name); });
}

bool Manifest::has_interface(std::string_view wanted) const {
  return std::find(interfaces.begin(), interfaces.end(), wanted) != interfaces.end();
}

Result<Manifest> parse_manifest(std::string_view text, std::string_view origin) {
  if (text.size() > max_manifest_bytes)
    return refuse(origin, "is " + std::to_string(text.size()) + " bytes long, at most " +
                              std::to_string(max_manifest_bytes) + " are read");
  if (too_deep(text)) return refuse(origin, "is nested deeper than " + std::to_string(max_depth) + " levels");
  json parsed;
  try {
    parsed = json::parse(text);
  } catch (const json::parse_error &e) {
    return refuse(origin, "is not valid JSON: " + parse_problem(e));
  }
  if (!parsed.is_object()) return refuse(origin, "is not a JSON object");

  Members top(parsed, "");
  Manifest m;
  m.manifest_version = top.number("manifest_version");
  if (top.problem().empty() && m.manifest_version != 1)
    return Error(Code::plugin,
                 "plugin manifest " + std::string(origin) + ": has manifest_version " +
                     std::to_string(m.manifest_version) + ", this ksail reads 1",
                 "update the package ksail, or install an older version of the plugin");
  m.id = top.text("id", true);
  m.version = top.text("version", true);
  m.library = top.text("library", true);
  m.arch = top.text("arch", true);
  m.interfaces = top.names("interfaces", true);
  m.provider_names = top.names("provider_names", false);
  m.capabilities = top.names("capabilities", false);
  m.distributions = top.names("distributions", false);
  m.config_schema = top.text("config_schema", false);
  m.license = top.text("license", false);
  m.homepage = top.text("homepage", false);
  m.sha256 = top.text("sha256", false);
  m.description = top.text("description", false);
  if (!valid_id(m.id)) top.wrong("id", "is not made of lower case letters, digits and '-'");
  if (!valid_version(m.version)) top.wrong("version", "is no version number");
  if (m.library.empty() || m.library.find('/') != std::string::npos || m.library.front() == '.')
    top.wrong("library",
              "is \"" + clean_text(m.library) + "\"; it has to be the plain name of a file beside the manifest");
  if (!m.sha256.empty() && !valid_sha256(m.sha256)) top.wrong("sha256", "is not made of 64 lower case hex digits");
  if (!m.config_schema.empty() && m.config_schema.find('/') != std::string::npos)
    top.wrong("config_schema", "has to be a plain file name");
  if (const auto *abi = top.object("abi", true)) {
    Members members(*abi, "abi.");
    m.abi.major = members.number("major");
    m.abi.minor = members.number("minor");
    m.abi.min_host_minor = members.number("min_host_minor");
    if (!members.problem().empty()) return refuse(origin, members.problem());
  }
  if (const auto *needs = top.object("requires", false)) {
    Members members(*needs, "requires.");
    m.requires_ksail = members.text("ksail", false);
    if (!members.problem().empty()) return refuse(origin, members.problem());
  }
  if (!top.problem().empty()) return refuse(origin, top.problem());
  return m;
}

bool same_manifest(std::string_view a, std::string_view b) {
  if (a.size() > max_manifest_bytes || b.size() > max_manifest_bytes || too_deep(a) || too_deep(b)) return false;
  json one = json::parse(a, nullptr, false);
  json other = json::parse(b, nullptr, false);
  if (!one.is_object() || !other.is_object()) return false;
  // A library cannot hold its own hash.
  one.erase("sha256");
  other.erase("sha256");
  return one == other;
}

std::string_view host_arch() {
#if defined(__x86_64__)
  return "x86_64-linux-gnu";
#elif defined(__aarch64__)
  return "aarch64-linux-gnu";
#elif defined(__riscv)
  return "riscv64-linux-gnu";
#elif defined(__powerpc64__)
  return "ppc64le-linux-gnu";
#elif defined(__s390x__)
  return "s390x-linux-gnu";
#elif defined(__i386__)
  return "i686-linux-gnu";
#elif defined(__arm__)
  return "armv7l-linux-gnu";
#endif
}

} // namespace ksail::plugins

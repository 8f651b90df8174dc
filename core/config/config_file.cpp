// SPDX-License-Identifier: Apache-2.0
#include "config/config_file.hpp"

#include "config/foreign_key.hpp"
#include "config/suggestion.hpp"

#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

namespace ksail::config {

namespace {

constexpr std::size_t largest_file = 1 << 20;

class Reader {
public:
  Reader(const std::string &shown, const Environment &environment, const Choices &choices)
      : environment_(environment), choices_(choices) {
    file_.shown = shown;
  }

  void document(const YAML::Node &root);
  Result<ConfigFile> result();
  void fail(const YAML::Mark &mark, std::string message, std::string hint = {});

private:
  void map(const YAML::Node &node, const std::string &path);
  void member(const YAML::Node &name, const YAML::Node &value, const std::string &path, std::set<std::string> &seen);
  void setting(const Setting &setting, const YAML::Node &value);
  void constant(const std::string &path, const YAML::Node &value, std::string_view expected);
  void foreign(const std::string &path, const YAML::Node &name, const YAML::Node &value);
  std::optional<std::string> text(const YAML::Node &value, const std::string &path);
  std::string place(const YAML::Mark &mark) const;

  const Environment &environment_;
  const Choices &choices_;
  ConfigFile file_;
  std::vector<Error> errors_;
};

constexpr std::string_view api_version = "ksail.io/v1alpha1";
constexpr std::string_view kind = "Cluster";

/// Members that `path` may have, as far as this ksail knows them.
std::vector<std::string> members_of(const std::string &path) {
  std::set<std::string> names;
  if (path.empty()) names = {"apiVersion", "kind"};
  const std::string prefix = path.empty() ? "" : path + ".";
  for (const auto &setting : settings())
    if (setting.key.starts_with(prefix)) {
      const std::string_view rest = setting.key.substr(prefix.size());
      names.emplace(rest.substr(0, rest.find('.')));
    }
  return {names.begin(), names.end()};
}

bool is_section(const std::string &path) {
  for (const auto &setting : settings())
    if (setting.key.starts_with(path + ".")) return true;
  return false;
}

std::string Reader::place(const YAML::Mark &mark) const {
  if (mark.is_null()) return file_.shown;
  return file_.shown + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
}

void Reader::fail(const YAML::Mark &mark, std::string message, std::string hint) {
  errors_.emplace_back(Code::config, place(mark) + ": " + message, std::move(hint));
}

void Reader::document(const YAML::Node &root) {
  if (!root.IsMap()) {
    fail(root.Mark(), "a map of apiVersion, kind, metadata and spec is expected here");
    return;
  }
  map(root, "");
  for (const char *needed : {"apiVersion", "kind"}) {
    bool found = false;
    for (const auto &entry : root)
      found = found || (entry.first.IsScalar() && entry.first.Scalar() == needed);
    if (!found)
      fail(root.Mark(), std::string(needed) + " is missing",
           "the file starts with `apiVersion: " + std::string(api_version) + "` and `kind: " + std::string(kind) + "`");
  }
}

void Reader::map(const YAML::Node &node, const std::string &path) {
  if (node.IsNull()) return;
  if (!node.IsMap()) {
    fail(node.Mark(), path + " has to be a map", "its members are " + any_of(members_of(path)));
    return;
  }
  std::set<std::string> seen;
  for (const auto &entry : node)
    member(entry.first, entry.second, path, seen);
}

void Reader::member(const YAML::Node &name, const YAML::Node &value, const std::string &path,
                    std::set<std::string> &seen) {
  if (!name.IsScalar()) {
    fail(name.Mark(), "the name of a field is expected here");
    return;
  }
  const std::string word = name.Scalar();
  const std::string full = path.empty() ? word : path + "." + word;
  if (!seen.insert(word).second) {
    fail(name.Mark(), "field '" + word + "' is given twice");
    return;
  }
  if (full == "apiVersion") return constant(full, value, api_version);
  if (full == "kind") return constant(full, value, kind);
  if (const auto *found = find_setting(full)) return setting(*found, value);
  if (is_section(full)) return map(value, full);
  if (find_foreign_key(full)) return foreign(full, name, value);
  const auto members = members_of(path);
  const std::string near = closest(word, members);
  fail(name.Mark(), "unknown field '" + word + "'" + (path.empty() ? "" : " in " + path),
       near.empty() ? "fields here: " + any_of(members) : "did you mean '" + near + "'?");
}

std::optional<std::string> Reader::text(const YAML::Node &value, const std::string &path) {
  if (value.IsNull()) return std::string();
  if (!value.IsScalar()) {
    fail(value.Mark(), path + " has to be a single value");
    return std::nullopt;
  }
  std::vector<std::string> unset;
  auto expanded = expand(value.Scalar(), environment_, unset);
  if (!expanded) {
    fail(value.Mark(), path + ": " + expanded.error().message, expanded.error().hint);
    return std::nullopt;
  }
  for (const auto &variable : unset)
    file_.warnings.push_back(place(value.Mark()) + ": the variable " + variable +
                             " is not set, so nothing takes its place");
  return std::move(*expanded);
}

void Reader::constant(const std::string &path, const YAML::Node &value, std::string_view expected) {
  if (!value.IsScalar() || value.Scalar() != expected)
    fail(value.Mark(), path + " is '" + (value.IsScalar() ? value.Scalar() : std::string()) + "'",
         "this ksail reads " + path + " " + std::string(expected));
}

void Reader::setting(const Setting &setting, const YAML::Node &value) {
  const std::string path(setting.key);
  const auto given = text(value, path);
  if (!given || given->empty()) return; // empty is unset: a variable may be optional
  auto normal = normalise(setting, *given, choices_);
  if (!normal) {
    fail(value.Mark(), path + ": " + normal.error().message, normal.error().hint);
    return;
  }
  file_.entries.push_back({path, std::move(*normal), place(value.Mark())});
}

void Reader::foreign(const std::string &path, const YAML::Node &name, const YAML::Node &value) {
  const ForeignKey &known = *find_foreign_key(path);
  const bool always = is_harmless(known, "*");
  if (value.IsMap() && !always) {
    for (const auto &entry : value)
      if (entry.first.IsScalar()) foreign(path + "." + entry.first.Scalar(), entry.first, entry.second);
    return;
  }
  const bool harmless = always || value.IsNull() || (value.IsScalar() && is_harmless(known, value.Scalar())) ||
                        (value.IsSequence() && value.size() == 0);
  const std::string instead(known.instead);
  if (harmless) {
    file_.warnings.push_back(place(name.Mark()) + ": " + path +
                             " is a field of the Go ksail that has no effect here; it is ignored");
    return;
  }
  fail(name.Mark(),
       path + " is a field of the Go ksail that this one does not have, and without it the result would be another",
       instead.empty() ? "remove it" : "remove it; " + instead);
}

Result<ConfigFile> Reader::result() {
  if (errors_.empty()) return std::move(file_);
  if (errors_.size() == 1) return std::move(errors_.front());
  Error all(Code::config, file_.shown + " has " + std::to_string(errors_.size()) + " errors");
  all.causes = std::move(errors_);
  return all;
}

Result<std::string> read_text(const std::string &path, const std::string &shown) {
  const auto failed = [&](int number) {
    return Error(Code::config, "cannot read " + shown + ": " + std::strerror(number),
                 "--config names the file; without it the nearest ksail.yaml is taken");
  };
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failed(errno);
  std::string text;
  char buffer[16384];
  ssize_t length;
  while ((length = ::read(fd, buffer, sizeof buffer)) > 0 && text.size() <= largest_file)
    text.append(buffer, static_cast<std::size_t>(length));
  const int number = errno;
  ::close(fd);
  if (length < 0) return failed(number);
  if (text.size() > largest_file) return Error(Code::config, shown + " is larger than 1 MiB");
  return text;
}

} // namespace

std::optional<std::string> find_config_file(const std::string &directory) {
  namespace fs = std::filesystem;
  for (fs::path at = directory; !at.empty(); at = at.parent_path()) {
    std::error_code ignored;
    if (fs::exists(at / "ksail.yaml", ignored)) return (at / "ksail.yaml").string();
    if (at == at.root_path()) break;
  }
  return std::nullopt;
}

Result<ConfigFile> read_config_file(const std::string &path, const std::string &shown, const Environment &environment,
                                    const Choices &choices) {
  auto text = read_text(path, shown);
  if (!text) return text.error();
  auto file = parse_config(*text, shown, environment, choices);
  if (file) file->path = path;
  return file;
}

Result<ConfigFile> parse_config(std::string_view text, const std::string &shown, const Environment &environment,
                                const Choices &choices) {
  Reader reader(shown, environment, choices);
  try {
    const auto documents = YAML::LoadAll(std::string(text));
    if (documents.empty() || (documents.size() == 1 && documents.front().IsNull()))
      return Error(Code::config, shown + " is empty",
                   "it starts with `apiVersion: " + std::string(api_version) + "` and `kind: " + std::string(kind) +
                       "`");
    if (documents.size() > 1)
      reader.fail(documents[1].Mark(), "a second document starts here", "one ksail.yaml describes one cluster");
    else
      reader.document(documents.front());
  } catch (const YAML::Exception &e) {
    reader.fail(e.mark, e.msg);
  }
  return reader.result();
}

} // namespace ksail::config

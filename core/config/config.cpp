// SPDX-License-Identifier: Apache-2.0
#include "config/config.hpp"

#include "config/config_file.hpp"
#include "config/duration.hpp"
#include "config/suggestion.hpp"

#include <charconv>
#include <filesystem>
#include <stdexcept>

namespace ksail::config {

namespace fs = std::filesystem;

std::string_view origin_name(Origin origin) {
  switch (origin) {
  case Origin::flag:
    return "flag";
  case Origin::environment:
    return "environment";
  case Origin::file:
    return "file";
  case Origin::fallback:
    break;
  }
  return "default";
}

const Value &Settings::value(std::string_view key) const {
  const auto found = values_.find(key);
  if (found == values_.end()) throw std::logic_error("unknown setting " + std::string(key));
  return found->second;
}

unsigned Settings::number(std::string_view key) const {
  unsigned result = 0;
  const auto &value = text(key);
  std::from_chars(value.data(), value.data() + value.size(), result);
  return result;
}

std::optional<std::chrono::nanoseconds> Settings::duration(std::string_view key) const {
  return text(key).empty() ? std::nullopt : parse_duration(text(key));
}

const Value &Settings::node_image() const { return value(key::node_image(text(key::distribution))); }

std::vector<std::pair<std::string, Value>> Settings::all() const {
  std::vector<std::pair<std::string, Value>> result;
  for (const auto &setting : settings())
    result.emplace_back(setting.key, value(setting.key));
  return result;
}

namespace {

/// How the file is named in messages: as short as it can be while still saying which one it is.
std::string shown_path(const std::string &path, const std::string &working_directory) {
  const auto relative = fs::path(path).lexically_relative(working_directory).string();
  return relative.empty() || relative.size() > path.size() ? path : relative;
}

std::string resolved_path(const std::string &text, const std::string &base, const std::string &home) {
  if (text.empty() || text.front() == '/') return text;
  if (text.starts_with("~/")) return home + text.substr(1);
  return base.empty() ? text : (fs::path(base) / text).lexically_normal().string();
}

/// The value of a setting that names files; of any other as it is.
std::string resolved_files(Type type, const std::string &text, const std::string &base, const std::string &home) {
  if (type == Type::path) return resolved_path(text, base, home);
  if (type != Type::patches) return text;
  std::string resolved;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(',', at), text.size());
    const std::string word = text.substr(at, end - at);
    const auto equals = word.find('=');
    const std::size_t file = equals == std::string::npos || word.find('/') < equals ? 0 : equals + 1;
    if (!resolved.empty()) resolved += ',';
    resolved += word.substr(0, file) + resolved_path(word.substr(file), base, home);
    at = end + 1;
  }
  return resolved;
}

/// Variables that look like ours and mean nothing are most likely misspelt.
void check_unknown_variables(const Environment &environment, std::vector<std::string> &warnings) {
  std::vector<std::string> known;
  for (const auto &setting : settings())
    for (auto &name : environment_names(setting))
      known.push_back(std::move(name));
  for (auto entry = environment.lower_bound("KSAIL_SPEC_");
       entry != environment.end() && entry->first.starts_with("KSAIL_SPEC_"); ++entry) {
    bool found = false;
    for (const auto &name : known)
      found = found || name == entry->first;
    if (found) continue;
    const auto near = closest(entry->first, known);
    warnings.push_back("the variable " + entry->first + " sets nothing" +
                       (near.empty() ? "" : "; did you mean " + near + "?"));
  }
}

} // namespace

Result<Settings> resolve(const Request &request) {
  Settings result;
  for (const auto &setting : settings())
    result.values_[std::string(setting.key)] = Value{std::string(setting.fallback), Origin::fallback, ""};

  std::string path;
  if (request.config_file)
    path = resolved_path(*request.config_file, request.working_directory, request.home);
  else
    path = find_config_file(request.working_directory).value_or("");
  if (!path.empty()) {
    const std::string shown = request.config_file ? *request.config_file : shown_path(path, request.working_directory);
    auto file = read_config_file(path, shown, request.environment, request.choices);
    if (!file) return file.error();
    result.file_ = shown;
    result.warnings_ = std::move(file->warnings);
    const std::string folder = fs::path(path).parent_path().string();
    for (auto &entry : file->entries) {
      entry.value = resolved_files(find_setting(entry.key)->type, entry.value, folder, request.home);
      result.values_[entry.key] = Value{std::move(entry.value), Origin::file, std::move(entry.where)};
    }
  }

  for (const auto &setting : settings()) {
    for (const auto &name : environment_names(setting)) {
      const auto found = request.environment.find(name);
      if (found == request.environment.end() || found->second.empty()) continue;
      auto value = normalise(setting, found->second, request.choices);
      if (!value) return Error(Code::config, name + ": " + value.error().message, value.error().hint);
      if (name != "KUBECONFIG") *value = resolved_files(setting.type, *value, "", request.home);
      result.values_[std::string(setting.key)] = Value{std::move(*value), Origin::environment, name};
      break;
    }
  }
  check_unknown_variables(request.environment, result.warnings_);

  const auto apply = [&](const Flag &flag, const std::string &key) -> Result<void> {
    const auto *setting = find_setting(key);
    if (!setting) throw std::logic_error("no setting " + key);
    if (flag.text.empty() && !setting->fallback.empty())
      return Error(Code::usage, flag.shown + " is empty",
                   "leave it out for the default, " + std::string(setting->fallback));
    auto value = normalise(*setting, flag.text, request.choices);
    if (!value) return Error(Code::usage, flag.shown + ": " + value.error().message, value.error().hint);
    *value = resolved_files(setting->type, *value, "", request.home);
    result.values_[key] = Value{std::move(*value), Origin::flag, flag.shown};
    return {};
  };
  for (const auto &flag : request.flags)
    if (flag.key != "nodeImage")
      if (auto applied = apply(flag, flag.key); !applied) return applied.error();
  // Which distribution's image that is, is only known now.
  for (const auto &flag : request.flags)
    if (flag.key == "nodeImage")
      if (auto applied = apply(flag, key::node_image(result.text(key::distribution))); !applied) return applied.error();
  return result;
}

} // namespace ksail::config

// SPDX-License-Identifier: Apache-2.0
#include "cli/workload_session.hpp"

#include "cli/overlay.hpp"
#include "kubernetes/kubeconfig.hpp"
#include "manifests/reader.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <iterator>

namespace ksail::cli {

namespace key = config::key;
using manifests::Object;

namespace {

Result<void> read_path(const std::string &path, bool recursive, const manifests::ObjectSink &sink) {
  std::error_code ignored;
  if (path != "-" && std::filesystem::is_directory(path, ignored))
    return manifests::read_directory(path, recursive, sink);
  return manifests::read_file(path, sink);
}

/// A project that names its cluster means that one, whatever was used last.
std::string context_in_effect(const config::Settings &settings) {
  const auto &given = settings.text(key::context);
  if (!given.empty()) return given;
  const auto &name = settings.value(key::name);
  const bool named = name.origin == config::Origin::file || name.origin == config::Origin::environment;
  return named ? context_name(name.text) : "";
}

} // namespace

Result<std::vector<Object>> workload_objects(CommandContext &context, const config::Settings &settings,
                                             std::string_view verb, bool source_directory_too) {
  timing::Scope scope(context.timing, "read", "manifests");
  const auto &invocation = context.invocation;
  auto paths = invocation.values("filename");
  auto overlays = invocation.values("overlay-path");
  bool recursive = invocation.has("recursive");
  if (paths.empty() && overlays.empty()) {
    const std::string source = source_directory_too ? settings.text(key::source_directory) : "";
    if (source.empty())
      return Error(Code::usage, "`ksail " + std::string(verb) + "` needs to know which objects are meant",
                   "-f FILE, -f DIRECTORY, -f - for standard input, or --overlay-path DIRECTORY");
    (is_overlay(source) ? overlays : paths).push_back(source);
    recursive = true;
  }
  if (std::count(paths.begin(), paths.end(), "-") > 1)
    return Error(Code::usage, "standard input can only be read once: -f - is given twice");
  std::vector<Object> objects;
  const manifests::ObjectSink sink = [&](Object object) -> Result<void> {
    objects.push_back(std::move(object));
    return {};
  };
  for (const auto &path : paths)
    if (auto read = read_path(path, recursive, sink); !read) {
      scope.fail();
      return read.error();
    }
  if (!overlays.empty()) {
    auto built = overlay_objects(context, overlays);
    if (!built) {
      scope.fail();
      return built.error();
    }
    std::move(built->begin(), built->end(), std::back_inserter(objects));
  }
  if (objects.empty())
    return Error(Code::not_found, "no object was found in what was given",
                 recursive ? "" : "-R also reads the directories below");
  return objects;
}

Result<std::unique_ptr<kubernetes::Client>> workload_client(CommandContext &context, const config::Settings &settings,
                                                            Execution &execution, std::size_t connections) {
  auto access =
      kubernetes::load_access(kubernetes::kubeconfig_files(kubeconfig_of(settings)), context_in_effect(settings));
  if (!access) return access.error();
  context.redaction.add(access->bearer_token);
  context.redaction.add(access->basic_password);
  http::PoolOptions pool;
  pool.max_connections = std::max(pool.max_connections, connections);
  pool.user_agent = "ksail/" KSAIL_VERSION;
  return std::make_unique<kubernetes::Client>(execution.executor(), std::move(*access), pool);
}

Result<std::size_t> concurrency_of(const Invocation &invocation) {
  const std::string text = invocation.value("concurrency", "32");
  std::size_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  if (value < 1 || value > 512)
    return Error(Code::usage, "--concurrency: " + text + " is out of range", "from 1 to 512");
  return value;
}

std::string kubectl_name(const Object &object) {
  std::string kind = object.kind;
  std::transform(kind.begin(), kind.end(), kind.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  const std::string group = object.group();
  return kind + (group.empty() ? "" : "." + group) + "/" + (object.name.empty() ? object.generate_name : object.name);
}

std::string count_words(const std::vector<std::string> &words, const std::vector<std::string_view> &order) {
  std::string text;
  for (const auto &word : order)
    if (const auto count = std::count(words.begin(), words.end(), word))
      text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + std::string(word);
  return text;
}

} // namespace ksail::cli

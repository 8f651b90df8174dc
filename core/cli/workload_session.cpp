// SPDX-License-Identifier: Apache-2.0
#include "cli/workload_session.hpp"

#include "cli/overlay.hpp"
#include "kubernetes/kubeconfig.hpp"
#include "manifests/dns_label.hpp"
#include "manifests/kustomize/remote.hpp"

#include <ksail/sdk/letter_case.hpp>

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace ksail::cli {

namespace key = config::key;
using manifests::Object;

namespace {

/// A project that names its cluster means that one, whatever was used last.
std::string context_in_effect(const config::Settings &settings) {
  const auto &given = settings.text(key::context);
  if (!given.empty()) return given;
  const auto &name = settings.value(key::name);
  const bool named = name.origin == config::Origin::file || name.origin == config::Origin::environment;
  return named ? context_name(name.text) : "";
}

/// Of -f.
bool is_directory(const std::string &path) {
  std::error_code ignored;
  return path != "-" && std::filesystem::is_directory(path, ignored);
}

/// -n, where given: the server would only say that there is no such namespace.
Result<void> check_namespace(const std::string &name) {
  if (name.empty() || manifests::is_dns_label(name)) return {};
  return Error(Code::usage, "--namespace: '" + name + "' is no name of a namespace",
               std::string(manifests::dns_label_rule));
}

} // namespace

WorkloadSession::WorkloadSession(CommandContext &context, const config::Settings &settings, std::string verb,
                                 bool needs_cluster)
    : context_(context), settings_(settings), verb_(std::move(verb)),
      access_(Error(Code::config, "`ksail " + verb_ + "` was to do without a cluster")) {
  if (!needs_cluster) return;
  access_ = kubernetes::load_access(kubernetes::kubeconfig_files(kubeconfig_of(settings)), context_in_effect(settings));
  if (!access_) return;
  context.redaction.add(access_->bearer_token);
  context.redaction.add(access_->basic_password);
}

Result<std::shared_ptr<ObjectSet>> WorkloadSession::object_set(Inputs inputs) {
  timing::Scope scope(context_.timing, "read", "manifests");
  const auto &invocation = context_.invocation;
  auto paths = invocation.values("filename");
  auto overlays = invocation.values("overlay-path");
  bool recursive = invocation.has("recursive");
  if (paths.empty() && overlays.empty()) {
    const std::string source = inputs.source_directory_too ? settings_.text(key::source_directory) : "";
    std::error_code ignored;
    const bool usable = settings_.given(key::source_directory) || std::filesystem::exists(source, ignored);
    if (source.empty() || !usable)
      return Error(Code::usage,
                   "`ksail " + verb_ + "` needs to know which objects are meant" +
                       (source.empty() ? "" : ", and the source directory " + source + " does not exist"),
                   "-f FILE, -f DIRECTORY, -f - for standard input, or --overlay-path DIRECTORY");
    (is_overlay(source) ? overlays : paths).push_back(source);
    recursive = true;
  }
  if (std::count(paths.begin(), paths.end(), "-") > 1)
    return Error(Code::usage, "standard input can only be read once: -f - is given twice", "leave one of them out");
  if (auto checked = check_namespace(invocation.value("namespace")); !checked) return checked.error();
  auto set = std::make_shared<ObjectSet>(home_namespace(), inputs.last_wins);
  if (auto filled = fill(*set, paths, overlays, recursive); !filled) {
    scope.fail();
    return filled.error();
  }
  if (set->empty()) {
    const bool below = !recursive && std::any_of(paths.begin(), paths.end(), is_directory);
    return Error(Code::not_found, "no object was found in what was given",
                 below ? "-R also reads the directories below"
                       : "a manifest is YAML or JSON with apiVersion, kind and metadata.name");
  }
  return set;
}

Result<void> WorkloadSession::fill(ObjectSet &set, const std::vector<std::string> &paths,
                                   const std::vector<std::string> &overlays, bool recursive) {
  for (const auto &path : paths) {
    if (manifests::kustomize::is_web_url(path)) {
      auto text = manifests::kustomize::fetch_web_file(path);
      if (!text) return text.error();
      if (auto added = set.add_text(path, *text); !added) return added;
      continue;
    }
    auto read = is_directory(path) ? set.add_directory(path, recursive) : set.add_file(path);
    if (!read) return read;
  }
  if (overlays.empty()) return {};
  auto built = overlay_objects(context_, overlays);
  if (!built) return built.error();
  for (auto &object : *built)
    if (auto added = set.add(std::move(object)); !added) return added;
  return {};
}

Result<std::vector<Object>> WorkloadSession::objects(Inputs inputs) {
  auto set = object_set(inputs);
  if (!set) return set.error();
  std::vector<Object> objects;
  objects.reserve((*set)->size());
  for (std::size_t i = 0; i < (*set)->size(); ++i) {
    auto object = (*set)->read(i);
    if (!object) return object.error();
    objects.push_back(std::move(*object));
  }
  return objects;
}

std::string WorkloadSession::home_namespace() const {
  const std::string given = context_.invocation.value("namespace");
  if (!given.empty()) return given;
  return access_ ? access_->default_namespace : "default";
}

Result<std::shared_ptr<kubernetes::Client>> WorkloadSession::client(Execution &execution, std::size_t connections) {
  if (!access_) return access_.error();
  http::PoolOptions pool;
  pool.max_connections = std::max(pool.max_connections, connections);
  pool.user_agent = "ksail/" KSAIL_VERSION;
  // It may go before anything has run, as when the manifests are no good; but not while the other thread is at it.
  const auto end = [&execution](const kubernetes::Client *gone) {
    execution.end_meanwhile();
    delete gone;
  };
  const std::shared_ptr<kubernetes::Client> client(new kubernetes::Client(execution.executor(), *access_, pool), end);
  // What goes wrong is found again, and told, by the first request.
  execution.meanwhile([connecting = client.get()] { return connecting->connect(Deadline::never()); });
  return client;
}

Result<std::size_t> concurrency_of(const Invocation &invocation) {
  const std::string text = invocation.value("concurrency", "32");
  std::size_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  if (value < 1 || value > 512)
    return Error(Code::usage, "--concurrency: " + text + " is out of range", "from 1 to 512");
  return value;
}

Result<std::string> field_manager_of(const Invocation &invocation) {
  constexpr std::size_t most = 128;
  std::string name = invocation.value("field-manager", "ksail");
  const bool printable =
      std::none_of(name.begin(), name.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; });
  if (name.empty() || name.size() > most || !printable)
    return Error(Code::usage, "--field-manager: " + std::string(name.empty() ? "it is empty" : "no name of a manager"),
                 "1 to 128 characters that can be printed");
  return name;
}

std::string kubectl_name(const Object &object) {
  const std::string group = object.group();
  return ascii_lower(object.kind) + (group.empty() ? "" : "." + group) + "/" +
         (object.name.empty() ? object.generate_name : object.name);
}

std::string count_words(const std::vector<std::string> &words, const std::vector<std::string_view> &order) {
  std::string text;
  for (const auto &word : order)
    if (const auto count = std::count(words.begin(), words.end(), word))
      text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + std::string(word);
  return text;
}

} // namespace ksail::cli

// SPDX-License-Identifier: Apache-2.0
// Which kubeconfig files are in effect.
#include "kubernetes/kubeconfig.hpp"

#include "kubernetes/atomic_file.hpp"
#include "kubernetes/yaml_tree.hpp"

#include <algorithm>
#include <cstdlib>
#include <pwd.h>
#include <unistd.h>

namespace ksail::kubernetes {

namespace {

std::string home() {
  if (const char *value = std::getenv("HOME"); value && *value) return value;
  const struct passwd *entry = ::getpwuid(::getuid());
  return entry && entry->pw_dir ? entry->pw_dir : "";
}

std::string target_of(const std::vector<std::string> &files) {
  for (const auto &file : files)
    if (::access(file.c_str(), F_OK) == 0) return file;
  return files.empty() ? std::string() : files.back();
}

bool has_context(const std::string &file, const std::string &context) {
  auto text = read_whole_file(file);
  if (!text || !*text) return false;
  auto tree = parse_yaml_tree(**text, file);
  if (!tree || !*tree) return false;
  const YamlNode *contexts = (*tree)->field("contexts");
  return contexts && contexts->is_sequence() &&
         std::any_of(contexts->items.begin(), contexts->items.end(),
                     [&](const YamlNode &entry) { return entry.text("name") == context; });
}

} // namespace

std::vector<std::string> kubeconfig_files(const std::string &flag) {
  if (!flag.empty()) return {flag};
  std::vector<std::string> files;
  if (const char *list = std::getenv("KUBECONFIG"); list && *list) {
    const std::string text = list;
    for (std::size_t at = 0; at <= text.size();) {
      const auto colon = std::min(text.find(':', at), text.size());
      const std::string file = text.substr(at, colon - at);
      if (!file.empty() && std::find(files.begin(), files.end(), file) == files.end()) files.push_back(file);
      at = colon + 1;
    }
  }
  if (files.empty())
    if (const std::string directory = home(); !directory.empty()) files.push_back(directory + "/.kube/config");
  return files;
}

std::string kubeconfig_target(const std::string &flag) { return target_of(kubeconfig_files(flag)); }

std::string kubeconfig_file_of(const std::vector<std::string> &files, const std::string &context) {
  for (const auto &file : files)
    if (has_context(file, context)) return file;
  return target_of(files);
}

} // namespace ksail::kubernetes

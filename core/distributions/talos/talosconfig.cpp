// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos/talosconfig.hpp"

#include "distributions/talos/key_label.hpp"
#include "kubernetes/atomic_file.hpp"
#include "kubernetes/base64.hpp"
#include "kubernetes/file_lock.hpp"
#include "kubernetes/yaml_tree.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace ksail::talos {

namespace {

using kubernetes::decode_base64;
using kubernetes::encode_base64;
using kubernetes::YamlNode;

Error wrong(const std::string &file, const std::string &what) {
  return Error(Code::config, file + ": " + what, "`talosctl config info` shows what talosctl makes of it");
}

Result<YamlNode> talosconfig_root(std::string_view text, const std::string &file) {
  auto tree = kubernetes::parse_yaml_tree(text, file);
  if (!tree) return tree.error();
  if (!*tree || (*tree)->is_null()) return YamlNode::mapping();
  if (!(*tree)->is_mapping()) return wrong(file, "is not a talosconfig: it holds no mapping");
  const YamlNode *contexts = (*tree)->field("contexts");
  if (contexts && !contexts->is_mapping() && !contexts->is_null()) return wrong(file, "contexts is not a mapping");
  return std::move(**tree);
}

YamlNode list(const std::vector<std::string> &texts) {
  YamlNode node = YamlNode::sequence();
  for (const auto &text : texts)
    node.items.push_back(YamlNode::string(text));
  return node;
}

YamlNode entry_of(const TalosContext &context) {
  YamlNode entry = YamlNode::mapping();
  entry.set("endpoints", list(context.endpoints));
  if (!context.nodes.empty()) entry.set("nodes", list(context.nodes));
  entry.set("ca", YamlNode::string(encode_base64(context.ca_pem)));
  entry.set("crt", YamlNode::string(encode_base64(context.client.certificate_pem)));
  entry.set("key", YamlNode::string(encode_base64(with_talos_label(context.client.key_pem))));
  return entry;
}

std::vector<std::string> texts_of(const YamlNode *node) {
  std::vector<std::string> texts;
  if (node && node->is_sequence())
    for (const auto &item : node->items)
      texts.push_back(item.value);
  return texts;
}

std::string environment(const char *name) {
  const char *value = std::getenv(name);
  return value ? value : "";
}

/// Reads, changes and replaces the file while nobody else does.
template <class Change> Result<void> edit(const std::string &file, Deadline lock_deadline, const Change &change) {
  auto lock = kubernetes::FileLock::acquire(file, lock_deadline);
  if (!lock) return lock.error();
  auto before = kubernetes::read_whole_file(file);
  if (!before) return before.error();
  Result<std::string> after = change(before->value_or(""));
  if (!after) return after.error();
  if (*before ? **before == *after : after->empty()) return {};
  return kubernetes::replace_file(file, *after);
}

} // namespace

std::string talos_context_name(const std::string &cluster) { return "ksail-" + cluster; }

std::string talosconfig_path() {
  if (std::string path = environment("TALOSCONFIG"); !path.empty()) return path;
  if (const std::string home = environment("TALOS_HOME"); !home.empty()) return home + "/config";
  const std::string home = environment("HOME");
  return home.empty() ? std::string() : home + "/.talos/config";
}

Result<std::string> with_context(std::string_view text, const TalosContext &context, const std::string &file) {
  auto root = talosconfig_root(text, file);
  if (!root) return root.error();
  root->set("context", YamlNode::string(context.name));
  YamlNode *contexts = root->field("contexts");
  if (!contexts || !contexts->is_mapping()) {
    root->set("contexts", YamlNode::mapping());
    contexts = root->field("contexts");
  }
  contexts->set(context.name, entry_of(context));
  return kubernetes::emit_yaml(*root, 0);
}

Result<std::string> without_context(std::string_view text, const std::string &name, const std::string &file) {
  auto root = talosconfig_root(text, file);
  if (!root) return root.error();
  YamlNode *contexts = root->field("contexts");
  if (!contexts || !contexts->field(name)) return std::string(text);
  for (std::size_t i = 0; i + 1 < contexts->items.size(); i += 2) {
    if (contexts->items[i].value != name) continue;
    const auto first = contexts->items.begin() + static_cast<std::ptrdiff_t>(i);
    contexts->items.erase(first, first + 2);
    break;
  }
  if (root->text("context") == name) root->set("context", YamlNode::string(""));
  return kubernetes::emit_yaml(*root, 0);
}

Result<TalosContext> parse_talosconfig(std::string_view text, const std::string &file, const std::string &name) {
  auto root = talosconfig_root(text, file);
  if (!root) return root.error();
  TalosContext context;
  context.name = name.empty() ? root->text("context") : name;
  if (context.name.empty()) return wrong(file, "no context is the current one");
  const YamlNode *contexts = root->field("contexts");
  const YamlNode *entry = contexts ? contexts->field(context.name) : nullptr;
  if (!entry || !entry->is_mapping()) return wrong(file, "there is no context " + context.name);
  context.endpoints = texts_of(entry->field("endpoints"));
  context.nodes = texts_of(entry->field("nodes"));
  for (const auto &[field, to] : {std::pair("ca", &context.ca_pem), std::pair("crt", &context.client.certificate_pem),
                                  std::pair("key", &context.client.key_pem)}) {
    auto decoded = decode_base64(entry->text(field));
    if (!decoded || decoded->find("-----BEGIN ") == std::string::npos)
      return wrong(file, "contexts." + context.name + "." + field + " is not base64 of a PEM text");
    *to = std::move(*decoded);
  }
  context.client.key_pem = with_openssl_label(std::move(context.client.key_pem));
  return context;
}

Result<void> merge_talosconfig(const std::string &file, const TalosContext &context, Deadline lock_deadline) {
  if (file.empty()) return Error(Code::config, "there is no talosconfig to write to", "set HOME or TALOSCONFIG");
  const auto folder = std::filesystem::path(file).parent_path().string();
  // talosctl's own folder is nobody else's business; one that is there keeps its mode.
  const bool made_by_us = !folder.empty() && ::access(folder.c_str(), F_OK) != 0;
  if (auto made = kubernetes::make_directories_for(file); !made) return made.error();
  if (made_by_us) ::chmod(folder.c_str(), 0700);
  return edit(file, lock_deadline, [&](const std::string &text) { return with_context(text, context, file); });
}

Result<void> remove_from_talosconfig(const std::string &file, const std::string &name, Deadline lock_deadline) {
  if (file.empty()) return {};
  // A look without the lock first: most often there is nothing to do.
  auto seen = kubernetes::read_whole_file(file);
  if (!seen) return seen.error();
  if (!*seen) return {};
  auto planned = without_context(**seen, name, file);
  if (!planned) return planned.error();
  if (*planned == **seen) return {};
  return edit(file, lock_deadline, [&](const std::string &text) { return without_context(text, name, file); });
}

} // namespace ksail::talos

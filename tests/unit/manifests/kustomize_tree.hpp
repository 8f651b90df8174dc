// SPDX-License-Identifier: Apache-2.0
// Trees of kustomizations that tests build, here and with the reference.
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace ksail::manifests::test {

/// Files of a test, gone with it.
class Tree {
public:
  explicit Tree(const std::map<std::string, std::string> &files);
  ~Tree();
  Tree(const Tree &) = delete;
  Tree &operator=(const Tree &) = delete;
  std::string at(const std::string &directory) const { return (path_ / directory).string(); }

private:
  std::filesystem::path path_;
};

/// What is built of a directory as YAML, or "error: " and why not.
std::string built(const std::string &directory);

/// The same, after the reference built the same: equal texts, or an error in both. Without a reference (no Go) only
/// what is built here counts.
std::string as_reference(const Tree &tree, const std::string &directory);

} // namespace ksail::manifests::test

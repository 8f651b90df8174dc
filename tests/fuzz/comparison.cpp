// SPDX-License-Identifier: Apache-2.0
#include "comparison.hpp"

#include "manifests/json.hpp"
#include "manifests/yaml_parser.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <vector>

namespace ksail::fuzz {
namespace {

namespace manifests = ksail::manifests;

/// The documents' values, keys sorted; nothing when the text cannot be read back.
std::optional<std::vector<nlohmann::json>> values(const std::string &text) {
  std::vector<nlohmann::json> result;
  manifests::Arena arena;
  manifests::YamlParser parser(text);
  for (;;) {
    manifests::Node *root = nullptr;
    std::string json;
    if (parser.next(arena, root)) return std::nullopt;
    if (root == nullptr) return result;
    if (manifests::write_json(*root, manifests::Rules::kubectl, json)) return std::nullopt;
    result.push_back(nlohmann::json::parse(json));
  }
}

/// The first lines that differ, with some before them.
std::string difference(const std::string &ours, const std::string &theirs) {
  const auto lines = [](const std::string &text) {
    std::vector<std::string> result;
    for (std::size_t at = 0; at < text.size();) {
      const auto end = std::min(text.find('\n', at), text.size());
      result.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    return result;
  };
  const auto a = lines(ours);
  const auto b = lines(theirs);
  std::size_t first = 0;
  while (first < a.size() && first < b.size() && a[first] == b[first])
    ++first;
  std::string out = "line " + std::to_string(first + 1) + "\n";
  constexpr std::size_t kBefore = 4;
  constexpr std::size_t kAfter = 6;
  for (std::size_t i = first > kBefore ? first - kBefore : 0; i < first; ++i)
    out += "    " + a[i] + "\n";
  for (std::size_t i = first; i < std::min(first + kAfter, a.size()); ++i)
    out += "  < " + a[i] + "\n";
  for (std::size_t i = first; i < std::min(first + kAfter, b.size()); ++i)
    out += "  > " + b[i] + "\n";
  return out + "(< ours, > kustomize)";
}

} // namespace

Comparison compare(manifests::test::Oracle &oracle, const std::string &directory, const std::string &verb) {
  const auto theirs = oracle.ask(verb, directory);
  manifests::kustomize::BuildOptions options;
  if (verb == "build-anywhere") options.load_restrictor = manifests::kustomize::LoadRestrictor::none;
  std::string ours;
  std::string error;
  if (auto built = manifests::kustomize::build(directory, options); !built) {
    error = built.error().message;
  } else if (auto text = manifests::kustomize::to_yaml(*built); !text) {
    error = text.error().message;
  } else {
    ours = *text;
  }
  Comparison result;
  if (!theirs.ok && theirs.text.starts_with("panic: ")) {
    result.verdict = Comparison::Verdict::refused; // kustomize crashed, so there is nothing to be like
    result.why = theirs.text;
    return result;
  }
  if (!error.empty() || !theirs.ok) {
    result.verdict = !error.empty() && !theirs.ok ? Comparison::Verdict::refused : Comparison::Verdict::different;
    result.why = (error.empty() ? "built here" : "refused here: " + error) + "\n" +
                 (theirs.ok ? "built by kustomize" : "refused by kustomize: " + theirs.text);
    return result;
  }
  result.same_bytes = ours == theirs.text;
  if (!result.same_bytes) {
    const auto a = values(ours);
    result.why = difference(ours, theirs.text);
    if (!a || a != values(theirs.text)) return result;
  }
  result.verdict = Comparison::Verdict::same;
  return result;
}

} // namespace ksail::fuzz

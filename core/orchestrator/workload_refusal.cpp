// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/workload_refusal.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace ksail {

using nlohmann::json;

namespace {

constexpr std::size_t longest_quote = 160;

/// Behind the brace that closes the one at `open`, strings respected; npos where none does.
std::size_t closed(std::string_view text, std::size_t open) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = open; i < text.size(); ++i) {
    if (quoted) {
      i += text[i] == '\\';
      quoted = i >= text.size() || text[i] != '"';
    } else if (text[i] == '"') {
      quoted = true;
    } else if (text[i] == '{') {
      ++depth;
    } else if (text[i] == '}' && --depth == 0) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

/// Replaces what stands in the braces behind each `word` when it is longer than `longest`.
void cut_quotes(std::string &text, std::string_view word, std::size_t longest) {
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + word.size())) {
    const auto open = at + word.size() - 1;
    const auto end = closed(text, open);
    if (end == std::string::npos) {
      if (text.size() - open > longest) text.resize(open), text += "{...";
      return;
    }
    if (end - open > longest) text.replace(open, end - open, "{...}");
  }
}

void collect(const json &value, std::vector<std::string> &out) {
  if (value.is_string())
    out.push_back(value.get<std::string>());
  else if (value.is_structured())
    for (const auto &item : value)
      collect(item, out);
}

void mask(std::string &text, const json &secret) {
  // How the server prints a value of the wrong type; booleans and numbers could be anywhere in a text, but not here.
  cut_quotes(text, "valueUnstructured{", 0);
  std::vector<std::string> values;
  for (const char *field : {"data", "stringData"})
    if (secret.is_object() && secret.contains(field)) collect(secret[field], values);
  std::sort(values.begin(), values.end(), [](const auto &a, const auto &b) { return a.size() > b.size(); });
  constexpr std::size_t shortest = 3; // anything shorter would be found in every text
  constexpr std::string_view masked = "***";
  for (const auto &value : values) {
    if (value.size() < shortest) continue;
    for (auto at = text.find(value); at != std::string::npos; at = text.find(value, at + masked.size()))
      text.replace(at, value.size(), masked);
  }
}

} // namespace

Error as_shown(const manifests::Object &object, Error refusal) {
  if (object.kind == "Secret" && object.group().empty()) {
    mask(refusal.message, json::parse(object.json, nullptr, false));
    if (refusal.message.find("illegal base64") != std::string::npos && refusal.hint.empty())
      refusal.hint =
          "what stands in `data` is base64, plain text belongs into `stringData` (" + object.where.describe() + ")";
  } else {
    cut_quotes(refusal.message, "Invalid value: {", longest_quote);
  }
  if (refusal.code == Code::invalid_argument && (refusal.hint.empty() || refusal.hint == "correct the manifest"))
    refusal.hint = "correct the manifest (" + object.where.describe() + ")";
  return refusal;
}

} // namespace ksail

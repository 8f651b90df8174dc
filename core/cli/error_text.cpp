// SPDX-License-Identifier: Apache-2.0
#include "cli/error_text.hpp"

#include "cli/exit_code.hpp"

#include <nlohmann/json.hpp>

namespace ksail::cli {

namespace {

void add_causes(std::string &text, const Error &error, unsigned depth) {
  for (const auto &cause : error.causes) {
    text += std::string(2 * depth, ' ') + "- " + cause.message + "\n";
    add_causes(text, cause, depth + 1);
  }
}

/// In the order they stand, each once: parallel steps often fail with the same remedy.
void add_hints(std::vector<std::string> &hints, const Error &error) {
  bool known = error.hint.empty();
  for (const auto &hint : hints)
    known = known || hint == error.hint;
  if (!known) hints.push_back(error.hint);
  for (const auto &cause : error.causes)
    add_hints(hints, cause);
}

nlohmann::ordered_json inner(const Error &error) {
  nlohmann::ordered_json value = {{"code", code_name(error.code)}, {"message", error.message}};
  if (!error.hint.empty()) value["hint"] = error.hint;
  if (error.retryable) value["retryable"] = true;
  if (!error.causes.empty()) {
    value["causes"] = nlohmann::ordered_json::array();
    for (const auto &cause : error.causes)
      value["causes"].push_back(inner(cause));
  }
  return value;
}

} // namespace

std::string error_text(const Error &error, LineStyle style) {
  std::string text = painted("error:", Paint::red, style.color) + " " + error.message + "\n";
  add_causes(text, error, 1);
  std::vector<std::string> hints;
  add_hints(hints, error);
  for (const auto &hint : hints)
    text += painted("hint:", Paint::cyan, style.color) + " " + hint + "\n";
  return text;
}

nlohmann::ordered_json error_json(const Error &error) {
  nlohmann::ordered_json value = {{"apiVersion", "ksail.io/v1alpha1"}, {"kind", "Error"}};
  value["exitCode"] = exit_code_of(error);
  value.update(inner(error));
  return value;
}

} // namespace ksail::cli

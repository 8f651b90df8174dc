// SPDX-License-Identifier: Apache-2.0
#include "cli/help.hpp"

#include "cli/text_width.hpp"
#include "config/setting.hpp"

#include <algorithm>

namespace ksail::cli {

namespace {

std::string paragraph(std::string_view text, std::size_t width) {
  std::string result;
  for (const auto &line : wrap(text, width))
    result += line + "\n";
  return result;
}

/// Names on the left, texts on the right; a name that is too long gets a line of its own.
std::string definitions(const std::vector<std::pair<std::string, std::string>> &rows, std::size_t width) {
  std::size_t left = 0;
  for (const auto &[name, text] : rows)
    left = std::max(left, display_width(name));
  // A narrow terminal keeps most of its width for the texts.
  left = std::min<std::size_t>(left, width >= 60 ? 30 : width / 3);
  const std::size_t indent = left + 4;
  std::string result;
  for (const auto &[name, text] : rows) {
    const auto lines = wrap(text, width > indent + 20 ? width - indent : 20);
    std::string start = "  " + pad(name, left);
    if (display_width(name) > left) {
      result += start + "\n";
      start = std::string(indent - 2, ' ');
    }
    for (std::size_t i = 0; i < lines.size(); ++i)
      result += (i ? std::string(indent, ' ') : start + "  ") + lines[i] + "\n";
  }
  return result;
}

std::string options_text(const std::vector<Option> &options, std::size_t width) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const auto &option : options)
    if (!option.hidden) rows.emplace_back(option_names(option), option_help(option));
  return definitions(rows, width);
}

} // namespace

std::string usage_line(const Command &command) {
  std::string line = "ksail" + (command.path.empty() ? std::string() : " " + std::string(command.path));
  if (!members(command.path).empty()) return line + " COMMAND";
  for (const auto &argument : command.arguments) {
    std::string word(argument.name);
    if (argument.repeatable) word += "...";
    line += argument.required ? " " + word : " [" + word + "]";
  }
  return line + " [options]";
}

std::string option_names(const Option &option) {
  std::string text = option.letter ? std::string("-") + option.letter + ", " : "    ";
  text += "--" + std::string(option.name);
  if (option.takes_value())
    text += option.implied.empty() ? " " + std::string(option.value) : "[=" + std::string(option.value) + "]";
  return text;
}

std::string option_help(const Option &option) {
  std::string text(option.help);
  std::string_view fallback = option.fallback;
  if (fallback.empty() && !option.setting.empty())
    if (const auto *setting = config::find_setting(option.setting)) fallback = setting->fallback;
  if (!fallback.empty()) text += " (default " + std::string(fallback) + ")";
  if (!option.implied.empty()) text += " (" + std::string(option.implied) + " when no value is given)";
  if (!option.alias.empty()) text += " (also --" + std::string(option.alias) + ")";
  return text;
}

std::string help_text(const Command &command, unsigned columns) {
  const std::size_t width = std::clamp(columns, 40u, 120u);
  std::string text = paragraph(command.summary, width) + "\nUsage:\n  " + usage_line(command) + "\n";
  if (!command.description.empty()) text += "\n" + paragraph(command.description, width);
  const auto subcommands = members(command.path);
  if (!subcommands.empty()) {
    std::vector<std::pair<std::string, std::string>> rows;
    for (const auto *member : subcommands) {
      if (member->hidden) continue;
      // The way to the verb is short enough to be shown whole.
      const auto below = command.path.empty() ? members(member->path) : std::vector<const Command *>();
      if (below.empty()) rows.emplace_back(member->word(), member->summary);
      for (const auto *leaf : below)
        rows.emplace_back(leaf->path, leaf->summary);
    }
    text += "\nCommands:\n" + definitions(rows, width);
  }
  if (!command.arguments.empty()) {
    std::vector<std::pair<std::string, std::string>> rows;
    for (const auto &argument : command.arguments)
      rows.emplace_back(argument.name, argument.help);
    text += "\nArguments:\n" + definitions(rows, width);
  }
  if (!command.options.empty()) text += "\nOptions:\n" + options_text(command.options, width);
  text += "\nGlobal options:\n" + options_text(global_options(), width);
  if (!command.examples.empty()) {
    text += "\nExamples:\n";
    for (const auto &example : command.examples)
      text += "  # " + std::string(example.what) + "\n  " + std::string(example.command) + "\n";
  }
  return text;
}

} // namespace ksail::cli

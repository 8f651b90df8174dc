// SPDX-License-Identifier: Apache-2.0
#include "cli/parse.hpp"

#include "config/suggestion.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <set>

namespace ksail::cli {

namespace {

/// "--name" for messages, also where only the letter was typed.
std::string shown(const Option &option) { return "--" + std::string(option.name); }

std::string program(const Command &command) {
  return command.path.empty() ? "ksail" : "ksail " + std::string(command.path);
}

/// The command line as CLI11 sees it. It only takes words apart: unknown ones are left over, values are checked by us,
/// so that every message and exit code is ours.
class Grammar {
public:
  Grammar() {
    app_.set_help_flag();
    app_.allow_extras();
    app_.require_subcommand(0, 1);
    apps_[""] = &app_;
    add(app_, *find_command(""), globals_);
    for (const auto &command : commands()) {
      if (command.path.empty()) continue;
      const auto space = command.path.rfind(' ');
      CLI::App *parent = space == std::string_view::npos ? &app_ : apps_.at(std::string(command.path.substr(0, space)));
      CLI::App *sub = parent->add_subcommand(std::string(command.word()));
      sub->set_help_flag();
      sub->allow_extras();
      sub->fallthrough();
      sub->require_subcommand(0, 1);
      apps_[std::string(command.path)] = sub;
      paths_[sub] = command.path;
    }
    for (const auto &option : global_options())
      add_option(app_, option, globals_);
  }

  /// Fills in the options of the command that the words name. The others stay without: they are never parsed.
  Result<void> parse(std::vector<std::string> words) {
    locals_.clear();
    for (const auto &command : commands())
      if (!command.path.empty()) add(*apps_.at(std::string(command.path)), command, locals_);
    std::reverse(words.begin(), words.end());
    try {
      app_.parse(words);
    } catch (const CLI::ParseError &e) {
      const std::string text = e.what();
      const std::string option = text.substr(0, text.find(':'));
      if (e.get_exit_code() == static_cast<int>(CLI::ExitCodes::ArgumentMismatch))
        return Error(Code::usage, "option " + option + " needs a value");
      return Error(Code::usage, "cannot understand the command line: " + text);
    }
    return {};
  }

  const Command &chosen() const {
    const CLI::App *at = &app_;
    while (!at->get_subcommands().empty())
      at = at->get_subcommands().front();
    return *find_command(at == &app_ ? "" : paths_.at(at));
  }

  std::vector<std::string> leftover() const { return app_.remaining(true); }

  /// Options that were given: global ones and those of the chosen command.
  void collect(const Command &command, Invocation &invocation) const {
    for (const auto *set : {&globals_, &locals_})
      for (const auto &[handle, owner, option] : *set)
        if (handle->count() > 0 && (set == &globals_ || owner == &command)) {
          auto values = handle->results();
          if (!option->implied.empty() && handle->count() > 0) take_implied(values, option->implied);
          if (!option->takes_value() && values.back() == "false") continue; // --flag=false
          invocation.options[std::string(option->name)] = values;
        }
  }

private:
  struct Entry {
    CLI::Option *handle;
    const Command *owner;
    const Option *option;
  };

  /// What CLI11 puts in place of a value that was left away.
  static void take_implied(std::vector<std::string> &values, std::string_view implied) {
    if (values.empty()) values.emplace_back();
    for (auto &value : values)
      if (value.empty() || value == "true" || value == "{}") value = implied;
  }

  void add(CLI::App &app, const Command &command, std::vector<Entry> &into) {
    for (const auto &option : command.options) {
      add_option(app, option, into);
      into.back().owner = &command;
    }
  }

  void add_option(CLI::App &app, const Option &option, std::vector<Entry> &into) {
    std::string names = "--" + std::string(option.name);
    if (option.letter) names = std::string("-") + option.letter + "," + names;
    if (!option.alias.empty()) names += ",--" + std::string(option.alias);
    CLI::Option *handle = nullptr;
    if (option.takes_value())
      handle = app.add_option(names)->expected(option.implied.empty() ? 1 : 0, 1)->allow_extra_args(false);
    else
      handle = app.add_flag(names);
    handle->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    into.push_back({handle, nullptr, &option});
  }

  CLI::App app_;
  std::map<std::string, CLI::App *> apps_;
  std::map<const CLI::App *, std::string_view> paths_;
  std::vector<Entry> globals_, locals_;
};

std::vector<const Option *> options_of(const Command &command) {
  std::vector<const Option *> result;
  for (const auto &option : command.options)
    result.push_back(&option);
  for (const auto &option : global_options())
    result.push_back(&option);
  return result;
}

Error unknown_option(const Command &command, const std::string &word) {
  const std::string typed = word.substr(0, word.find('='));
  std::vector<std::string> names;
  for (const auto *option : options_of(command))
    if (!option->hidden) {
      names.push_back("--" + std::string(option->name));
      if (!option->alias.empty()) names.push_back("--" + std::string(option->alias));
    }
  const std::string near = typed.size() > 2 ? config::closest(typed, names) : "";
  return Error(Code::usage, "unknown option " + typed + " of `" + program(command) + "`",
               near.empty() ? "`" + program(command) + " --help` lists its options" : "did you mean " + near + "?");
}

Error unknown_command(const Command &group, const std::string &word) {
  std::vector<std::string> names;
  for (const auto *member : members(group.path))
    if (!member->hidden) names.emplace_back(member->word());
  std::string near = config::closest(word, names);
  if (!near.empty()) near = program(group) + " " + near;
  // People type the verb and forget the noun.
  if (near.empty())
    for (const auto &command : commands())
      if (!command.hidden && command.word() == word) {
        near = program(command);
        break;
      }
  return Error(Code::usage,
               "unknown command '" + word + "'" + (group.path.empty() ? "" : " of `" + program(group) + "`"),
               near.empty() ? "commands: " + config::any_of(names) : "did you mean `" + near + "`?");
}

Result<void> check_values(const Command &command, Invocation &invocation) {
  for (const auto *option : options_of(command)) {
    const auto given = invocation.options.find(option->name);
    if (given == invocation.options.end()) continue;
    for (auto &value : given->second) {
      if (!option->takes_value()) {
        if (value != "true" && value != "false")
          return Error(Code::usage, "option " + shown(*option) + " takes no value");
        continue;
      }
      if (value.starts_with("--"))
        return Error(Code::usage, "option " + shown(*option) + " needs a value; '" + value + "' looks like an option");
      if (option->kind == ValueKind::choice) {
        const auto choices = split_choices(option->choices);
        const auto found = std::find_if(choices.begin(), choices.end(), [&](const std::string &choice) {
          return config::edit_distance(choice, value) == 0;
        });
        if (found == choices.end()) {
          // A setting knows more to say about a wrong value.
          if (!option->setting.empty()) continue;
          const std::string near = config::closest(value, choices);
          return Error(Code::usage, shown(*option) + ": unknown value '" + value + "'",
                       (near.empty() ? "" : "did you mean " + near + "? ") + "accepted: " + config::any_of(choices));
        }
        value = *found;
      } else if (option->kind == ValueKind::number && option->setting.empty()) {
        unsigned number = 0;
        const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), number);
        if (failure != std::errc() || end != value.data() + value.size())
          return Error(Code::usage, shown(*option) + ": '" + value + "' is not a number", "write digits only");
      }
    }
  }
  return {};
}

Result<void> check_arguments(const Command &command, const Invocation &invocation) {
  std::size_t most = 0;
  for (const auto &argument : command.arguments) {
    if (argument.required && invocation.arguments.size() <= most)
      return Error(Code::usage, "`" + program(command) + "` needs " + std::string(argument.name),
                   "`" + program(command) + " --help` shows how");
    if (argument.repeatable) return {};
    if (!argument.choices.empty() && invocation.arguments.size() > most) {
      const auto choices = split_choices(argument.choices);
      const auto &word = invocation.arguments[most];
      if (std::find(choices.begin(), choices.end(), word) == choices.end()) {
        const auto near = config::closest(word, choices);
        return Error(Code::usage, "unknown " + std::string(argument.name) + " '" + word + "'",
                     (near.empty() ? "" : "did you mean " + near + "? ") + "accepted: " + config::any_of(choices));
      }
    }
    ++most;
  }
  if (invocation.arguments.size() > most)
    return Error(Code::usage, "unexpected '" + invocation.arguments[most] + "' after `" + program(command) + "`",
                 "`" + program(command) + " --help` shows what it takes");
  return {};
}

} // namespace

std::size_t Invocation::count(std::string_view name) const {
  const auto found = options.find(name);
  return found == options.end() ? 0 : found->second.size();
}

std::string Invocation::value(std::string_view name, std::string_view fallback) const {
  const auto found = options.find(name);
  return found == options.end() || found->second.empty() ? std::string(fallback) : found->second.back();
}

std::vector<std::string> Invocation::values(std::string_view name) const {
  const auto found = options.find(name);
  return found == options.end() ? std::vector<std::string>() : found->second;
}

Result<Invocation> parse(const std::vector<std::string> &words) {
  Invocation invocation;
  // What comes after "--" is never an option. CLI11 forgets where it stood, and has a meaning of its own for "++".
  const auto end = std::find(words.begin(), words.end(), "--");
  const std::vector<std::string> after(end == words.end() ? end : end + 1, words.end());
  if (std::find(words.begin(), end, "++") != end) return Error(Code::usage, "unexpected '++'");

  Grammar grammar;
  const auto parsed = grammar.parse(std::vector<std::string>(words.begin(), end));
  const Command &command = grammar.chosen();
  invocation.command = &command;
  grammar.collect(command, invocation);
  std::vector<std::string> unknown;
  for (auto &word : grammar.leftover())
    (word.size() > 1 && word.front() == '-' ? unknown : invocation.arguments).push_back(word);
  invocation.arguments.insert(invocation.arguments.end(), after.begin(), after.end());
  const bool group = !members(command.path).empty();
  if (group && !invocation.arguments.empty()) return unknown_command(command, invocation.arguments.front());
  if (invocation.has("help")) return invocation;
  if (!parsed) return parsed.error();
  if (!unknown.empty()) return unknown_option(command, unknown.front());
  if (auto checked = check_values(command, invocation); !checked) return checked.error();
  if (auto checked = check_arguments(command, invocation); !checked) return checked.error();
  return invocation;
}

} // namespace ksail::cli

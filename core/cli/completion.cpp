// SPDX-License-Identifier: Apache-2.0
#include "cli/completion.hpp"

#include "cli/command_table.hpp"
#include "distributions/distribution.hpp"
#include "orchestrator/journal.hpp"
#include "plugins/loader.hpp"

#include <ksail/sdk/letter_case.hpp>

#include <algorithm>
#include <filesystem>
#include <set>

namespace ksail::cli {

namespace {

/// An option by the word that was typed, "--name" or "-n"; nullptr when there is none.
const Option *find_option(const Command &command, std::string_view word) {
  const auto named = [&](const Option &option) {
    if (word.starts_with("--")) {
      const auto name = word.substr(2);
      return name == option.name || (!option.alias.empty() && name == option.alias);
    }
    // Letters may be glued together; the last one is the one whose value comes next.
    return word.size() >= 2 && word.front() == '-' && option.letter == word.back();
  };
  for (const auto *options : {&command.options, &global_options()})
    for (const auto &option : *options)
      if (named(option)) return &option;
  return nullptr;
}

void add_matching(Completion &result, const std::vector<std::string> &words, std::string_view typed,
                  std::string_view prefix) {
  for (const auto &word : words)
    if (equal_ignoring_case(std::string_view(word).substr(0, typed.size()), typed))
      result.candidates.push_back({std::string(prefix) + word, ""});
}

/// Values of that kind which begin with `typed`; `prefix` is what stands before them in the same word ("--name=").
void add_values(Completion &result, ValueKind kind, std::string_view choices, std::string_view typed,
                std::string_view prefix, const CompletionWorld &world) {
  switch (kind) {
  case ValueKind::choice:
    return add_matching(result, split_choices(choices), typed, prefix);
  case ValueKind::distribution:
    return add_matching(result, world.distributions, typed, prefix);
  case ValueKind::provider:
    return add_matching(result, world.providers, typed, prefix);
  case ValueKind::cluster:
    return add_matching(result, world.clusters, typed, prefix);
  case ValueKind::plugin:
    return add_matching(result, world.plugins, typed, prefix);
  case ValueKind::file:
  case ValueKind::path:
    result.files = true;
    return;
  case ValueKind::directory:
    result.directories = true;
    return;
  case ValueKind::text:
  case ValueKind::number:
  case ValueKind::duration:
    return;
  }
}

void add_options(Completion &result, const Command &command, std::string_view typed,
                 const std::set<const Option *> &given) {
  for (const auto *options : {&command.options, &global_options()})
    for (const auto &option : *options) {
      const std::string word = "--" + std::string(option.name);
      if (option.hidden || !word.starts_with(typed)) continue;
      if (given.contains(&option) && !option.repeatable) continue;
      result.candidates.push_back({word, std::string(option.help)});
    }
}

} // namespace

Completion complete(const std::vector<std::string> &words, const CompletionWorld &world) {
  Completion result;
  if (words.empty()) return result;
  const std::string &typed = words.back();
  const Command *command = find_command("");
  std::set<const Option *> given;
  std::size_t arguments = 0;
  const Option *waiting = nullptr; // its value is the next word
  bool only_arguments = false;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string &word = words[i];
    if (waiting) {
      waiting = nullptr;
    } else if (!only_arguments && word == "--") {
      only_arguments = true;
    } else if (!only_arguments && word.size() > 1 && word.front() == '-') {
      const Option *option = find_option(*command, word.substr(0, word.find('=')));
      if (!option) continue;
      given.insert(option);
      if (option->takes_value() && word.find('=') == std::string::npos) waiting = option;
    } else {
      const std::string path = command->path.empty() ? word : std::string(command->path) + " " + word;
      const Command *next = find_command(path);
      if (next && !members(command->path).empty())
        command = next;
      else
        ++arguments;
    }
  }
  if (waiting) {
    add_values(result, waiting->kind, waiting->choices, typed, "", world);
    return result;
  }
  if (!only_arguments && typed.starts_with("--") && typed.find('=') != std::string::npos) {
    const auto equals = typed.find('=');
    if (const Option *option = find_option(*command, typed.substr(0, equals)); option && option->takes_value())
      add_values(result, option->kind, option->choices, std::string_view(typed).substr(equals + 1),
                 std::string_view(typed).substr(0, equals + 1), world);
    return result;
  }
  if (!only_arguments && typed.starts_with('-')) {
    add_options(result, *command, typed, given);
    return result;
  }
  // `help` takes the words of a command.
  const Command *group = command;
  if (command->path == "help") {
    std::string path;
    for (std::size_t i = words.size() - 1 - arguments; i + 1 < words.size(); ++i)
      path += (path.empty() ? "" : " ") + words[i];
    group = find_command(path);
    if (!group) return result;
  }
  for (const auto *member : members(group->path))
    if (!member->hidden && member->word().starts_with(typed))
      result.candidates.push_back({std::string(member->word()), std::string(member->summary)});
  if (!command->arguments.empty() && command->path != "help") {
    const auto &list = command->arguments;
    const bool more = arguments < list.size() || list.back().repeatable;
    if (more) {
      const auto &argument = list[std::min(arguments, list.size() - 1)];
      add_values(result, argument.kind, argument.choices, typed, "", world);
    }
  }
  return result;
}

namespace {

/// Names of the clusters this machine has a journal of: instant, while asking an engine may take seconds.
std::vector<std::string> known_clusters() {
  std::set<std::string> names;
  std::error_code failure;
  std::filesystem::directory_iterator at(state_directory() + "/clusters", failure);
  while (!failure && at != std::filesystem::directory_iterator()) {
    const std::string file = at->path().filename().string();
    const auto dash = file.find('-');
    if (file.ends_with(".json") && dash != std::string::npos)
      names.insert(file.substr(dash + 1, file.size() - dash - 6));
    at.increment(failure);
  }
  return {names.begin(), names.end()};
}

} // namespace

std::string completion_answer(const std::vector<std::string> &words) {
  CompletionWorld world;
  world.distributions = distribution_names();
  world.clusters = known_clusters();
  for (const auto &found : plugins::discover(plugins::default_search_path(false)))
    if (found.manifest && !found.shadowed) {
      world.plugins.push_back(found.manifest->id);
      world.providers.insert(world.providers.end(), found.manifest->provider_names.begin(),
                             found.manifest->provider_names.end());
    }
  const auto completion = complete(words, world);
  std::string text;
  for (const auto &[word, help] : completion.candidates)
    text += word + (help.empty() ? "" : "\t" + help) + "\n";
  return text + (completion.files ? ":files\n" : completion.directories ? ":directories\n" : ":\n");
}

} // namespace ksail::cli

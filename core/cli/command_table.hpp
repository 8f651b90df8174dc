// SPDX-License-Identifier: Apache-2.0
// Every command and option there is, as data. Parsing, help, completion and man pages are made from it, so that they
// cannot disagree.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ksail::cli {

/// What a value is: decides how it is completed.
enum class ValueKind { text, number, duration, file, directory, path, choice, distribution, provider, cluster, plugin };

struct Option {
  std::string_view name{}; ///< without dashes
  char letter = 0;
  std::string_view value{}; ///< "NAME"; empty: a flag without value
  ValueKind kind = ValueKind::text;
  std::string_view help{};
  std::string_view setting{};  ///< key of the setting it overrides, if it is one
  std::string_view choices{};  ///< "a|b|c"
  std::string_view fallback{}; ///< default, for help; settings know their own
  std::string_view alias{};    ///< another long name
  std::string_view implied{};  ///< value taken when the option is given without one
  bool repeatable = false;
  bool hidden = false;

  bool takes_value() const { return !value.empty(); }
};

/// Both lists, one after the other.
std::vector<Option> operator+(std::vector<Option> a, const std::vector<Option> &b);

struct Argument {
  std::string_view name{}; ///< "NAME"
  ValueKind kind = ValueKind::text;
  std::string_view help{};
  std::string_view choices{};
  bool required = false;
  bool repeatable = false;
};

struct Example {
  std::string_view what{};
  std::string_view command{};
};

/// A command, or a group of commands when others' paths continue its own.
struct Command {
  std::string_view path{}; ///< "cluster create"; empty: ksail itself
  std::string_view summary{};
  std::string_view description{};
  std::vector<Option> options{};
  std::vector<Argument> arguments{};
  std::vector<Example> examples{};
  bool hidden = false;

  /// "create"
  std::string_view word() const;
};

const std::vector<Command> &commands();
const Command *find_command(std::string_view path);
/// Direct members of a group, in table order.
std::vector<const Command *> members(std::string_view group);
/// Options every command has.
const std::vector<Option> &global_options();

/// "a|b" -> {"a", "b"}
std::vector<std::string> split_choices(std::string_view choices);

} // namespace ksail::cli

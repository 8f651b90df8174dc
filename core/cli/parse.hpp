// SPDX-License-Identifier: Apache-2.0
// From the words of a command line to a command with its options. The only file that knows CLI11.
#pragma once

#include "cli/command_table.hpp"

#include <ksail/sdk/result.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ksail::cli {

struct Invocation {
  const Command *command = nullptr; ///< may be a group: then its help is what was asked for
  std::map<std::string, std::vector<std::string>, std::less<>> options; ///< by long name, in the order given
  std::vector<std::string> arguments;

  bool has(std::string_view name) const { return options.find(name) != options.end(); }
  std::size_t count(std::string_view name) const;
  /// The last one given, as the last word on a command line wins; or `fallback`.
  std::string value(std::string_view name, std::string_view fallback = "") const;
  std::vector<std::string> values(std::string_view name) const;
};

/// `words` without the program's name. Failures are Code::usage with a suggestion where there is one. With -h nothing
/// else has to be right.
Result<Invocation> parse(const std::vector<std::string> &words);

} // namespace ksail::cli

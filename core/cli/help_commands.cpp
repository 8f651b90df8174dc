// SPDX-License-Identifier: Apache-2.0
#include "cli/completion.hpp"
#include "cli/handlers.hpp"
#include "cli/help.hpp"
#include "cli/man_page.hpp"
#include "cli/version.hpp"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace ksail::cli {

Result<void> run_version(CommandContext &context) {
  if (context.json)
    context.answer("Version", {{"version", KSAIL_VERSION}, {"pluginAbi", plugin_abi_text()}});
  else
    context.console.out(version_text());
  return {};
}

Result<void> run_completion(CommandContext &context) {
  context.console.out(completion_script(context.invocation.arguments.front()));
  return {};
}

Result<void> run_help(CommandContext &context) {
  std::vector<std::string> words = context.invocation.arguments;
  words.emplace_back("--help");
  auto about = parse(words);
  if (!about) return about.error();
  context.console.out(help_text(*about->command, terminal_size().columns));
  return {};
}

Result<void> run_man(CommandContext &context) {
  const std::filesystem::path folder = context.invocation.arguments.front();
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  for (const auto &page : man_pages()) {
    const auto file = folder / page.file;
    std::ofstream out(file, std::ios::trunc);
    out << page.text;
    out.close();
    if (!out) return Error(Code::failed_precondition, "cannot write " + file.string() + ": " + std::strerror(errno));
  }
  return {};
}

} // namespace ksail::cli

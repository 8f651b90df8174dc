// SPDX-License-Identifier: Apache-2.0
// The command table and what is made from it: help, man pages, completion.
#include "cli/command_table.hpp"
#include "cli/completion.hpp"
#include "cli/help.hpp"
#include "cli/man_page.hpp"
#include "cli/text_width.hpp"
#include "config/setting.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>
#include <sstream>

using namespace ksail;
using namespace ksail::cli;
using Catch::Contains;

namespace {

using Words = std::vector<std::string>;
const CompletionWorld world = {{"Vanilla", "K3s"}, {"Docker"}, {"dev", "shop"}, {"docker"}};

Words offered(const Words &words) {
  Words result;
  for (const auto &candidate : complete(words, world).candidates)
    result.push_back(candidate.word);
  return result;
}
bool offers(const Words &words, const std::string &word) {
  const auto all = offered(words);
  return std::find(all.begin(), all.end(), word) != all.end();
}

} // namespace

TEST_CASE("the table agrees with itself") {
  std::set<std::string_view> paths;
  for (const auto &command : commands()) {
    INFO(command.path);
    CHECK(paths.insert(command.path).second);
    CHECK_FALSE(command.summary.empty());
    if (const auto space = command.path.rfind(' '); space != std::string_view::npos)
      CHECK(find_command(command.path.substr(0, space)));
    std::set<std::string> names;
    std::set<char> letters;
    for (const auto *options : {&command.options, &global_options()})
      for (const auto &option : *options) {
        INFO(option.name);
        CHECK(names.insert(std::string(option.name)).second);
        if (!option.alias.empty()) CHECK(names.insert(std::string(option.alias)).second);
        if (option.letter) CHECK(letters.insert(option.letter).second);
        CHECK_FALSE(option.help.empty());
        if (!option.setting.empty() && option.setting != "nodeImage") CHECK(config::find_setting(option.setting));
        if (option.kind == ValueKind::choice) CHECK(split_choices(option.choices).size() > 1);
      }
    for (const auto &example : command.examples)
      CHECK_FALSE(example.what.empty());
  }
}

TEST_CASE("the options the documentation promises are there") {
  const auto *create = find_command("cluster create");
  REQUIRE(create);
  std::set<std::string_view> names;
  for (const auto *options : {&create->options, &global_options()})
    for (const auto &option : *options)
      names.insert(option.name);
  for (const char *name :
       {"name", "distribution", "provider", "control-planes", "workers", "kubernetes-version", "node-image", "cni",
        "kubeconfig", "context", "timeout", "retain", "dry-run", "timing", "output", "quiet", "verbose", "no-color"})
    CHECK(names.contains(name));
}

TEST_CASE("help fits every width and names everything") {
  for (const auto &command : commands())
    for (const unsigned columns : {1u, 40u, 60u, 80u, 200u}) {
      INFO(command.path << " at " << columns);
      const auto text = help_text(command, columns);
      CHECK_THAT(text, Contains("Usage:\n  " + usage_line(command)));
      for (const auto &option : command.options)
        CHECK(option.hidden == (text.find("--" + std::string(option.name)) == std::string::npos));
      if (columns < 60) continue; // words that are longer than the room for them stand alone
      std::istringstream lines(text.substr(0, text.find("\nExamples:")));
      for (std::string line; std::getline(lines, line);) {
        INFO(line);
        CHECK(display_width(line) <= std::min(std::max(columns, 40u), 120u));
      }
    }
}

TEST_CASE("hidden commands are not shown") {
  CHECK_THAT(help_text(*find_command(""), 80), !Contains("__complete") && Contains("cluster create"));
  for (const auto &page : man_pages())
    CHECK_THAT(page.file, !Contains("__"));
}

TEST_CASE("man pages: one for each command, nothing that troff would take for a request") {
  const auto pages = man_pages();
  std::size_t shown = 0;
  for (const auto &command : commands())
    shown += !command.hidden;
  CHECK(pages.size() == shown + 1); // and ksail.yaml(5)
  for (const auto &page : pages) {
    INFO(page.file);
    CHECK_THAT(page.text, Contains(".SH NAME"));
    if (page.file.ends_with(".1")) CHECK_THAT(page.text, Contains(".SH SYNOPSIS") && Contains(".SH EXIT STATUS"));
    std::istringstream lines(page.text);
    for (std::string line; std::getline(lines, line);)
      if (!line.empty() && (line[0] == '.' || line[0] == '\'')) {
        INFO(line);
        CHECK((line.starts_with(".\\\"") || line.starts_with(".TH ") || line.starts_with(".SH ") ||
               line.starts_with(".TP") || line.starts_with(".B ") || line == ".PP" || line == ".nf" || line == ".fi"));
      }
  }
}

TEST_CASE("the manual has every setting with all that sets it") {
  const auto page = man_pages().back();
  CHECK(page.file == "ksail.yaml.5");
  for (const auto &setting : config::settings())
    CHECK_THAT(page.text, Contains("\\fB" + std::string(setting.key) + "\\fR\n") &&
                              Contains(config::environment_name(setting.key)));
  CHECK_THAT(page.text, Contains("Number of worker nodes.\nA number from 0 to 999.\nDefault: 0.\n"
                                 "Also: \\-\\-workers, KSAIL_SPEC_CLUSTER_WORKERS.\n"));
  CHECK_THAT(page.text, Contains("Also: \\-\\-node\\-image, KSAIL_SPEC_K3S_NODEIMAGE, KSAIL_K3S_NODE_IMAGE.\n"));
}

TEST_CASE("completion: commands") {
  CHECK(offers({""}, "cluster"));
  CHECK_FALSE(offers({""}, "__complete"));
  CHECK(offered({"cl"}) == Words{"cluster"});
  CHECK(offers({"cluster", ""}, "create"));
  CHECK(offered({"cluster", "st"}) == Words{"status", "start", "stop"});
  CHECK(offered({"help", "cluster", "cr"}) == Words{"create"});
  CHECK(offered({"frobnicate", ""}).size() == offered({""}).size());
}

TEST_CASE("completion: options, each once") {
  CHECK(offered({"cluster", "create", "--wor"}) == Words{"--workers"});
  CHECK(offers({"cluster", "create", "--"}, "--quiet"));
  CHECK_FALSE(offers({"cluster", "create", "--workers", "2", "--"}, "--workers"));
  CHECK(offers({"workload", "apply", "-f", "x", "--"}, "--filename")); // may be repeated
  CHECK_FALSE(offers({"cluster", "list", "--"}, "--workers"));
}

TEST_CASE("completion: values") {
  CHECK(offered({"cluster", "create", "--distribution", ""}) == Words{"Vanilla", "K3s"});
  CHECK(offered({"cluster", "create", "-d", "v"}) == Words{"Vanilla"});
  CHECK(offered({"cluster", "create", "--distribution=k"}) == Words{"--distribution=K3s"});
  CHECK(offered({"cluster", "create", "--provider", ""}) == Words{"Docker"});
  CHECK(offered({"cluster", "delete", "--name", "s"}) == Words{"shop"});
  CHECK(offered({"cluster", "create", "--cni", ""}) == Words{"Default", "None"});
  CHECK(offered({"cluster", "create", "--workers", ""}).empty());
  CHECK(offered({"completion", ""}) == Words{"bash", "zsh", "fish"});
  CHECK(offered({"plugin", "info", ""}) == Words{"docker"});
  CHECK(offered({"plugin", "info", "docker", ""}).empty()); // takes one
  CHECK(offered({"plugin", "verify", "docker", ""}) == Words{"docker"});
  CHECK(complete({"workload", "apply", "-f", ""}, world).files);
  CHECK(complete({"workload", "apply", "-k", ""}, world).directories);
  CHECK(complete({"cluster", "create", "--kubeconfig", "x"}, world).files);
  CHECK(complete({}, world).candidates.empty());
}

TEST_CASE("completion scripts ask the program") {
  for (const char *shell : {"bash", "zsh", "fish"})
    CHECK_THAT(std::string(completion_script(shell)), Contains("__complete"));
}

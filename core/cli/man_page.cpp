// SPDX-License-Identifier: Apache-2.0
#include "cli/man_page.hpp"

#include "cli/help.hpp"
#include "config/setting.hpp"

#include <ksail/sdk/letter_case.hpp>

#include <algorithm>

namespace ksail::cli {

namespace {

/// Text as troff wants it: dashes that can be copied, no line that looks like a request.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\')
      result += "\\e";
    else if (c == '-')
      result += "\\-";
    else
      result += c;
  }
  if (!result.empty() && (result.front() == '.' || result.front() == '\'')) result.insert(0, "\\&");
  return result;
}

/// "number of nodes" -> "Number of nodes."
std::string sentence(std::string_view text) { return ascii_upper(text.front()) + std::string(text.substr(1)) + "."; }

std::string title(std::string_view name, char section) {
  return ".TH " + ascii_upper(escaped(name)) + " " + section + " \"\" \"ksail " + escaped(KSAIL_VERSION) +
         "\" \"ksail manual\"\n";
}

/// Everything but ksail.yaml that gives a setting its value: "--workers, KSAIL_SPEC_CLUSTER_WORKERS".
std::string other_ways(const config::Setting &setting) {
  std::string names;
  const auto &options = find_command("config view")->options; // it has those of every setting
  const bool node_image = setting.type == config::Type::image && setting.key.ends_with(".nodeImage");
  for (const auto &option : options)
    if (option.setting == setting.key || (node_image && option.setting == "nodeImage"))
      names += "--" + std::string(option.name) + ", ";
  for (const auto &variable : config::environment_names(setting))
    names += variable + ", ";
  names.resize(names.size() - 2);
  return names;
}

ManPage configuration_page() {
  std::string text = ".\\\" Made from the table of settings of ksail.\n" + title("ksail.yaml", '5') +
                     R"(.SH NAME
ksail.yaml \- configuration of ksail
.SH DESCRIPTION
What a project's cluster is like. The nearest ksail.yaml is taken, from the working directory upwards, or the file that
\fB\-\-config\fR names. Flags win over the environment, the environment over ksail.yaml, and that over the defaults;
\fBksail config view \-\-show\-origin\fR tells which value comes from where.
.PP
A field that is left out, empty or null is unset. ${VAR} and ${VAR:\-default} in values stand for variables of the
environment. Relative paths are relative to the file. Unknown fields are errors.
.SH FIELDS
.TP
\fBapiVersion\fR
ksail.io/v1alpha1. Has to be there.
.TP
\fBkind\fR
Cluster. Has to be there.
)";
  for (const auto &setting : config::settings()) {
    text += ".TP\n\\fB" + escaped(setting.key) + "\\fR\n" + escaped(sentence(setting.summary)) + "\n" +
            escaped(sentence(config::accepted_values(setting.type))) + "\n";
    if (!setting.fallback.empty()) text += escaped("Default: " + std::string(setting.fallback) + ".") + "\n";
    text += escaped("Also: " + other_ways(setting) + ".") + "\n";
  }
  text += R"(.SH EXAMPLE
.nf
apiVersion: ksail.io/v1alpha1
kind: Cluster
metadata:
  name: shop
spec:
  cluster:
    distribution: K3s
    workers: 2
  workload:
    sourceDirectory: deploy
.fi
.SH SEE ALSO
\fBksail\fR(1)
)";
  return {"ksail.yaml.5", text};
}

std::string page_name(const Command &command) {
  std::string name = "ksail" + (command.path.empty() ? std::string() : " " + std::string(command.path));
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

void add_options(std::string &text, const std::vector<Option> &options) {
  for (const auto &option : options) {
    if (option.hidden) continue;
    std::string names = option.letter ? std::string("\\fB\\-") + option.letter + "\\fR, " : "";
    names += "\\fB" + escaped("--" + std::string(option.name)) + "\\fR";
    if (option.takes_value())
      names += option.implied.empty() ? " \\fI" + escaped(option.value) + "\\fR"
                                      : "[=\\fI" + escaped(option.value) + "\\fR]";
    text += ".TP\n" + names + "\n" + escaped(option_help(option)) + "\n";
  }
}

ManPage page(const Command &command) {
  const std::string name = page_name(command);
  std::string text = ".\\\" Made from the command table of ksail.\n" + title(name, '1') + ".SH NAME\n" + escaped(name) +
                     " \\- " + escaped(command.summary) + "\n.SH SYNOPSIS\n.B " + escaped(usage_line(command)) + "\n";
  if (!command.description.empty()) text += ".SH DESCRIPTION\n" + escaped(command.description) + "\n";
  const auto below = members(command.path);
  if (!below.empty()) {
    text += ".SH COMMANDS\n";
    for (const auto &leaf : commands()) {
      const std::string prefix = command.path.empty() ? "" : std::string(command.path) + " ";
      if (leaf.hidden || leaf.path.empty() || !leaf.path.starts_with(prefix) || !members(leaf.path).empty()) continue;
      text += ".TP\n\\fBksail " + escaped(leaf.path) + "\\fR\n" + escaped(leaf.summary) + "\n";
    }
  }
  if (!command.arguments.empty()) {
    text += ".SH ARGUMENTS\n";
    for (const auto &argument : command.arguments)
      text += ".TP\n\\fI" + escaped(argument.name) + "\\fR\n" + escaped(argument.help) + "\n";
  }
  if (!command.options.empty()) text += ".SH OPTIONS\n", add_options(text, command.options);
  text += ".SH GLOBAL OPTIONS\n";
  add_options(text, global_options());
  if (command.path.empty()) {
    text += ".SH ENVIRONMENT\n";
    for (const auto &setting : config::settings()) {
      std::string names;
      for (const auto &variable : config::environment_names(setting))
        names += (names.empty() ? "" : ", ") + variable;
      text += ".TP\n\\fB" + escaped(names) + "\\fR\n" + escaped(setting.summary) + "\n";
    }
    text += ".TP\n\\fBKSAIL_TIMING_LOG\\fR\nFile to which every command appends one line that ends in its seconds.\n"
            ".TP\n\\fBKSAIL_SCHEMA\\fR\nFile with the schemas that `ksail workload validate` takes when no cluster "
            "answers, instead of those "
            "that come with ksail.\n"
            ".TP\n\\fBKSAIL_TIMING_JSON\\fR\nFile to which every command appends its steps as JSON lines.\n"
            ".TP\n\\fBKSAIL_PLUGIN_PATH\\fR\nAbsolute directories where plugins are looked for first, separated by "
            "colons.\n"
            ".TP\n\\fBNO_COLOR\\fR\nWhen not empty: no colour.\n";
  }
  text += ".SH EXIT STATUS\n0 done; 1 failed; 2 usage; 3 configuration; 4 not found; 5 exists or conflict; 6 plugin; "
          "7 credentials; 8 timeout; 9 partly failed; 130 and 143 interrupted.\n";
  if (!command.examples.empty()) {
    text += ".SH EXAMPLES\n";
    for (const auto &example : command.examples)
      text += ".TP\n" + escaped(example.what) + "\n" + escaped(example.command) + "\n";
  }
  text += ".SH SEE ALSO\n";
  if (!command.path.empty()) text += "\\fBksail\\fR(1), ";
  text += "\\fBksail.yaml\\fR(5)\n";
  return {name + ".1", text};
}

} // namespace

std::vector<ManPage> man_pages() {
  std::vector<ManPage> pages;
  for (const auto &command : commands())
    if (!command.hidden) pages.push_back(page(command));
  pages.push_back(configuration_page());
  return pages;
}

} // namespace ksail::cli

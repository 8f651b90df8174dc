// SPDX-License-Identifier: Apache-2.0
#include "cli/command_table.hpp"

#include "cli/workload_verbs.hpp"
#include "config/setting.hpp"
#include "distributions/registries.hpp"

namespace ksail::cli {

namespace {

namespace key = config::key;

const Option name_option{.name = "name",
                         .letter = 'n',
                         .value = "NAME",
                         .kind = ValueKind::cluster,
                         .help = "Name of the cluster",
                         .setting = key::name};
const Option provider_option{.name = "provider",
                             .letter = 'p',
                             .value = "PROVIDER",
                             .kind = ValueKind::provider,
                             .help = "Where the nodes run",
                             .setting = key::provider};
const Option kubeconfig_option{.name = "kubeconfig",
                               .value = "FILE",
                               .kind = ValueKind::file,
                               .help = "Kubeconfig file, instead of $KUBECONFIG or ~/.kube/config",
                               .setting = key::kubeconfig};
const Option context_option{.name = "context", .value = "NAME", .help = "Kubeconfig context", .setting = key::context};
const Option timeout_option{.name = "timeout",
                            .value = "DURATION",
                            .kind = ValueKind::duration,
                            .help = "Time it has, such as 90s or 5m",
                            .setting = key::timeout};

Option with_letter(Option option, char letter) {
  option.letter = letter;
  return option;
}
Option with_fallback(Option option, std::string_view fallback) {
  option.fallback = fallback;
  return option;
}

std::vector<Option> creation_options() {
  return {
      name_option,
      {.name = "distribution",
       .letter = 'd',
       .value = "DISTRIBUTION",
       .kind = ValueKind::distribution,
       .help = "What runs on the nodes",
       .setting = key::distribution},
      provider_option,
      {.name = "control-planes",
       .value = "N",
       .kind = ValueKind::number,
       .help = "Number of control plane nodes",
       .setting = key::control_planes},
      {.name = "workers",
       .value = "N",
       .kind = ValueKind::number,
       .help = "Number of worker nodes",
       .setting = key::workers},
      {.name = "kubernetes-version",
       .value = "VERSION",
       .help = "Version of Kubernetes, such as v1.34.2; unset: what the node image holds",
       .setting = key::kubernetes_version},
      {.name = "node-image",
       .value = "IMAGE",
       .help = "Image of the nodes, with a tag other than latest or a digest; unset: the default of the distribution",
       .setting = "nodeImage"},
      {.name = "load-balancer-image",
       .value = "IMAGE",
       .help = "Image in front of several control planes, with a tag other than latest or a digest",
       .setting = key::load_balancer_image},
      {.name = "cni",
       .value = "CNI",
       .kind = ValueKind::choice,
       .help = "The network between pods: Default, or None to bring your own",
       .setting = key::cni,
       .choices = "Default|None"},
      {.name = "disable",
       .value = "COMPONENT[,...]",
       .help = "Bundled components to leave away: of K3s coredns, servicelb, traefik, local-storage, metrics-server",
       .setting = key::disable},
      {.name = "registry-mirror",
       .value = "HOST=URL",
       .help = "Where nodes pull a registry's images instead, * for all; may be given several times",
       .setting = key::registry_mirrors,
       .repeatable = true},
      {.name = "local-registry",
       .value = "NAME:PORT",
       .help = "Use a registry that clusters share, and make it when it is not there; push to localhost:PORT",
       .setting = key::local_registry,
       .implied = default_local_registry},
      {.name = "prefetch",
       .value = "IMAGE[,...]",
       .help = "Images to pull beside the node image and to put into every node",
       .setting = key::prefetch,
       .repeatable = true},
      {.name = "talos-patch",
       .value = "[ROLE=]FILE",
       .kind = ValueKind::file,
       .help = "Patch of the machine configurations, strategic merge or JSON; ROLE is control-plane or worker",
       .setting = key::talos_patches,
       .repeatable = true},
      {.name = "talos-secrets",
       .value = "FILE",
       .kind = ValueKind::file,
       .help = "Keys of the cluster, as `talosctl gen secrets` writes them, instead of new ones",
       .setting = key::talos_secrets},
      {.name = "api-port",
       .value = "PORT",
       .kind = ValueKind::number,
       .help = "Port of this machine that reaches the API server; 0: a free one",
       .setting = key::api_port},
      with_letter(kubeconfig_option, 'k'),
      with_letter(context_option, 'c'),
  };
}

std::vector<Command> make_commands() {
  const std::vector<Option> target = {name_option, provider_option};
  const Option kubeconfig = with_letter(kubeconfig_option, 'k');
  std::vector<Command> table;
  table.push_back({.path = "",
                   .summary = "Kubernetes clusters in seconds, and workloads on them",
                   .options = {{.name = "version", .help = "Show the version"}}});

  table.push_back({.path = "cluster", .summary = "Create clusters and live with them"});
  table.push_back(
      {.path = "cluster create",
       .summary = "Create a cluster and return when it is Ready",
       .description =
           "Ready means: every node is Ready and a pod can resolve kubernetes.default. With --cni None: the API "
           "server answers and every node has registered. A creation that fails or is interrupted removes what it "
           "made, unless --retain is given. The cluster becomes the current context of the kubeconfig.",
       .options = creation_options() +
                  std::vector<Option>{with_fallback(timeout_option, "10m"),
                                      {.name = "retain", .help = "Keep what was made when the creation fails"},
                                      {.name = "dry-run", .help = "Show what would be done, and do nothing"}},
       .examples = {
           {"A cluster of one node", "ksail cluster create"},
           {"One control plane and two workers, and where the time went", "ksail cluster create --workers 2 --timing"},
           {"From your own node image", "ksail cluster create --name shop --node-image kindest/node:v1.34.0"}}});
  table.push_back(
      {.path = "cluster delete",
       .summary = "Delete a cluster and everything that belongs to it",
       .description =
           "Removes the nodes, volumes and networks that carry the cluster's label, and its entry in the "
           "kubeconfig. Which cluster: --name, else the name in ksail.yaml, else the default name. Deleting what is "
           "not there is no error.",
       .options = target + std::vector<Option>{kubeconfig,
                                               with_fallback(timeout_option, "5m"),
                                               {.name = "with-registry",
                                                .help = "Also the local registry, unless other clusters use it"},
                                               {.name = "force", .letter = 'f', .help = "Do not ask", .alias = "yes"}},
       .examples = {{"Without a question", "ksail cluster delete -f"}}});
  table.push_back({.path = "cluster list",
                   .summary = "List the clusters of a provider",
                   .options = {provider_option, with_fallback(timeout_option, "30s")}});
  table.push_back(
      {.path = "cluster status",
       .summary = "Show whether a cluster is Ready, and why not",
       .description =
           "Asks the provider for the nodes and, at the same time, the API server for their conditions. The exit "
           "code is 0 for every state of a cluster that exists, and 4 when there is none of that name.",
       .options = target + std::vector<Option>{{.name = "nodes", .help = "Show every node"},
                                               kubeconfig,
                                               with_letter(context_option, 'c'),
                                               with_fallback(timeout_option, "30s")},
       .examples = {{"For scripts", "ksail cluster status -o json | jq -r .state"}}});
  table.push_back({.path = "cluster start",
                   .summary = "Start the nodes of a stopped cluster and wait until they are Ready",
                   .options = target + std::vector<Option>{kubeconfig, with_fallback(timeout_option, "5m")}});
  table.push_back({.path = "cluster stop",
                   .summary = "Stop the nodes of a cluster, keeping their data",
                   .options = target + std::vector<Option>{with_fallback(timeout_option, "2m")}});
  table.push_back(
      {.path = "cluster kubeconfig",
       .summary = "Print the kubeconfig of a running cluster",
       .options = target + std::vector<Option>{kubeconfig,
                                               with_letter(context_option, 'c'),
                                               {.name = "merge",
                                                .help = "Put it into the kubeconfig file instead of printing it"},
                                               with_fallback(timeout_option, "1m")},
       .examples = {{"Into the kubeconfig in effect", "ksail cluster kubeconfig --merge"}}});
  table.push_back(
      {.path = "cluster logs",
       .summary = "Show the logs of a cluster's nodes",
       .options =
           target + std::vector<Option>{
                        {.name = "node", .value = "NODE", .help = "Only this node"},
                        {.name = "service", .value = "NAME", .help = "Of this service of Talos nodes, such as kubelet"},
                        {.name = "follow", .letter = 'f', .help = "Go on until interrupted"},
                        {.name = "tail",
                         .value = "N",
                         .kind = ValueKind::number,
                         .help = "Lines from the end of each node's log",
                         .fallback = "200"},
                        timeout_option}});

  table.push_back(
      {.path = "cluster scale",
       .summary = "Change the number of workers of a running cluster",
       .description =
           "New workers are Ready when it returns. Those that go are the last ones: their pods are moved away first, "
           "as far as disruption budgets allow. What would be lost, pods that nobody starts again and volumes on the "
           "node, is named and nothing changes, unless --force is given. With no worker left the control planes take "
           "workloads.",
       .options =
           target +
           std::vector<Option>{{.name = "workers",
                                .value = "N",
                                .kind = ValueKind::number,
                                .help = "Number of workers there shall be",
                                .setting = key::workers},
                               {.name = "force", .letter = 'f', .help = "Remove nodes at once, whatever runs on them"},
                               kubeconfig,
                               with_fallback(timeout_option, "5m")},
       .examples = {{"Two workers from now on", "ksail cluster scale --workers 2"}}});
  table.push_back({.path = "cluster info",
                   .summary = "Show what a cluster is and where it is reached",
                   .options = target + std::vector<Option>{kubeconfig, with_letter(context_option, 'c'),
                                                           with_fallback(timeout_option, "30s")},
                   .examples = {{"For scripts", "ksail cluster info -o json | jq -r .server"}}});
  table.push_back(
      {.path = "cluster load-image",
       .summary = "Put images into every node, without a registry",
       .description =
           "Each image is sent once and imported by all nodes at once, in constant memory. Nodes that have it "
           "already are left alone. A word that begins with / or . or ends in .tar is an archive as `docker save` "
           "writes it, - is one on standard input. Pods find the image under its name, with imagePullPolicy "
           "IfNotPresent or Never.",
       .options = target + std::vector<Option>{with_fallback(timeout_option, "10m")},
       .arguments = {{.name = "IMAGE|TAR",
                      .kind = ValueKind::path,
                      .help = "Images, archives or -",
                      .required = true,
                      .repeatable = true}},
       .examples = {
           {"What was just built", "ksail cluster load-image app:1"},
           {"From another builder", "buildah push app:1 docker-archive:/dev/stdout | ksail cluster load-image -"}}});

  table.push_back({.path = "workload", .summary = "Put workloads on a cluster"});
  for (auto &verb : workload_verbs())
    table.push_back(std::move(verb));

  table.push_back({.path = "plugin", .summary = "Show and check plugins"});
  table.push_back({.path = "plugin list", .summary = "List the plugins that were found"});
  table.push_back(
      {.path = "plugin info",
       .summary = "Show what a plugin says of itself",
       .arguments = {{.name = "PLUGIN", .kind = ValueKind::plugin, .help = "Id or provider name", .required = true}}});
  table.push_back({.path = "plugin verify",
                   .summary = "Check plugins without running any of their code",
                   .arguments = {{.name = "PLUGIN",
                                  .kind = ValueKind::plugin,
                                  .help = "Id, manifest or library; without it all that were found",
                                  .repeatable = true}}});

  table.push_back({.path = "doctor",
                   .summary = "Find what stands in the way on this machine, each with a remedy",
                   .options = {provider_option, kubeconfig, with_fallback(timeout_option, "20s")}});
  table.push_back({.path = "config",
                   .summary = "Look at the configuration",
                   .description = "What can be configured is in the manual, ksail.yaml(5): every field with its "
                                  "values, default, option and variables."});
  table.push_back(
      {.path = "config view",
       .summary = "Show every setting in effect",
       .description = "Flags win over the environment, the environment over ksail.yaml, and that over the defaults.",
       .options =
           creation_options() + std::vector<Option>{timeout_option,
                                                    {.name = "show-origin", .help = "Show where each value comes from"},
                                                    {.name = "default-node-image",
                                                     .value = "DISTRIBUTION",
                                                     .kind = ValueKind::distribution,
                                                     .help = "Only show the node image taken when none is given"}},
       .examples = {{"Why is it that value?", "ksail config view --show-origin"}}});
  table.push_back({.path = "version", .summary = "Show the version"});
  table.push_back({.path = "completion",
                   .summary = "Print a completion script for a shell",
                   .arguments = {{.name = "SHELL",
                                  .kind = ValueKind::choice,
                                  .help = "bash, zsh or fish",
                                  .choices = "bash|zsh|fish",
                                  .required = true}},
                   .examples = {{"For this bash", "source <(ksail completion bash)"},
                                {"For every fish", "ksail completion fish > ~/.config/fish/completions/ksail.fish"}}});
  table.push_back({.path = "help",
                   .summary = "Show the help of a command",
                   .arguments = {{.name = "COMMAND", .help = "Words of the command", .repeatable = true}}});
  table.push_back({.path = "__complete", .summary = "Print completions of a command line", .hidden = true});
  table.push_back({.path = "__man",
                   .summary = "Write the man pages into a directory",
                   .arguments = {{.name = "DIR", .kind = ValueKind::directory, .help = "Where to", .required = true}},
                   .hidden = true});
  return table;
}

} // namespace

std::vector<Option> operator+(std::vector<Option> a, const std::vector<Option> &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::string_view Command::word() const {
  const auto space = path.rfind(' ');
  return space == std::string_view::npos ? path : path.substr(space + 1);
}

const std::vector<Command> &commands() {
  static const std::vector<Command> table = make_commands();
  return table;
}

const Command *find_command(std::string_view path) {
  for (const auto &command : commands())
    if (command.path == path) return &command;
  return nullptr;
}

std::vector<const Command *> members(std::string_view group) {
  std::vector<const Command *> result;
  for (const auto &command : commands()) {
    if (command.path.empty()) continue;
    const auto space = command.path.rfind(' ');
    const std::string_view parent = space == std::string_view::npos ? "" : command.path.substr(0, space);
    if (parent == group) result.push_back(&command);
  }
  return result;
}

const std::vector<Option> &global_options() {
  static const std::vector<Option> table = {
      {.name = "config",
       .value = "FILE",
       .kind = ValueKind::file,
       .help = "Configuration file, instead of the nearest ksail.yaml"},
      {.name = "output",
       .letter = 'o',
       .value = "FORMAT",
       .kind = ValueKind::choice,
       .help = "text or json; `workload apply` also has name, `workload build` yaml",
       .choices = "text|json|yaml|name"},
      {.name = "quiet", .letter = 'q', .help = "Only results and errors"},
      {.name = "verbose", .letter = 'v', .help = "Show what goes on inside; twice for more", .repeatable = true},
      {.name = "color",
       .value = "WHEN",
       .kind = ValueKind::choice,
       .help = "auto, always or never",
       .choices = "auto|always|never"},
      {.name = "no-color", .help = "The same as --color never"},
      {.name = "timing", .help = "Show at the end where the time went", .alias = "benchmark"},
      {.name = "timing-json",
       .value = "FILE",
       .kind = ValueKind::file,
       .help = "Append every step with its times to a file, as JSON lines"},
      {.name = "help", .letter = 'h', .help = "Show help"},
  };
  return table;
}

std::vector<std::string> split_choices(std::string_view choices) {
  std::vector<std::string> result;
  while (!choices.empty()) {
    const auto bar = choices.find('|');
    result.emplace_back(choices.substr(0, bar));
    choices = bar == std::string_view::npos ? std::string_view() : choices.substr(bar + 1);
  }
  return result;
}

} // namespace ksail::cli

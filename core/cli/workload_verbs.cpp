// SPDX-License-Identifier: Apache-2.0
#include "cli/workload_verbs.hpp"

#include "cli/overlay.hpp"
#include "config/setting.hpp"

namespace ksail::cli {

namespace {

namespace key = config::key;

/// Which objects are meant.
std::vector<Option> inputs() {
  return std::vector<Option>{
             {.name = "filename",
              .letter = 'f',
              .value = "PATH",
              .kind = ValueKind::path,
              .help = "File, directory, web address or - for standard input; may be given several times",
              .repeatable = true},
             {.name = "recursive", .letter = 'R', .help = "Also the directories below those given with -f"},
             {.name = "overlay-path",
              .letter = 'k',
              .value = "DIR",
              .kind = ValueKind::directory,
              .help = "Directory with a kustomization; may be given several times",
              .alias = "kustomize",
              .repeatable = true}} +
         overlay_options();
}

/// In which cluster, and for how long.
std::vector<Option> cluster(std::string_view timeout) {
  return {{.name = "namespace",
           .letter = 'n',
           .value = "NAMESPACE",
           .help = "For objects that name none; unset: that of the context"},
          {.name = "timeout",
           .value = "DURATION",
           .kind = ValueKind::duration,
           .help = "Time it has, such as 90s or 5m",
           .setting = key::timeout,
           .fallback = timeout},
          {.name = "context", .letter = 'c', .value = "NAME", .help = "Kubeconfig context", .setting = key::context},
          {.name = "kubeconfig",
           .value = "FILE",
           .kind = ValueKind::file,
           .help = "Kubeconfig file, instead of $KUBECONFIG or ~/.kube/config",
           .setting = key::kubeconfig}};
}

const Option concurrency{.name = "concurrency",
                         .value = "N",
                         .kind = ValueKind::number,
                         .help = "Requests in flight at once",
                         .fallback = "32"};

Command apply() {
  return {
      .path = "workload apply",
      .summary = "Apply manifests and overlays, in parallel where that is safe",
      .description =
          "Server-side apply. Namespaces, custom resource definitions and other things that are needed go before what "
          "needs them; the rest goes at once. Without -f and --overlay-path the source directory of ksail.yaml is "
          "applied. The exit code is 9 when an object failed.",
      .options = inputs() + cluster("5m") +
                 std::vector<Option>{
                     {.name = "wait", .help = "Return when everything is ready"},
                     {.name = "dry-run",
                      .value = "MODE",
                      .kind = ValueKind::choice,
                      .help = "client: only read the manifests; server: let the API server check without storing",
                      .choices = "client|server"},
                     {.name = "inventory",
                      .value = "NAME",
                      .help = "Remember what is applied under this name: a Secret, or configmap/NAME"},
                     {.name = "prune", .help = "Delete what the inventory remembers and is not applied any more"},
                     concurrency,
                     {.name = "field-manager", .value = "NAME", .help = "Who owns the fields", .fallback = "ksail"},
                     {.name = "no-force-conflicts",
                      .help = "Fail where somebody else owns a field, instead of taking it over"},
                     {.name = "fail-fast", .help = "Stop at the first object that fails"},
                     {.name = "replace-immutable", .help = "Delete and create what cannot be changed in place"}},
      .examples = {{"A directory and all below it", "ksail workload apply -f app/ -R"},
                   {"An overlay, until it runs", "ksail workload apply -k overlays/dev --wait"},
                   {"What something else writes", "helm template chart | ksail workload apply -f - -n shop"},
                   {"And away with what is not in it any more",
                    "ksail workload apply -k overlays/dev --inventory shop --prune"}}};
}

Command build() {
  return {.path = "workload build",
          .summary = "Build overlays and print what they come to",
          .description =
              "What `kustomize build` prints, byte for byte, without kustomize, kubectl or a cluster. Several overlays "
              "are built side by side and printed one after the other; what they share is printed once. With -o json "
              "the objects are one List. Without DIR the current directory is built.",
          .options = overlay_options(),
          .arguments = {{.name = "DIR",
                         .kind = ValueKind::directory,
                         .help = "Directory with a kustomization, or a git URL",
                         .repeatable = true}},
          .examples = {{"An overlay", "ksail workload build overlays/dev"},
                       {"Names of all images", "ksail workload build overlays/dev | grep 'image:'"},
                       {"Two overlays that may both change an object",
                        "ksail workload build overlays/shop overlays/monitoring --last-wins"}}};
}

Command diff() {
  return {
      .path = "workload diff",
      .summary = "Show what an apply would change",
      .description =
          "Lets the API server try the apply without storing anything, and shows what would differ from what is "
          "there. Values of Secrets are masked. Without -f and --overlay-path the source directory of ksail.yaml is "
          "compared. The exit code is 0 when nothing differs, 1 when something does, and more when it failed.",
      .options =
          inputs() + cluster("1m") +
          std::vector<Option>{
              concurrency,
              {.name = "field-manager", .value = "NAME", .help = "Who would own the fields", .fallback = "ksail"},
              {.name = "no-force-conflicts", .help = "Fail where somebody else owns a field, as apply would with it"}},
      .examples = {{"Before an overlay is applied", "ksail workload diff -k overlays/dev"}}};
}

Command remove() {
  return {.path = "workload delete",
          .summary = "Delete the objects of manifests and overlays",
          .description =
              "In the reverse of the order they need each other, and until they are gone; what still holds an object "
              "at the end of the time is named. What is gone already is no error. Custom resources go first, while the "
              "controllers that clean up after them still run. The exit code is 9 when an object could not be deleted.",
          .options = inputs() + cluster("5m") +
                     std::vector<Option>{
                         {.name = "no-wait", .help = "Return when the server has taken the requests"},
                         {.name = "cascade",
                          .value = "HOW",
                          .kind = ValueKind::choice,
                          .help = "What becomes of what they own: background, foreground or orphan",
                          .choices = "background|foreground|orphan",
                          .fallback = "background"},
                         {.name = "grace-period",
                          .value = "SECONDS",
                          .kind = ValueKind::number,
                          .help = "Time for pods to end; unset: their own"},
                         {.name = "dry-run",
                          .value = "MODE",
                          .kind = ValueKind::choice,
                          .help = "client: only read the manifests; server: let the API server check without deleting",
                          .choices = "client|server"},
                         concurrency},
          .examples = {{"What `workload apply -f app/` made", "ksail workload delete -f app/"}}};
}

Command wait() {
  return {
      .path = "workload wait",
      .summary = "Wait until objects are ready, have a condition, or are gone",
      .description =
          "Without -f and --overlay-path for the objects of the source directory of ksail.yaml. What fails for good "
          "(an image that cannot be pulled, a crash loop, a failed Job, a quota) ends the wait at once, with what "
          "its pods, events and last log lines say. The exit code is 8 when the time was up.",
      .options = inputs() + cluster("5m") +
                 std::vector<Option>{{.name = "for",
                                      .value = "STATE",
                                      .help = "ready, delete, or condition=TYPE[=STATUS]",
                                      .fallback = "ready"}},
      .examples = {{"Until it runs", "ksail workload wait -f app/ --timeout 90s"},
                   {"Until it is gone", "ksail workload wait -f app/ --for delete"}}};
}

Command status() {
  return {.path = "workload status",
          .summary = "Show the state of workloads, and of what belongs to them",
          .description =
              "The objects of -f and --overlay-path, or of the source directory, each with the ReplicaSets, Jobs and "
              "pods it owns. With -n or -A and no objects: everything that runs there. The exit code is 0 for every "
              "state; `ksail workload wait` is for scripts.",
          .options = inputs() + cluster("30s") +
                     std::vector<Option>{{.name = "all-namespaces", .letter = 'A', .help = "Of every namespace"},
                                         {.name = "watch", .letter = 'w', .help = "Go on and show what changes"}},
          .examples = {{"What runs in a namespace", "ksail workload status -n shop"},
                       {"Only the worst of it", "ksail workload status -f app/ -o json | jq -r .state"}}};
}

Command validate() {
  return {
      .path = "workload validate",
      .summary = "Check manifests against schemas, without applying them",
      .description =
          "Finds unknown fields, wrong types, missing and forbidden values, and list entries that are there twice. The "
          "OpenAPI schemas are those of --schema; else those of the API server in effect, when it answers; else those "
          "that come with ksail, of the version of Kubernetes that the last line tells. A cluster named with --context "
          "or --kubeconfig has to answer. CustomResourceDefinitions among the manifests are schemas for their custom "
          "resources. The exit code is 9 when an object is not valid.",
      .options =
          inputs() + cluster("30s") +
          std::vector<Option>{{.name = "schema",
                               .value = "FILE",
                               .kind = ValueKind::file,
                               .help = "OpenAPI v2 or v3 document, or CustomResourceDefinitions, instead of a server; "
                                       "bundled: what comes with ksail, or KSAIL_SCHEMA",
                               .repeatable = true}},
      .examples = {{"Against the cluster in effect", "ksail workload validate -k overlays/dev"},
                   {"Without one", "ksail workload validate -f app/ --schema bundled --schema crds.yaml"}}};
}

} // namespace

std::vector<Command> workload_verbs() { return {apply(), build(), diff(), remove(), wait(), status(), validate()}; }

} // namespace ksail::cli

// SPDX-License-Identifier: Apache-2.0
// Whether the nodes reach the registries they were given, asked while the cluster comes up: later it would only show as
// pods that cannot pull.
#include "distributions/registries.hpp"

#include <algorithm>

namespace ksail {

namespace {

asio::awaitable<Result<void>> check(BootstrapContext &context, std::string node, std::vector<std::string> urls) {
  std::vector<std::string> argv;
  argv.emplace_back("sh");
  argv.emplace_back("-c");
  argv.push_back(registry_check_script());
  argv.emplace_back("registries");
  for (auto &url : urls)
    argv.push_back(std::move(url));
  auto output = co_await context.access().exec(node, std::move(argv), std::string(), context.deadline());
  if (!output) co_return output.error();
  if (output->exit_code == 0) co_return Result<void>();
  std::string detail = output->out.empty() ? output->err : output->out;
  while (!detail.empty() && detail.back() == '\n')
    detail.pop_back();
  co_return Error(Code::unavailable, "node " + node + " cannot reach the registry " + detail,
                  "the address has to be one that the nodes can use: inside a node, localhost is the node itself");
}

} // namespace

std::string registry_check_script() {
  // Any answer will do, also that one has to log in: what is asked is whether there is somebody.
  return R"sh(ask() {
  if command -v curl >/dev/null 2>&1; then
    curl --silent --show-error --insecure --max-time 5 --output /dev/null "$1/v2/" 2>&1
  else
    answer=$(wget -q -T 5 -O /dev/null "$1/v2/" 2>&1) && return 0
    case $answer in *HTTP/* | *certificate*) return 0 ;; esac
    printf '%s\n' "$answer"
    return 1
  fi
}
for url; do
  i=0
  until why=$(ask "$url"); do
    i=$((i + 1))
    if [ $i -ge 8 ]; then
      printf '%s: %s\n' "$url" "$why"
      exit 1
    fi
    sleep 1
  done
done)sh";
}

std::vector<BootstrapStep> registry_check_steps(const ClusterSpec &spec, const std::string &node) {
  std::vector<std::string> urls;
  for (const auto &mirror : effective_mirrors(spec))
    for (const auto &endpoint : mirror.endpoints)
      if (std::find(urls.begin(), urls.end(), endpoint) == urls.end()) urls.push_back(endpoint);
  if (urls.empty()) return {};
  BootstrapStep step;
  step.name = "registries";
  step.phase = "bootstrap";
  step.title = "Registries";
  step.after = {"node:" + node};
  step.run = [node, urls](BootstrapContext &context) { return check(context, node, urls); };
  return {step};
}

} // namespace ksail

// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos/image_pulls.hpp"

#include <algorithm>
#include <chrono>
#include <functional>

namespace ksail::talos {

namespace {

using talos_api::ImageNamespace;

/// Repeated while the machine's containerd is not there yet.
asio::awaitable<Result<void>> pull(talos_api::Client &client, const std::string &machine, const ImagePull &wanted,
                                   Deadline deadline) {
  auto pause = std::chrono::milliseconds(100);
  for (;;) {
    Result<void> pulled = co_await client.image_pull(wanted.where, wanted.image, deadline);
    if (pulled) co_return pulled;
    const Error &error = pulled.error();
    if (error.code == Code::not_found)
      co_return Error(Code::not_found, "node " + machine + " cannot pull " + wanted.image + ": " + error.message,
                      "is the image in the registry, or in the mirror that --registry-mirror names?");
    const bool again = error.code == Code::unavailable || error.code == Code::failed_precondition ||
                       error.code == Code::aborted || (error.code == Code::cancelled && error.outcome_unknown);
    if (!again || deadline.passed()) co_return Result<void>();
    const bool slept = co_await sleep_for(pause);
    if (!slept) co_return Error(Code::cancelled, "cancelled");
    pause = std::min(pause * 2, std::chrono::milliseconds(1000));
  }
}

} // namespace

std::vector<ImagePull> image_pulls(const Documents &control_plane, bool for_control_plane) {
  std::vector<ImagePull> pulls;
  if (control_plane.empty()) return pulls;
  const YamlNode &config = control_plane.front();
  const auto add = [&](ImageNamespace where, const char *path) {
    if (const YamlNode *image = find(config, path); image && !image->value.empty())
      pulls.push_back({where, image->value});
  };
  add(ImageNamespace::system, "machine.kubelet.image");
  if (for_control_plane) {
    add(ImageNamespace::system, "cluster.etcd.image");
    add(ImageNamespace::kubernetes, "cluster.apiServer.image");
    add(ImageNamespace::kubernetes, "cluster.controllerManager.image");
    add(ImageNamespace::kubernetes, "cluster.scheduler.image");
    add(ImageNamespace::kubernetes, "cluster.coreDNS.image");
  }
  const YamlNode *no_proxy = find(config, "cluster.proxy.disabled");
  if (!no_proxy || no_proxy->value != "true") add(ImageNamespace::kubernetes, "cluster.proxy.image");
  return pulls;
}

asio::awaitable<Result<void>> pull_images(talos_api::Client &client, std::string machine, std::vector<ImagePull> pulls,
                                          Deadline deadline) {
  std::vector<std::function<asio::awaitable<Result<void>>()>> work;
  for (const auto &wanted : pulls)
    work.push_back([&client, &machine, &wanted, deadline] { return pull(client, machine, wanted, deadline); });
  ForEachOptions at_once;
  co_return co_await run_all(std::move(work), at_once);
}

} // namespace ksail::talos

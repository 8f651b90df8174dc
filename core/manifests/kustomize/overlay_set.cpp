// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/overlay_set.hpp"

#include "manifests/kustomize/resource.hpp"
#include "manifests/yaml_writer.hpp"

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>
#include <unordered_map>

namespace ksail::manifests::kustomize {
namespace {

struct Place {
  std::size_t directory;
  std::size_t object;
};

/// Types count: 1 and "1" are different values. Only called for the few objects that are there twice.
bool same_values(const Node &a, const Node &b) {
  std::string first;
  std::string second;
  return !write_yaml(a, Rules::kustomize, first) && !write_yaml(b, Rules::kustomize, second) && first == second;
}

ResId id_of(const Node &root) {
  const Node *data = root.find("metadata");
  return {gvk_of_api_version(root.find_text("apiVersion"), root.find_text("kind")),
          data != nullptr ? data->find_text("name") : std::string_view{},
          data != nullptr ? data->find_text("namespace") : std::string_view{}};
}

std::string described(const ResId &id) {
  return std::string(id.gvk.kind) + " " + (id.ns.empty() ? "" : std::string(id.ns) + "/") + std::string(id.name);
}

Result<void> take_out_repeated(std::vector<BuildResult> &results, std::span<const std::string> directories,
                               Clash clash) {
  std::unordered_map<std::string, Place> known;
  for (std::size_t d = 0; d < results.size(); ++d) {
    for (std::size_t i = 0; i < results[d].objects.size(); ++i) {
      const Node *&object = results[d].objects[i];
      const ResId id = id_of(*object);
      if (id.name.empty()) {
        continue; // generateName: every apply makes one more
      }
      const auto [at, fresh] = known.try_emplace(id.key(), Place{d, i});
      if (fresh) {
        continue;
      }
      const Node *&earlier = results[at->second.directory].objects[at->second.object];
      if (same_values(*earlier, *object)) {
        object = nullptr;
        continue;
      }
      if (clash == Clash::refuse) {
        return Error(Code::config,
                     described(id) + " is in " + directories[at->second.directory] + " and in " + directories[d] +
                         ", and not the same",
                     "--last-wins takes the one of the directory that is named last");
      }
      earlier = nullptr;
      at->second = {d, i};
    }
  }
  for (auto &result : results) {
    std::erase(result.objects, nullptr);
  }
  return {};
}

} // namespace

Result<std::vector<BuildResult>> build_all(std::span<const std::string> directories, const BuildOptions &options,
                                           Clash clash) {
  std::vector<std::optional<Result<BuildResult>>> built(directories.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < directories.size(); i = next++) {
      built[i].emplace(build(directories[i], options));
    }
  };
  {
    std::vector<std::jthread> others;
    const auto threads = std::min<std::size_t>(std::max(std::thread::hardware_concurrency(), 1U), directories.size());
    for (std::size_t i = 1; i < threads; ++i) {
      others.emplace_back(work);
    }
    work();
  }
  std::vector<BuildResult> results;
  for (auto &one : built) {
    if (!*one) {
      return one->error();
    }
    results.push_back(std::move(**one));
  }
  if (results.size() > 1) {
    if (auto done = take_out_repeated(results, directories, clash); !done) {
      return done.error();
    }
  }
  return results;
}

} // namespace ksail::manifests::kustomize

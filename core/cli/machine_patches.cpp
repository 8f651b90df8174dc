// SPDX-License-Identifier: Apache-2.0
#include "cli/machine_patches.hpp"

#include "kubernetes/atomic_file.hpp"

#include <algorithm>

namespace ksail::cli {

Result<std::vector<MachinePatch>> read_machine_patches(std::string_view text) {
  std::vector<MachinePatch> patches;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(',', at), text.size());
    const std::string word(text.substr(at, end - at));
    at = end + 1;
    if (word.empty()) continue;
    MachinePatch patch;
    const auto equals = word.find('=');
    const bool has_role = equals != std::string::npos && word.find('/') > equals;
    if (has_role) patch.role = word.substr(0, equals);
    if (has_role && patch.role != "control-plane" && patch.role != "worker")
      return Error(Code::usage, "'" + patch.role + "' of the patch " + word + " is not a role",
                   "control-plane=FILE, worker=FILE, or FILE for all machines");
    patch.file = has_role ? word.substr(equals + 1) : word;
    auto content = kubernetes::read_whole_file(patch.file);
    if (!content) return content.error();
    if (!*content) return Error(Code::not_found, "there is no patch " + patch.file);
    patch.text = std::move(**content);
    patches.push_back(std::move(patch));
  }
  return patches;
}

} // namespace ksail::cli

// SPDX-License-Identifier: Apache-2.0
// What of this machine stands in the way of a cluster. Reads files and asks the kernel; needs no engine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ksail::cli {

enum class CheckStatus { ok, warn, fail };
std::string_view check_status_name(CheckStatus status);

struct Check {
  std::string name;
  CheckStatus status = CheckStatus::ok;
  std::string message;
  std::string hint; ///< the remedy, when not ok
};

// Judgements on numbers, apart from where they come from.
Check judge_inotify_instances(std::uint64_t limit);
Check judge_inotify_watches(std::uint64_t limit);
Check judge_disk(const std::string &path, std::uint64_t free_bytes);
Check judge_memory(std::uint64_t available_bytes);

Check check_cgroups();
/// A kubeconfig that can be replaced: its folder (or the nearest one above that exists) can be written to.
Check check_kubeconfig(const std::string &file);
Check check_state_directory(const std::string &folder);
/// A port of 127.0.0.1; 0: that there is a free one.
Check check_port(std::uint16_t port);

/// All of them.
std::vector<Check> local_checks(const std::string &kubeconfig_file, const std::string &state_folder,
                                std::uint16_t api_port);

} // namespace ksail::cli

// SPDX-License-Identifier: Apache-2.0
// Files beside the kubeconfig that a cluster's own clients read, and in which a cluster is remembered by name.
#pragma once

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <string>

namespace ksail {

/// Takes a cluster that is gone out of all of them; nothing there is no error. Blocks the thread, as long as somebody
/// else changes such a file.
Result<void> forget_in_client_files(const std::string &cluster, Deadline deadline);

} // namespace ksail

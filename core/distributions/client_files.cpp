// SPDX-License-Identifier: Apache-2.0
#include "distributions/client_files.hpp"

#include "distributions/talos/talosconfig.hpp"

namespace ksail {

Result<void> forget_in_client_files(const std::string &cluster, Deadline deadline) {
  return talos::remove_from_talosconfig(talos::talosconfig_path(), talos::talos_context_name(cluster), deadline);
}

} // namespace ksail

// SPDX-License-Identifier: Apache-2.0
#include "plugins/data_directory.hpp"

#include "plugins/search_path.hpp"

namespace ksail::plugins {

std::filesystem::path data_directory() {
  const auto program = executable_path().parent_path();
  std::error_code ignored;
  if (auto beside = program / "share/ksail"; std::filesystem::exists(beside, ignored)) return beside;
  return (program / KSAIL_DATADIR_FROM_BIN / "ksail").lexically_normal();
}

} // namespace ksail::plugins

// SPDX-License-Identifier: Apache-2.0
// Man pages from the command table: ksail(1) and one for each command.
#pragma once

#include <string>
#include <vector>

namespace ksail::cli {

struct ManPage {
  std::string file; ///< "ksail-cluster-create.1"
  std::string text;
};

std::vector<ManPage> man_pages();

} // namespace ksail::cli

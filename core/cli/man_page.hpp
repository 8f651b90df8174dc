// SPDX-License-Identifier: Apache-2.0
// Man pages: ksail(1) and one for each command from the command table, ksail.yaml(5) from the table of settings.
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

// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/operation_id.hpp"

#include <random>

namespace ksail {

std::string make_operation_id() {
  std::random_device source;
  static constexpr char digits[] = "0123456789abcdef";
  std::string id;
  for (int i = 0; i < 16; ++i)
    id += digits[source() & 15];
  return id;
}

} // namespace ksail

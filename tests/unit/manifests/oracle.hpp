// SPDX-License-Identifier: Apache-2.0
// Asks the reference implementations (oracle/main.go) what they make of a text or a directory.
#pragma once

#include <optional>
#include <string>

namespace ksail::manifests::test {

struct Answer {
  bool ok = false;
  std::string text; ///< the output, or the error
};

/// One process for the whole run. Nothing when there is no Go toolchain or its modules cannot be fetched: tests that
/// need it then say so and pass.
class Oracle {
public:
  static Oracle *get();
  Answer ask(const std::string &verb, const std::string &argument);

private:
  Oracle(int to, int from) : to_(to), from_(from) {}
  int to_;
  int from_;
  std::string buffer_;
};

} // namespace ksail::manifests::test

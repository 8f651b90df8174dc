// SPDX-License-Identifier: Apache-2.0
// A kustomization built here and by kustomize, held against each other.
#pragma once

#include "manifests/kustomize/build.hpp"
#include "oracle.hpp"

#include <string>

namespace ksail::fuzz {

struct Comparison {
  enum class Verdict {
    same,      ///< the same documents with the same values in the same order
    refused,   ///< by both
    different, ///< anything else
  };
  Verdict verdict = Verdict::different;
  bool same_bytes = false;
  std::string why; ///< where the two part, or what the two errors say
};

/// `verb` is the oracle's: "build", or "build-anywhere" without load restrictions.
Comparison compare(manifests::test::Oracle &oracle, const std::string &directory, const std::string &verb = "build");

} // namespace ksail::fuzz

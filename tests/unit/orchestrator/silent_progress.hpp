// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "orchestrator/progress.hpp"

#include <string>
#include <vector>

namespace ksail::test {

/// Keeps notes and warnings; shows nothing.
struct SilentProgress final : ProgressSink {
  std::vector<std::string> notes, warnings;
  void step_started(std::string_view, std::string_view) override {}
  void step_text(std::string_view, std::string_view) override {}
  void step_bytes(std::string_view, std::uint64_t, std::uint64_t) override {}
  void step_ended(std::string_view, bool, double) override {}
  void note(std::string_view text) override { notes.emplace_back(text); }
  void warning(std::string_view text) override { warnings.emplace_back(text); }
};

} // namespace ksail::test

// SPDX-License-Identifier: Apache-2.0
// What the orchestrator tells about running work. Implemented by the terminal output of core/cli; called on the
// command's executor thread only.
#pragma once

#include <ksail/sdk/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace ksail {

class ProgressSink {
public:
  virtual ~ProgressSink() = default;
  virtual void step_started(std::string_view step, std::string_view title) = 0;
  virtual void step_text(std::string_view step, std::string_view text) = 0; ///< what it does now
  virtual void step_bytes(std::string_view step, std::uint64_t done, std::uint64_t total) = 0;
  virtual void step_ended(std::string_view step, bool ok, double seconds) = 0;
  virtual void note(std::string_view text) = 0;    ///< worth a line of its own
  virtual void warning(std::string_view text) = 0; ///< something the user may want to change
};

} // namespace ksail

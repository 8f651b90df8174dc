// SPDX-License-Identifier: Apache-2.0
// A host of a few lines, straight on abi.h, that counts instead of trusting.
#pragma once

#include <ksail/abi.h>

#include <nlohmann/json.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace ksail::check {

/// The plugin under test, mapped and initialised with complete host tables.
class Plugin {
public:
  /// Without a host only the entry table is looked at.
  Plugin(const std::string &library, const ksail_host *host);
  const ksail_entry_1 &entry() const { return *entry_; }
  const ksail_provider_1 &provider() const { return *provider_; }
  std::int32_t init_code() const { return init_code_; }

private:
  const ksail_entry_1 *entry_ = nullptr;
  const ksail_provider_1 *provider_ = nullptr;
  std::int32_t init_code_ = -1;
};

/// Complete tables that swallow everything; "token" is a known secret whose value must never come back.
const ksail_host *whole_host();
inline constexpr const char *canary = "canary-5f1d0c";
/// What the plugin has logged so far.
std::string logged();

/// One started operation.
class Started {
public:
  Started(const Plugin &plugin, std::string verb, std::string body, std::uint64_t timeout_ns = 0);
  ~Started(); ///< waits for done and releases
  Started(const Started &) = delete;
  Started &operator=(const Started &) = delete;

  void cancel(std::uint32_t reason);
  /// False when done did not come within the time.
  bool wait(std::chrono::seconds limit) const;
  int times_done() const;
  int events_after_done() const;
  std::int32_t code() const;
  std::string message() const;
  nlohmann::json payload() const;
  std::string text() const; ///< everything it said

private:
  struct State;
  std::shared_ptr<State> state_;
  ksail_op *op_ = nullptr;
};

/// How a child process ended, and what it printed.
struct Ended {
  int code = -1; ///< its exit code, or -1 when a signal ended it
  int signal = 0;
  std::string output;
};
/// Runs `body` in a child process, so that a plugin can be initialised afresh and a crash is a result. It gets so many
/// seconds; an exception is printed and makes the exit code 1.
Ended in_child(const std::function<int()> &body, unsigned seconds);

} // namespace ksail::check

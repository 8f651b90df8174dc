// SPDX-License-Identifier: Apache-2.0
// The host's services as the author layer sees them, whatever part of the tables this host has.
#pragma once

#include <ksail/sdk/provider.hpp>

#include <cstdint>

namespace ksail::sdk {

/// Empty until connect(). Afterwards usable from any thread: the tables are copies and never change.
class HostView final : public Host {
public:
  void connect(const ksail_host *host);
  std::uint32_t abi_minor() const { return minor_; } ///< the lower one of the host's and ours
  bool log_enabled(int level) const override;
  void log(int level, std::string_view message) const override;
  std::optional<std::string> secret(std::string_view name) const override;
  void redact(std::string_view value) const override;

private:
  std::uint32_t minor_ = 0;
  ksail_host_log_1 log_{};
  ksail_host_secrets_1 secrets_{};
};

} // namespace ksail::sdk

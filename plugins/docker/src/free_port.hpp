// SPDX-License-Identifier: Apache-2.0
// Host ports that are chosen here and not by the engine, which would choose another one at every start.
#pragma once

#include <ksail/sdk/result.hpp>

#include <string>

namespace ksail::docker {

/// A port that was free when it was chosen, held by a socket until release() so that nobody else gets it meanwhile.
class HeldPort {
public:
  HeldPort() = default;
  HeldPort(HeldPort &&other) noexcept;
  HeldPort &operator=(HeldPort &&other) noexcept;
  HeldPort(const HeldPort &) = delete;
  HeldPort &operator=(const HeldPort &) = delete;
  ~HeldPort() { release(); }

  int port() const { return port_; }
  void release();

private:
  friend Result<HeldPort> hold_free_port(const std::string &, const std::string &);
  int port_ = 0;
  int fd_ = -1;
};

/// Any free port of this host at `address` (an address of this host, IPv4 or IPv6, or empty for all). For sctp a tcp
/// port is held, there being no sockets of it without a kernel module.
Result<HeldPort> hold_free_port(const std::string &address, const std::string &protocol);

/// Whether somebody listens on that port of this host. False when that cannot be told.
bool port_is_taken(const std::string &address, int port, const std::string &protocol);

/// For an engine on another host, whose free ports cannot be known: a random port outside the usual ephemeral range.
int guess_port();

} // namespace ksail::docker

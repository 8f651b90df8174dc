// SPDX-License-Identifier: Apache-2.0
#include "free_port.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <random>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace ksail::docker {

namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

bool make_address(const std::string &text, int port, Address &address) {
  auto *v4 = reinterpret_cast<sockaddr_in *>(&address.storage);
  auto *v6 = reinterpret_cast<sockaddr_in6 *>(&address.storage);
  const auto network_port = htons(static_cast<std::uint16_t>(port));
  if (text.empty() || ::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = network_port;
    address.size = sizeof *v4;
    return true;
  }
  if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) != 1) return false;
  v6->sin6_family = AF_INET6;
  v6->sin6_port = network_port;
  address.size = sizeof *v6;
  return true;
}

/// A bound (and for tcp listening) socket, or -1 with errno.
int bind_socket(Address &address, bool udp) {
  const int fd = ::socket(address.storage.ss_family, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int yes = 1;
  // As the engine does: connections of an earlier listener that are still winding down are no obstacle.
  if (!udp) ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (::bind(fd, reinterpret_cast<const sockaddr *>(&address.storage), address.size) == 0 &&
      (udp || ::listen(fd, 1) == 0)) {
    ::getsockname(fd, reinterpret_cast<sockaddr *>(&address.storage), &address.size);
    return fd;
  }
  const int reason = errno;
  ::close(fd);
  errno = reason;
  return -1;
}

} // namespace

HeldPort::HeldPort(HeldPort &&other) noexcept
    : port_(std::exchange(other.port_, 0)), fd_(std::exchange(other.fd_, -1)) {}

HeldPort &HeldPort::operator=(HeldPort &&other) noexcept {
  if (this == &other) return *this;
  release();
  port_ = std::exchange(other.port_, 0);
  fd_ = std::exchange(other.fd_, -1);
  return *this;
}

void HeldPort::release() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Result<HeldPort> hold_free_port(const std::string &text, const std::string &protocol) {
  Address address;
  if (!make_address(text, 0, address))
    return Error(Code::invalid_argument, "'" + text + "' is no address that a port can be published at");
  HeldPort held;
  held.fd_ = bind_socket(address, protocol == "udp");
  if (held.fd_ < 0)
    return Error(errno == EADDRNOTAVAIL ? Code::invalid_argument : Code::resource_exhausted,
                 "cannot find a free port at " + text + ": " + std::strerror(errno));
  held.port_ =
      ntohs(address.storage.ss_family == AF_INET ? reinterpret_cast<sockaddr_in &>(address.storage).sin_port
                                                 : reinterpret_cast<sockaddr_in6 &>(address.storage).sin6_port);
  return held;
}

bool port_is_taken(const std::string &text, int port, const std::string &protocol) {
  Address address;
  if (protocol == "sctp" || !make_address(text, port, address)) return false;
  const int fd = bind_socket(address, protocol == "udp");
  if (fd >= 0) {
    ::close(fd);
    return false;
  }
  return errno == EADDRINUSE;
}

int guess_port() {
  std::random_device source;
  return std::uniform_int_distribution<int>(20000, 29999)(source);
}

} // namespace ksail::docker

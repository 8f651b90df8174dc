// SPDX-License-Identifier: Apache-2.0
#include "socket_error.hpp"

#include <boost/asio/error.hpp>

namespace ksail::http {

using boost::system::error_code;

std::string reason_of(const error_code &ec) {
  std::string reason = ec.message();
  // "Connection refused" begins a sentence; "TLS ..." stays as it is.
  if (reason.size() > 1 && reason[0] >= 'A' && reason[0] <= 'Z' && !(reason[1] >= 'A' && reason[1] <= 'Z'))
    reason[0] = static_cast<char>(reason[0] - 'A' + 'a');
  return reason;
}

Error connection_error(const Endpoint &endpoint, const error_code &ec) {
  if (ec == asio::error::operation_aborted)
    return Error(Code::cancelled, "connecting to " + endpoint.describe() + " was cancelled");
  Error error(Code::unavailable, "cannot connect to " + endpoint.describe() + ": " + reason_of(ec));
  if (ec == boost::system::errc::permission_denied || ec == boost::system::errc::operation_not_permitted)
    error.code = Code::permission_denied;
  else
    // Nobody will make a socket file, and no name server a name, while we wait.
    error.retryable = ec != boost::system::errc::no_such_file_or_directory &&
                      ec != boost::system::errc::not_a_directory && ec != boost::system::errc::not_a_socket &&
                      ec != asio::error::host_not_found && ec != asio::error::no_data;
  return error;
}

Error io_error(const Endpoint &endpoint, const char *what, const error_code &ec) {
  if (ec == asio::error::operation_aborted)
    return Error(Code::cancelled, std::string(what) + " " + endpoint.describe() + " was cancelled");
  return Error(Code::unavailable, std::string(what) + " " + endpoint.describe() + " failed: " + reason_of(ec)).retry();
}

} // namespace ksail::http

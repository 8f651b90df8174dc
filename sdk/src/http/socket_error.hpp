// SPDX-License-Identifier: Apache-2.0
// What the errors of sockets mean to the user of a client.
#pragma once

#include <ksail/sdk/http.hpp>

#include <boost/system/error_code.hpp>

namespace ksail::http {

/// "connection refused": as the system says it, fit for the end of a sentence.
std::string reason_of(const boost::system::error_code &ec);
Error connection_error(const Endpoint &endpoint, const boost::system::error_code &ec);
/// `what` is "reading from", "writing to".
Error io_error(const Endpoint &endpoint, const char *what, const boost::system::error_code &ec);

} // namespace ksail::http

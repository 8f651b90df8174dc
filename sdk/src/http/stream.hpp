// SPDX-License-Identifier: Apache-2.0
// Answers that are read as they come, and connections that were taken over.
#pragma once

#include "exchange.hpp"

namespace ksail::http {

/// `exchange` has read the answer's head; `what` names the request in errors.
std::unique_ptr<Stream> make_stream(std::unique_ptr<Exchange> exchange, std::string what);
/// The bytes in `connection.surplus` are the stream's first.
std::unique_ptr<Duplex> make_duplex(Connection connection, Response head, std::string what);

} // namespace ksail::http

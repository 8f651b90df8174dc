// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "certificates.hpp"
#include "raw_server.hpp"

namespace ksail::test {

/// What the TLS side of a test server asks for and has seen.
struct TlsServer {
  Identity identity;
  std::string client_ca_pem; ///< not empty: a client certificate of this authority is required
  bool tls12 = false;        ///< nothing newer
  std::string protocol;      ///< chosen when the client offers it (ALPN); empty: none

  int handshakes = 0;
  int resumed = 0;
  std::string server_name;    ///< of the last handshake, as the client asked for it
  std::string client_subject; ///< of the last handshake
};

/// Makes the peers of a RawServer speak TLS. A failed handshake drops the connection, with OpenSSL's alert.
MakePeer tls_peers(std::shared_ptr<TlsServer> server);

} // namespace ksail::test

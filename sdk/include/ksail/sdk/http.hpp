// SPDX-License-Identifier: Apache-2.0
// HTTP client with a keep-alive pool, over a unix socket, TCP or TLS. Type-erased: no Beast header leaks from here.
// HTTP/1.1 (RFC 9112), and over TLS also HTTP/2 (RFC 9113) where it is asked for: ksail/sdk/http2.hpp.
//
// Threads: a Client and everything opened from it lives on the one executor it was made with (a single-threaded
// io_context or a strand); call its functions from there. A Client must outlive nothing: streams keep what they need.
// Errors: unavailable (cannot connect, connection lost before a byte of the answer; retryable), deadline_exceeded,
// cancelled, unauthenticated (TLS client certificate refused), internal (malformed answer). A request whose bytes were
// sent and whose answer did not come is marked outcome_unknown. An HTTP status of 400 and more is NOT an error here.
// Over HTTP/2 a stream that the server refused (REFUSED_STREAM, or above the last one that its GOAWAY names: RFC 9113
// sections 8.7 and 6.8) was not processed: such a request is repeated, whatever its method, and never outcome_unknown.
#pragma once

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ksail::http {

/// PEM texts, not paths. Empty `ca_pem` with verify means the system's trust store.
struct TlsOptions {
  std::string ca_pem;
  std::string certificate_pem; ///< client certificate chain
  std::string key_pem;         ///< its private key; never logged
  std::string server_name;     ///< SNI and the name to verify; empty: the endpoint's host (an IP is matched as IP SAN)
  bool verify = true;
};

/// Where to connect.
struct Endpoint {
  enum class Transport { unix_socket, tcp, tls };
  Transport transport = Transport::tcp;
  std::string path; ///< unix socket
  std::string host; ///< name or address, IPv6 without brackets
  std::uint16_t port = 0;
  TlsOptions tls;

  static Endpoint unix_socket(std::string path);
  static Endpoint tcp(std::string host, std::uint16_t port);
  static Endpoint tls_tcp(std::string host, std::uint16_t port, TlsOptions tls);
  /// "unix:///x", "https://10.0.0.1:6443", for messages.
  std::string describe() const;
};

/// Header fields in order; names compare case-insensitively.
class Headers {
public:
  Headers() = default;
  void add(std::string name, std::string value);
  void set(std::string name, std::string value);
  /// First value of that name, or empty.
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>> &all() const { return fields_; }

private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// Produces a request body piece by piece: empty string = end. Called on the client's executor.
using BodySource = std::function<asio::awaitable<Result<std::string>>()>;

struct Request { ///< what is asked for; owns its texts
  std::string method = "GET";
  std::string target = "/"; ///< path and query, already percent-encoded
  Headers headers;          ///< Host, Content-Length, Connection are added
  std::string body;
  BodySource source; ///< instead of `body`: sent chunked (needs a connection of its own when it fails midway)

  Request() = default;
  Request(std::string m, std::string t, std::string b = {})
      : method(std::move(m)), target(std::move(t)), body(std::move(b)) {}
};

struct Response { ///< a whole answer; any status is an answer and no failure
  int status = 0;
  std::string reason; ///< empty over HTTP/2, which has none
  Headers headers;
  std::string body;
};

/// An answer whose body is read as it comes (watch, events, logs, pulls). Owns a dedicated connection; dropping it
/// closes it.
class Stream {
public:
  virtual ~Stream() = default;
  virtual const Response &head() const = 0; ///< body is empty here
  /// Next piece of the body, de-chunked; an empty string is its regular end. Truncation is an error (unavailable).
  virtual asio::awaitable<Result<std::string>> read_some(Deadline deadline) = 0;
  /// Splits into lines (without \n); nullopt-like empty optional is the end. Do not mix with read_some.
  virtual asio::awaitable<Result<std::optional<std::string>>> read_line(Deadline deadline) = 0;
  virtual void close() = 0;
};

/// A connection taken over after "101 Switching Protocols" (or Docker's 200): raw bytes both ways.
class Duplex {
public:
  virtual ~Duplex() = default;
  virtual const Response &head() const = 0;
  virtual asio::awaitable<Result<std::string>> read_some(Deadline deadline) = 0; ///< empty = end
  virtual asio::awaitable<Result<void>> write(std::string_view bytes, Deadline deadline) = 0;
  virtual asio::awaitable<Result<void>> shutdown_write() = 0; ///< half-close: the peer sees end of input
  virtual void close() = 0;
};

class Multiplexing;

struct PoolOptions { ///< of one Client
  /// Pooled ones; streams and duplexes are not counted. Over HTTP/2 so many requests share one connection at a time.
  std::size_t max_connections = 16;
  std::chrono::seconds idle_timeout{30};
  std::chrono::seconds connect_timeout{10};
  std::string user_agent = "ksail";
  std::size_t max_body_bytes = 256u << 20; ///< of one buffered Response
  /// How requests of send() may share a connection to a TLS server that can do that: http2(); null: not at all.
  const Multiplexing *multiplexing = nullptr;
};

/// What happened so far; for tests and `--timing`.
struct Counters {
  std::uint64_t requests = 0;
  std::uint64_t connections_opened = 0;
  std::uint64_t connections_reused = 0; ///< requests over a connection that had answered another before
  std::uint64_t shared_requests = 0;    ///< those of `requests` that were streams of an HTTP/2 connection
  /// How long the server took for the first answer of the latest TLS handshake: a round trip, also where something on
  /// the way answers for TCP, and what the server needs for a signature. 0: none yet, or no TLS.
  std::chrono::nanoseconds round_trip{0};
};

class Client { ///< requests to one endpoint over kept connections. On its executor only, which has to be serial
public:
  Client(asio::any_io_executor ex, Endpoint endpoint, PoolOptions options);
  ~Client(); ///< closes idle connections; cancels waiters
  Client(Client &&) noexcept;
  Client &operator=(Client &&) noexcept;
  Client(const Client &) = delete;
  Client &operator=(const Client &) = delete;

  /// Opens a connection ahead of the first request, which then finds it there; not when there is one. Nothing is sent
  /// over it. A request that comes meanwhile waits for it.
  asio::awaitable<Result<void>> connect(Deadline deadline);
  /// One request, one buffered answer. A request on a reused connection that died before any byte of the answer is
  /// repeated once on a fresh one iff its method is GET, HEAD, PUT, DELETE or OPTIONS or nothing of it was sent. A
  /// deadline or a cancellation ends a request over HTTP/2 alone (RST_STREAM), and the connection goes on. A request
  /// with a source always goes over HTTP/1.1.
  asio::awaitable<Result<Response>> send(Request request, Deadline deadline);
  /// Sends and reads the head; the body is streamed. The deadline covers the head only. Always HTTP/1.1.
  asio::awaitable<Result<std::unique_ptr<Stream>>> open(Request request, Deadline deadline);
  /// Sends with "Connection: Upgrade, Upgrade: <protocol>" and takes the connection over on 101 or 200. Another status
  /// gives an error with the status and body in the message.
  asio::awaitable<Result<std::unique_ptr<Duplex>>> upgrade(Request request, std::string protocol, Deadline deadline);

  const Endpoint &endpoint() const;
  Counters counters() const;
  asio::any_io_executor executor() const;

private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// Percent-encodes everything but unreserved characters (RFC 3986 §2.3).
std::string encode_component(std::string_view text);

} // namespace ksail::http

// SPDX-License-Identifier: Apache-2.0
// How gRPC says how a call ended. Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md and
// doc/http-grpc-status-mapping.md. Pure; any thread.
#pragma once

#include <ksail/sdk/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace ksail::talos_api {

/// The failure that a status other than OK stands for. `method` is the call, "/machine.MachineService/Version";
/// `message` is what the server said, already decoded. Unavailable is marked retryable.
Error status_error(std::string_view method, std::uint32_t status, std::string_view message);
/// An answer of something that does not speak gRPC, by its HTTP status.
Error http_status_error(std::string_view method, int http_status);
/// A stream that was reset with this HTTP/2 error code.
Error reset_error(std::string_view method, std::uint32_t http2_code);
/// grpc-message is percent-encoded; what is no valid encoding stays as it is, and control characters become spaces.
std::string decode_message(std::string_view text);
/// The value of grpc-timeout for this many milliseconds: at most 8 digits and a unit.
std::string timeout_text(std::int64_t milliseconds);

} // namespace ksail::talos_api

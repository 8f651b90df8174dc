// SPDX-License-Identifier: Apache-2.0
// When a certificate is valid.
#pragma once

#include <ksail/sdk/result.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace ksail::kubernetes {

struct Validity {
  std::chrono::system_clock::time_point not_before, not_after;
};

/// Of the first certificate in `pem`; nothing when there is none that can be read.
std::optional<Validity> certificate_validity(const std::string &pem);

/// Whether a client certificate can be used at `now`: Code::unauthenticated with the moment it expired (or begins). An
/// API server answers an expired one with a bare 401, so this is found out before asking.
Result<void> check_client_certificate(const std::string &pem, std::chrono::system_clock::time_point now);

/// "2026-03-01 12:00:00 UTC".
std::string utc_text(std::chrono::system_clock::time_point when);

} // namespace ksail::kubernetes

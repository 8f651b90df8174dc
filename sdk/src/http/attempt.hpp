// SPDX-License-Identifier: Apache-2.0
// What a request is called, which ones may be sent twice, and what a failed attempt means.
#pragma once

#include <ksail/sdk/http.hpp>

#include <string>
#include <utility>

namespace ksail::http {

inline bool is_safe(const std::string &method) { return method == "GET" || method == "HEAD" || method == "OPTIONS"; }
inline bool is_idempotent(const std::string &method) {
  return is_safe(method) || method == "PUT" || method == "DELETE";
}

inline std::string describe(const Request &request) { return request.method + " " + request.target; }

/// What a failed attempt means for who wants to repeat it. `processed`: the server may have seen something of it.
inline Error failed_attempt(const Request &request, bool processed, Error error) {
  error.outcome_unknown = processed && !is_safe(request.method) && error.code != Code::unauthenticated;
  return std::move(error).in(describe(request));
}

} // namespace ksail::http

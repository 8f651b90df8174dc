// SPDX-License-Identifier: Apache-2.0
// What an answer of the API server with status 400 and more means. Pure.
// Status object: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
#pragma once

#include <ksail/sdk/http.hpp>
#include <ksail/sdk/result.hpp>

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace ksail::kubernetes {

/// "applying deployments.apps shop/web" for PATCH /apis/apps/v1/namespaces/shop/deployments/web?...; `content_type`
/// tells an apply from another patch.
std::string describe_request(std::string_view method, std::string_view path, std::string_view content_type = {});

/// `attempt` as describe_request() gives it. Codes, retryable, retry_after and hint as client.hpp promises; causes of a
/// 422 and of a field conflict are in the message.
Error api_error(std::string_view attempt, const http::Response &response);

/// The same for the Status object of a watch's ERROR event.
Error status_error(std::string_view attempt, int http_status, const nlohmann::json &status);

/// Seconds of a Retry-After field; 0 when absent or a date.
std::chrono::milliseconds retry_after(const http::Headers &headers);

} // namespace ksail::kubernetes

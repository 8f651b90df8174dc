// SPDX-License-Identifier: Apache-2.0
#include "kubernetes/api_error.hpp"

#include "kubernetes/json_field.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <vector>

namespace ksail::kubernetes {

using nlohmann::json;

namespace {

std::vector<std::string_view> segments(std::string_view path) {
  path = path.substr(0, path.find('?'));
  std::vector<std::string_view> out;
  while (!path.empty()) {
    const auto slash = path.find('/');
    const auto part = path.substr(0, slash);
    if (!part.empty()) out.push_back(part);
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return out;
}

/// "deployments.apps shop/web" of the part behind a base path; the path itself when it is none of the API's shapes.
std::string describe_path(std::string_view path) {
  auto parts = segments(path);
  const auto root =
      std::find_if(parts.begin(), parts.end(), [](std::string_view part) { return part == "api" || part == "apis"; });
  const bool core = root != parts.end() && *root == "api";
  const std::ptrdiff_t skip = core ? 2 : 3;
  if (root == parts.end() || parts.end() - root <= skip) return std::string(path.substr(0, path.find('?')));
  const std::string group = core ? "" : "." + std::string(*(root + 1));
  parts.erase(parts.begin(), root + skip);
  std::string ns;
  if (parts.size() > 2 && parts[0] == "namespaces") {
    ns = parts[1];
    parts.erase(parts.begin(), parts.begin() + 2);
  }
  std::string out = std::string(parts[0]) + group;
  if (parts.size() > 1)
    out += " " + (ns.empty() ? "" : ns + "/") + std::string(parts[1]);
  else if (!ns.empty())
    out += " in namespace " + ns;
  for (std::size_t i = 2; i < parts.size(); ++i)
    out += "/" + std::string(parts[i]);
  return out;
}

const json *causes_of(const json &status) {
  const auto details = status.find("details");
  if (details == status.end() || !details->is_object()) return nullptr;
  const auto causes = details->find("causes");
  return causes != details->end() && causes->is_array() ? &*causes : nullptr;
}

bool has_cause(const json &status, std::string_view reason) {
  const json *causes = causes_of(status);
  return causes && std::any_of(causes->begin(), causes->end(),
                               [&](const json &cause) { return cause.is_object() && text(cause, "reason") == reason; });
}

bool contains(std::string_view haystack, std::string_view needle) {
  return haystack.find(needle) != std::string_view::npos;
}

/// "field .spec.replicas belongs to kubectl-client-side-apply" for each conflicting field, a few of them.
std::string conflicts(const json &status) {
  std::string out;
  std::size_t shown = 0, total = 0;
  for (const auto &cause : *causes_of(status)) {
    if (!cause.is_object() || text(cause, "reason") != "FieldManagerConflict") continue;
    ++total;
    if (shown == 5) continue;
    ++shown;
    // The manager's name only stands in the text: conflict with "x" using apps/v1
    const std::string message = text(cause, "message");
    const auto open = message.find('"');
    const auto close = open == std::string::npos ? open : message.find('"', open + 1);
    const std::string manager =
        close == std::string::npos ? "another field manager" : message.substr(open, close - open + 1);
    out += (out.empty() ? "field " : ", field ") + text(cause, "field") + " belongs to " + manager;
  }
  if (total > shown) out += " and " + std::to_string(total - shown) + " more";
  return out;
}

struct Meaning {
  Code code = Code::unknown;
  bool retryable = false;
  std::string hint;
};

Meaning meaning_of_500(std::string_view message) {
  // Schema mistakes come as plain 500s: asking again gives the same answer.
  if (message.starts_with("failed to create typed patch object") || contains(message, "field not declared in schema"))
    return {Code::invalid_argument, false, "correct the manifest"};
  if (contains(message, "failed calling webhook") || contains(message, "failed to call webhook"))
    return {Code::unavailable, true, "the webhook's own pods may not be running yet"};
  const bool passing = contains(message, "etcdserver:") || contains(message, "request timed out") ||
                       contains(message, "context deadline exceeded") || contains(message, "connection refused");
  return {passing ? Code::unavailable : Code::internal, passing, ""};
}

Meaning meaning_of(int http_status, const json &status, std::string_view reason, std::string_view message) {
  switch (http_status) {
  case 400:
    return {Code::invalid_argument, false, ""};
  case 401:
    return {Code::unauthenticated, false,
            "the token or client certificate of the kubeconfig is wrong or expired: log in again; for a cluster of "
            "ksail: `ksail cluster kubeconfig`"};
  case 403:
    if (has_cause(status, "NamespaceTerminating"))
      return {Code::failed_precondition, true, "wait until the namespace is gone, then apply again"};
    // A new namespace gets its default ServiceAccount a moment later.
    if (contains(message, "error looking up service account")) return {Code::failed_precondition, true, ""};
    return {Code::permission_denied, false, ""};
  case 404:
    return {Code::not_found, false, ""};
  case 405:
    return {Code::unimplemented, false, ""};
  case 406:
  case 415:
    return {Code::unimplemented, false, ""};
  case 409:
    if (reason == "AlreadyExists") return {Code::already_exists, false, ""};
    if (has_cause(status, "FieldManagerConflict"))
      return {Code::aborted, false, "remove these fields from the manifest, or force the apply to take them over"};
    return {Code::aborted, true, ""};
  case 410:
    return {Code::out_of_range, false, ""};
  case 413:
    return {Code::invalid_argument, false, "the API server takes at most 3 MiB per object"};
  case 422:
    return {Code::invalid_argument, false, ""};
  case 429:
    return {Code::resource_exhausted, true, ""};
  case 500:
    return meaning_of_500(message);
  case 502:
  case 503:
  case 504:
    return {Code::unavailable, true, ""};
  default:
    return {http_status >= 500 ? Code::unavailable : Code::invalid_argument, false, ""};
  }
}

std::string one_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ' || text.back() == '.'))
    text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  constexpr std::size_t most = 2000;
  if (text.size() > most) text = text.substr(0, most) + "...";
  return text;
}

} // namespace

std::string describe_request(std::string_view method, std::string_view path, std::string_view content_type) {
  std::string verb = "asking for";
  if (method == "GET" || method == "HEAD") verb = contains(path, "watch=1") ? "watching" : "reading";
  if (method == "POST") verb = "creating";
  if (method == "PUT") verb = "replacing";
  if (method == "DELETE") verb = "deleting";
  if (method == "PATCH") verb = content_type.starts_with("application/apply-patch") ? "applying" : "changing";
  return verb + " " + describe_path(path);
}

std::chrono::milliseconds retry_after(const http::Headers &headers) {
  const std::string_view value = headers.get("Retry-After");
  unsigned seconds = 0;
  const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (failed != std::errc() || end != value.data() + value.size()) return std::chrono::milliseconds(0);
  return std::chrono::seconds(std::min(seconds, 3600u));
}

Error status_error(std::string_view attempt, int http_status, const json &status) {
  const json object = status.is_object() ? status : json::object();
  const std::string message = one_line(text(object, "message"));
  const std::string reason = text(object, "reason");
  Meaning meaning = meaning_of(http_status, object, reason, message);
  std::string why = message;
  if (meaning.code == Code::aborted && has_cause(object, "FieldManagerConflict")) why = conflicts(object);
  if (http_status == 401) why = "the API server does not accept the credentials (401 Unauthorized)";
  if (why.empty())
    why = "the API server answered " + std::to_string(http_status) + (reason.empty() ? "" : " " + reason);
  Error error(meaning.code, std::string(attempt) + ": " + why, std::move(meaning.hint));
  error.retryable = meaning.retryable;
  if (http_status == 504) error.outcome_unknown = true;
  if (const auto details = object.find("details"); details != object.end() && details->is_object()) {
    const auto seconds = details->find("retryAfterSeconds");
    if (seconds != details->end() && seconds->is_number_integer() && seconds->get<std::int64_t>() > 0) {
      error.retryable = error.retryable || http_status >= 500;
      error.retry_after = std::chrono::seconds(std::min<std::int64_t>(seconds->get<std::int64_t>(), 3600));
    }
  }
  return error;
}

Error api_error(std::string_view attempt, const http::Response &response) {
  json status = json::parse(response.body, nullptr, false);
  if (!status.is_object() || text(status, "kind") != "Status") {
    // Not every part of the server answers with a Status: "404 page not found", a proxy's page.
    status = json::object();
    status["message"] = response.body.substr(0, 300);
  }
  Error error = status_error(attempt, response.status, status);
  if (const auto after = retry_after(response.headers); after.count() > 0) {
    error.retry_after = after;
    error.retryable = error.retryable || response.status >= 500;
  }
  return error;
}

} // namespace ksail::kubernetes

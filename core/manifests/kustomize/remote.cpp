// SPDX-License-Identifier: Apache-2.0
#include "manifests/kustomize/remote.hpp"

#include "manifests/kustomize/program.hpp"

#include <ksail/sdk/http.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <charconv>

namespace ksail::manifests::kustomize {
namespace {

constexpr std::chrono::seconds kWebTimeout{30};
constexpr int kMostRedirects = 10;

struct WebAddress {
  http::Endpoint endpoint;
  std::string target;
};

Result<WebAddress> address_of(const std::string &url) {
  const bool tls = url.size() > 4 && (url[4] == 's' || url[4] == 'S');
  std::string_view rest = std::string_view(url).substr(tls ? 8 : 7);
  rest = rest.substr(0, rest.find('#'));
  const auto path = rest.find_first_of("/?");
  std::string_view host = rest.substr(0, path);
  std::string target(path == rest.npos ? "/" : rest.substr(path));
  if (target.starts_with('?')) {
    target.insert(0, 1, '/');
  }
  unsigned port = tls ? 443 : 80;
  if (const auto colon = host.rfind(':'); colon != host.npos && host.find(']', colon) == host.npos) {
    const auto text = host.substr(colon + 1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port == 0 || port > 65535) {
      return Error(Code::config, url + " names no valid port");
    }
    host = host.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  if (host.empty() || host.find('@') != host.npos) {
    return Error(Code::config, "a URL needs a host, and may name no user");
  }
  const auto number = static_cast<std::uint16_t>(port);
  return WebAddress{tls ? http::Endpoint::tls_tcp(std::string(host), number, {})
                        : http::Endpoint::tcp(std::string(host), number),
                    std::move(target)};
}

asio::awaitable<Result<http::Response>> get(asio::any_io_executor executor, WebAddress address) {
  http::PoolOptions options;
  options.max_body_bytes = 64U << 20U;
  http::Client client(executor, std::move(address.endpoint), options);
  http::Request request("GET", std::move(address.target));
  co_return co_await client.send(std::move(request), Deadline::after(kWebTimeout));
}

Result<http::Response> get_blocking(WebAddress address) {
  asio::io_context context(1);
  Result<http::Response> result = Error(Code::internal, "no answer");
  asio::co_spawn(context, get(context.get_executor(), std::move(address)),
                 [&](std::exception_ptr failure, Result<http::Response> answer) {
                   if (failure) {
                     std::rethrow_exception(failure);
                   }
                   result = std::move(answer);
                 });
  context.run();
  return result;
}

} // namespace

Result<std::shared_ptr<const TemporaryDirectory>> clone_repository(const GitUrl &url, const std::string &command) {
  auto directory = TemporaryDirectory::make("ksail-git-");
  if (!directory) {
    return directory;
  }
  const auto ref = url.ref.empty() ? std::string("HEAD") : url.ref;
  const auto end = std::chrono::steady_clock::now() + url.timeout;
  std::vector<std::vector<std::string>> steps = {{"init", "--quiet"},
                                                 {"remote", "add", "--", "origin", url.repository},
                                                 {"fetch", "--quiet", "--depth=1", "--", "origin", ref},
                                                 {"checkout", "--quiet", "--detach", "FETCH_HEAD"}};
  if (url.submodules) {
    steps.push_back({"submodule", "--quiet", "update", "--init", "--recursive"});
  }
  for (auto &words : steps) {
    words.insert(words.begin(), command);
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    auto done = run_program({std::move(words),
                             {"GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=true", "SSH_ASKPASS=true", "GCM_INTERACTIVE=never"},
                             (*directory)->path().string(),
                             std::max(left, std::chrono::milliseconds(1))});
    if (!done) {
      auto error = std::move(done).error().in("cloning " + url.repository + " at " + ref);
      if (error.code == Code::deadline_exceeded) {
        error.hint = "?timeout=2m at the end of the URL gives it more time";
      }
      return error;
    }
  }
  return directory;
}

Result<std::string> fetch_web_file(const std::string &url) {
  std::string at = url;
  for (int redirects = 0; redirects <= kMostRedirects; ++redirects) {
    auto address = address_of(at);
    if (!address) {
      return address.error();
    }
    auto answer = get_blocking(std::move(*address));
    if (!answer) {
      return std::move(answer).error().in("fetching " + at);
    }
    if (answer->status >= 200 && answer->status < 300) {
      return std::move(answer->body);
    }
    std::string location(answer->headers.get("location"));
    if (answer->status < 300 || answer->status >= 400 || location.empty()) {
      return Error(answer->status == 404 ? Code::not_found : Code::unavailable,
                   "fetching " + at + ": the server answers " + std::to_string(answer->status) + " " + answer->reason);
    }
    if (location.starts_with('/')) {
      location.insert(0, at.substr(0, at.find('/', at.find("//") + 2)));
    }
    if (!is_web_url(location)) {
      return Error(Code::config, "fetching " + at + ": it redirects to " + location);
    }
    at = std::move(location);
  }
  return Error(Code::config, "fetching " + url + ": it redirects without end");
}

} // namespace ksail::manifests::kustomize

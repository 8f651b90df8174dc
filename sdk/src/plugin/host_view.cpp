// SPDX-License-Identifier: Apache-2.0
#include "host_view.hpp"

#include <ksail/sdk/detail/abi_read.hpp>

#include <algorithm>

namespace ksail::sdk {

namespace {

template <class Table> Table fetch(const ksail_host &host, std::string_view id) {
  if (!host.query_interface) return {};
  return detail::abi_read(static_cast<const Table *>(host.query_interface(host.self, detail::abi_str(id))));
}

void take_secret(void *user, const void *data, std::uint64_t len) noexcept {
  try {
    static_cast<std::optional<std::string> *>(user)->emplace(data ? static_cast<const char *>(data) : "",
                                                             data ? static_cast<std::size_t>(len) : 0);
  } catch (...) { // no memory: as if there were no secret
  }
}

} // namespace

void HostView::connect(const ksail_host *given) {
  const auto host = detail::abi_read(given);
  minor_ = std::min<std::uint32_t>(host.abi_minor, KSAIL_ABI_MINOR);
  log_ = fetch<ksail_host_log_1>(host, KSAIL_HOST_LOG_1);
  secrets_ = fetch<ksail_host_secrets_1>(host, KSAIL_HOST_SECRETS_1);
}

bool HostView::log_enabled(int level) const { return log_.write && (!log_.enabled || log_.enabled(log_.self, level)); }

void HostView::log(int level, std::string_view message) const {
  if (log_enabled(level)) log_.write(log_.self, level, ksail_str{nullptr, 0}, detail::abi_str(message));
}

std::optional<std::string> HostView::secret(std::string_view name) const {
  std::optional<std::string> value;
  if (!secrets_.get || secrets_.get(secrets_.self, detail::abi_str(name), take_secret, &value) != KSAIL_OK)
    return std::nullopt;
  return value;
}

void HostView::redact(std::string_view value) const {
  if (secrets_.redact) secrets_.redact(secrets_.self, detail::abi_str(value));
}

} // namespace ksail::sdk

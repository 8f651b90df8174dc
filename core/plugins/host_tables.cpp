// SPDX-License-Identifier: Apache-2.0
#include <plugins/host_tables.hpp>

#include <plugins/text.hpp>

#include <ksail/sdk/detail/abi_read.hpp>

#include <openssl/crypto.h>

#include <algorithm>
#include <chrono>
#include <mutex>

namespace ksail::plugins {

using detail::abi_view;

namespace {

std::uint64_t now_ns(void *) noexcept {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

int known_level(std::int32_t level) { return std::clamp<std::int32_t>(level, KSAIL_LOG_TRACE, KSAIL_LOG_ERROR); }

} // namespace

HostTables::HostTables(std::string plugin_id) : id_(std::move(plugin_id)) {
  host_.size = sizeof host_;
  host_.abi_minor = KSAIL_ABI_MINOR;
  host_.self = this;
  host_.query_interface = [](void *self, ksail_str id) noexcept -> const void * {
    auto *tables = static_cast<HostTables *>(self);
    const auto wanted = abi_view(id);
    if (wanted == KSAIL_HOST_LOG_1) return &tables->log_;
    if (wanted == KSAIL_HOST_CLOCK_1) return &tables->clock_;
    if (wanted == KSAIL_HOST_SECRETS_1) return &tables->secrets_;
    return nullptr;
  };
  log_.size = sizeof log_;
  log_.self = this;
  log_.enabled = log_enabled;
  log_.write = log_write;
  clock_.size = sizeof clock_;
  clock_.self = this;
  clock_.now_ns = now_ns;
  secrets_.size = sizeof secrets_;
  secrets_.self = this;
  secrets_.get = secret_get;
  secrets_.redact = secret_redact;
}

void HostTables::attach(HostServices &services) {
  const std::unique_lock lock(mutex_);
  services_ = &services;
}

void HostTables::detach() {
  const std::unique_lock lock(mutex_);
  services_ = nullptr;
}

void HostTables::log(int level, std::string_view target, std::string_view message) {
  const std::shared_lock lock(mutex_);
  if (services_ && services_->log_enabled(level)) services_->log(level, target, message);
}

void HostTables::misbehaves(std::string_view what) noexcept {
  try {
    log(KSAIL_LOG_ERROR, id_, "the " + id_ + " plugin misbehaves: " + clean_text(what));
  } catch (...) { // no memory for a log line: nothing better to do with it
  }
}

std::int32_t HostTables::log_enabled(void *self, std::int32_t level) noexcept {
  try {
    auto *tables = static_cast<HostTables *>(self);
    const std::shared_lock lock(tables->mutex_);
    return tables->services_ && tables->services_->log_enabled(known_level(level)) ? 1 : 0;
  } catch (...) {
    return 0;
  }
}

void HostTables::log_write(void *self, std::int32_t level, ksail_str target, ksail_str message) noexcept {
  try {
    auto *tables = static_cast<HostTables *>(self);
    const auto part = clean_text(abi_view(target), 64);
    const auto full = part.empty() || part == tables->id_ ? tables->id_ : tables->id_ + "." + part;
    tables->log(known_level(level), full, clean_text(abi_view(message), 16 * 1024));
  } catch (...) { // a log line is not worth a crash
  }
}

std::int32_t HostTables::secret_get(void *self, ksail_str name,
                                    void (*take)(void *user, const void *data, std::uint64_t len) noexcept,
                                    void *user) noexcept {
  try {
    auto *tables = static_cast<HostTables *>(self);
    std::optional<std::string> value;
    {
      const std::shared_lock lock(tables->mutex_);
      if (tables->services_) value = tables->services_->secret(abi_view(name));
      if (value) tables->services_->redact(*value);
    }
    if (!value) return KSAIL_NOT_FOUND;
    if (take) take(user, value->data(), value->size());
    OPENSSL_cleanse(value->data(), value->size());
    return take ? KSAIL_OK : KSAIL_INVALID_ARGUMENT;
  } catch (...) {
    return KSAIL_INTERNAL;
  }
}

void HostTables::secret_redact(void *self, ksail_str value) noexcept {
  try {
    auto *tables = static_cast<HostTables *>(self);
    const std::shared_lock lock(tables->mutex_);
    if (tables->services_) tables->services_->redact(abi_view(value));
  } catch (...) { // no memory: the host's redaction set stays as it was
  }
}

} // namespace ksail::plugins

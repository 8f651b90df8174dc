// SPDX-License-Identifier: Apache-2.0
#include "cli/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>

namespace ksail::cli {

namespace {

class ConsoleSink final : public spdlog::sinks::base_sink<std::mutex> {
public:
  explicit ConsoleSink(Console &console) : console_(console) {}

protected:
  void sink_it_(const spdlog::details::log_msg &message) override {
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    console_.err_text(std::string_view(text.data(), text.size()));
  }
  void flush_() override {}

private:
  Console &console_;
};

constexpr std::array levels = {spdlog::level::trace, spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                               spdlog::level::err};

} // namespace

struct Log::Sink {
  explicit Sink(Console &console) : sink(std::make_shared<ConsoleSink>(console)) {
    sink->set_pattern("%H:%M:%S.%e %-5l %n: %v");
  }
  std::shared_ptr<ConsoleSink> sink;
};

Log::Log(Console &console, unsigned verbosity)
    : console_(console), threshold_(verbosity == 0   ? 4
                                    : verbosity == 1 ? 1
                                                     : 0) {}

Log::~Log() = default;

void Log::write(int level, std::string_view target, std::string_view message) {
  if (!enabled(level)) return;
  const std::lock_guard lock(mutex_);
  if (!sink_) sink_ = std::make_unique<Sink>(console_);
  spdlog::logger logger(std::string(target), sink_->sink);
  logger.set_level(spdlog::level::trace);
  logger.log(levels[static_cast<std::size_t>(std::clamp(level, 0, 4))], "{}",
             spdlog::string_view_t(message.data(), message.size()));
}

} // namespace ksail::cli

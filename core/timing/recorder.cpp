// SPDX-License-Identifier: Apache-2.0
#include "timing/timing.hpp"

namespace ksail::timing {

Recorder::Recorder() : start_(Clock::now()), wall_start_(std::chrono::system_clock::now()) {}

std::size_t Recorder::begin(std::string phase, std::string name, std::vector<std::string> after) {
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  Span span;
  span.phase = std::move(phase);
  span.name = std::move(name);
  span.start = now;
  span.after = std::move(after);
  spans_.push_back(std::move(span));
  return spans_.size() - 1;
}

void Recorder::end(std::size_t id, bool failed) {
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  if (id >= spans_.size() || spans_[id].end) return;
  spans_[id].end = now;
  spans_[id].failed = failed;
}

void Recorder::attribute(std::size_t id, std::string key, std::string value) {
  const std::lock_guard lock(mutex_);
  if (id < spans_.size()) spans_[id].attributes[std::move(key)] = std::move(value);
}

std::vector<Span> Recorder::spans() const {
  const std::lock_guard lock(mutex_);
  return spans_;
}

void Recorder::sample(ResourceSample sample) {
  const std::lock_guard lock(mutex_);
  samples_.push_back(std::move(sample));
}

std::vector<ResourceSample> Recorder::samples() const {
  const std::lock_guard lock(mutex_);
  return samples_;
}

double Recorder::elapsed_seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

Scope::Scope(Recorder &r, std::string phase, std::string name, std::vector<std::string> after)
    : recorder_(r), id_(r.begin(std::move(phase), std::move(name), std::move(after))) {}

Scope::~Scope() { recorder_.end(id_, failed_); }

void Scope::fail() { failed_ = true; }

} // namespace ksail::timing

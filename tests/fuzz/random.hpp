// SPDX-License-Identifier: Apache-2.0
// Choices that a seed settles, the same on every machine.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace ksail::fuzz {

class Random {
public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL + 1) {}

  /// SplitMix64: the distributions of the standard library differ among its implementations.
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
  }
  /// 0 to n - 1.
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(next() % n); }
  std::size_t between(std::size_t low, std::size_t high) { return low + below(high - low + 1); }
  bool percent(unsigned p) { return below(100) < p; }

  std::string pick(std::initializer_list<const char *> list) { return list.begin()[below(list.size())]; }
  template <class T> const T &pick(const std::vector<T> &list) { return list[below(list.size())]; }

private:
  std::uint64_t state_;
};

} // namespace ksail::fuzz

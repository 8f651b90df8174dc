// SPDX-License-Identifier: Apache-2.0
// Memory for the nodes and texts of one document: handed out by moving a pointer, given back all at once.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace ksail::manifests {

/// Not thread safe. Everything allocated lives until reset() or destruction. Only trivially destructible things go in.
class Arena {
public:
  Arena() = default;
  Arena(const Arena &) = delete;
  Arena &operator=(const Arena &) = delete;
  Arena(Arena &&) = default;
  Arena &operator=(Arena &&) = default;

  void *allocate(std::size_t bytes) {
    bytes = (bytes + 7) & ~std::size_t{7};
    if (static_cast<std::size_t>(end_ - next_) < bytes) {
      grow(bytes);
    }
    void *result = next_;
    next_ += bytes;
    return result;
  }

  template <class T> T *array(std::size_t count) { return static_cast<T *>(allocate(count * sizeof(T))); }

  std::string_view copy(std::string_view text) {
    if (text.empty()) {
      return {};
    }
    char *to = array<char>(text.size());
    std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }

  /// Forgets everything; keeps one block of ordinary size, so that the next document needs no new memory.
  void reset() {
    if (blocks_.empty()) {
      return;
    }
    blocks_.resize(1);
    if (blocks_[0].size > kBlock) {
      blocks_.clear();
      next_ = end_ = nullptr;
      return;
    }
    next_ = blocks_[0].bytes.get();
    end_ = next_ + blocks_[0].size;
  }

private:
  static constexpr std::size_t kBlock = 256 * 1024;
  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size;
  };

  void grow(std::size_t bytes) {
    const std::size_t size = bytes > kBlock ? bytes : kBlock;
    blocks_.push_back({std::unique_ptr<char[]>(new char[size]), size});
    next_ = blocks_.back().bytes.get();
    end_ = next_ + size;
  }

  std::vector<Block> blocks_;
  char *next_ = nullptr;
  char *end_ = nullptr;
};

} // namespace ksail::manifests

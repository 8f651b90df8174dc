// SPDX-License-Identifier: Apache-2.0
#include "image_archive_check.hpp"

#include <nlohmann/json.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <charconv>

namespace ksail::docker {

namespace {

using nlohmann::json;

constexpr std::size_t block = 512;
constexpr std::uint64_t largest_text = 1u << 20;   ///< of one JSON file that is kept
constexpr std::uint64_t largest_texts = 16u << 20; ///< of all of them

/// A number field: octal, or base 256 with the highest bit set (GNU).
bool read_number(std::string_view field, std::uint64_t &value) {
  value = 0;
  if (!field.empty() && (static_cast<unsigned char>(field[0]) & 0x80) != 0) {
    for (std::size_t i = 1; i < field.size(); ++i)
      value = (value << 8) | static_cast<unsigned char>(field[i]);
    return true;
  }
  bool any = false;
  for (const char c : field) {
    if (c == ' ' && !any) continue;
    if (c == ' ' || c == '\0') break;
    if (c < '0' || c > '7') return false;
    value = value * 8 + static_cast<std::uint64_t>(c - '0');
    any = true;
  }
  return true;
}

bool checksum_fits(std::string_view header) {
  std::uint64_t stated = 0;
  if (!read_number(header.substr(148, 8), stated)) return false;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < block; ++i)
    sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(header[i]);
  return sum == stated;
}

std::string text_field(std::string_view field) { return std::string(field.substr(0, field.find('\0'))); }

std::string plain_path(std::string path) {
  while (path.starts_with("./"))
    path.erase(0, 2);
  return path;
}

constexpr std::string_view blob_folder = "blobs/sha256/";

std::string text_of(const json &object, const char *key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

} // namespace

struct ImageArchiveCheck::Hash {
  Hash() : context(EVP_MD_CTX_new()) {}
  ~Hash() { EVP_MD_CTX_free(context); }
  Hash(const Hash &) = delete;
  Hash &operator=(const Hash &) = delete;
  void begin() { EVP_DigestInit_ex(context, EVP_sha256(), nullptr); }
  void add(std::string_view bytes) { EVP_DigestUpdate(context, bytes.data(), bytes.size()); }
  std::string end() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_DigestFinal_ex(context, digest, &size);
    static constexpr char digits[] = "0123456789abcdef";
    std::string hex;
    for (unsigned i = 0; i < size; ++i) {
      hex += digits[digest[i] >> 4];
      hex += digits[digest[i] & 15];
    }
    return hex;
  }
  EVP_MD_CTX *context;
};

ImageArchiveCheck::ImageArchiveCheck(std::string name) : name_(std::move(name)), hash_(std::make_unique<Hash>()) {}
ImageArchiveCheck::~ImageArchiveCheck() = default;

Error ImageArchiveCheck::damaged(const std::string &what) const {
  return Error(Code::data_loss, "the image archive " + name_ + " is damaged: " + what,
               "make it again (docker save -o FILE IMAGE), or copy it again from where it came from");
}

Result<void> ImageArchiveCheck::begin_entry() {
  if (!any_ && header_.size() >= 2 && header_[0] == '\x1f' && header_[1] == '\x8b')
    return Error(Code::invalid_argument, "the image archive " + name_ + " is compressed",
                 "unpack it on the way: gunzip -c FILE | ksail cluster load-image -");
  if (std::all_of(header_.begin(), header_.end(), [](char c) { return c == '\0'; })) {
    if (++zero_blocks_ == 2) ended_ = true;
    return {};
  }
  zero_blocks_ = 0;
  if (!checksum_fits(header_)) {
    if (!any_)
      return Error(Code::invalid_argument, name_ + " is no image archive: it is no tar file",
                   "`docker save -o FILE IMAGE` makes one");
    return damaged("the checksum of the entry after " + (entry_.empty() ? "the first" : entry_) + " is wrong");
  }
  any_ = true;
  const std::string_view header = header_;
  std::uint64_t size = 0;
  if (!read_number(header.substr(124, 12), size)) return damaged("an entry after " + entry_ + " has no size");
  type_ = header[156];
  std::string path = text_field(header.substr(0, 100));
  if (header.substr(257, 5) == "ustar" && header[345] != '\0' && header.substr(257, 8) != "ustar  \0")
    path = text_field(header.substr(345, 155)) + "/" + path;
  const bool about_next = type_ == 'L' || type_ == 'K' || type_ == 'x' || type_ == 'g';
  if (!about_next) {
    if (!next_path_.empty()) path = std::exchange(next_path_, std::string());
    if (std::exchange(has_next_size_, false)) size = next_size_;
  }
  entry_ = plain_path(std::move(path));
  left_ = size;
  padding_ = (block - size % block) % block;
  const bool file = type_ == '0' || type_ == '\0';
  const bool may_be_text = file && (entry_.ends_with(".json") || entry_.starts_with(blob_folder));
  keep_ = (about_next || may_be_text) && size <= largest_text && kept_total_ + size <= largest_texts;
  kept_.clear();
  hash_->begin();
  if (left_ == 0) return end_entry();
  return {};
}

Result<void> ImageArchiveCheck::end_entry() {
  if (type_ == 'L') {
    next_path_ = text_field(kept_);
    return {};
  }
  if (type_ == 'x') {
    // "LENGTH key=value\n"...
    std::string_view rest = kept_;
    while (!rest.empty()) {
      std::size_t length = 0;
      const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), length);
      if (parsed.ec != std::errc() || length == 0 || length > rest.size()) break;
      std::string_view record = rest.substr(0, length - 1);
      record.remove_prefix(std::min(record.size(), record.find(' ') + 1));
      const auto equals = record.find('=');
      const auto value = equals == std::string_view::npos ? std::string_view() : record.substr(equals + 1);
      if (record.starts_with("path=")) next_path_ = value;
      if (record.starts_with("size="))
        has_next_size_ = std::from_chars(value.data(), value.data() + value.size(), next_size_).ec == std::errc();
      rest.remove_prefix(length);
    }
    return {};
  }
  if (type_ == '1' || type_ == '2') digests_[entry_] = std::string();
  if (type_ != '0' && type_ != '\0') return {};
  std::string digest = hash_->end();
  if (entry_.starts_with(blob_folder) && entry_.substr(blob_folder.size()) != digest)
    return damaged(entry_ + " has another content than its name says");
  digests_[entry_] = std::move(digest);
  if (keep_) {
    kept_total_ += kept_.size();
    texts_[entry_] = std::move(kept_);
  }
  return {};
}

Result<void> ImageArchiveCheck::feed(std::string_view bytes) {
  while (!bytes.empty() && !ended_) {
    if (left_ > 0) {
      const auto piece = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size())));
      hash_->add(piece);
      if (keep_) kept_ += piece;
      left_ -= piece.size();
      bytes.remove_prefix(piece.size());
      if (left_ == 0)
        if (auto ended = end_entry(); !ended) return ended;
      continue;
    }
    if (padding_ > 0) {
      const auto skipped = std::min<std::uint64_t>(padding_, bytes.size());
      padding_ -= skipped;
      bytes.remove_prefix(static_cast<std::size_t>(skipped));
      continue;
    }
    const auto wanted = std::min(block - header_.size(), bytes.size());
    header_ += bytes.substr(0, wanted);
    bytes.remove_prefix(wanted);
    if (header_.size() < block) break;
    auto begun = begin_entry();
    header_.clear();
    if (!begun) return begun;
  }
  return {};
}

Result<void> ImageArchiveCheck::check_docker_index(const std::string &text) const {
  const json index = json::parse(text, nullptr, false);
  if (!index.is_array() || index.empty()) return damaged("its manifest.json is not readable");
  for (const auto &image : index) {
    const std::string config_path = text_of(image, "Config");
    if (!digests_.contains(config_path)) return damaged("the configuration " + config_path + " is missing");
    json diff_ids;
    if (const auto config = texts_.find(config_path); config != texts_.end()) {
      const json parsed = json::parse(config->second, nullptr, false);
      if (!parsed.is_object()) return damaged("the configuration " + config_path + " is not readable");
      diff_ids = parsed.value("rootfs", json::object()).value("diff_ids", json::array());
    }
    const json layers = image.is_object() ? image.value("Layers", json::array()) : json::array();
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const std::string path = layers[i].is_string() ? layers[i].get<std::string>() : std::string();
      const auto layer = digests_.find(path);
      if (layer == digests_.end()) return damaged("the layer " + path + " is missing");
      // A layer among the blobs may be compressed, and was compared with its name already; a link has no content.
      if (layer->second.empty() || path.starts_with(blob_folder) || i >= diff_ids.size() || !diff_ids[i].is_string())
        continue;
      if (diff_ids[i] != "sha256:" + layer->second)
        return damaged("the layer " + path + " has another content than the image's configuration says");
    }
  }
  return {};
}

Result<void> ImageArchiveCheck::finish() {
  if (!any_)
    return Error(Code::invalid_argument, name_ + " is no image archive: it is empty",
                 "`docker save -o FILE IMAGE` makes one");
  if (left_ > 0 || padding_ > 0 || !header_.empty())
    return damaged("it ends in the middle of " + (entry_.empty() ? std::string("an entry") : entry_));
  if (const auto index = texts_.find("manifest.json"); index != texts_.end()) return check_docker_index(index->second);
  if (texts_.contains("index.json")) return {};
  if (!ended_) return damaged("it ends before its index");
  return Error(Code::invalid_argument, name_ + " is no image archive: it holds neither manifest.json nor index.json",
               "`docker save -o FILE IMAGE` makes one; a root file system becomes an image by `docker import`");
}

} // namespace ksail::docker

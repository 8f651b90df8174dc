// SPDX-License-Identifier: Apache-2.0
// The wire format of protocol buffers, as far as the Talos API needs it: messages are read and written field by field,
// and unknown fields are passed over, so that every Talos version can be talked to with one set of numbers.
//
// Source: https://protobuf.dev/programming-guides/encoding. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ksail::talos_api {

/// Appends fields to a message. Values that are the type's default are left out, as proto3 wants it.
class ProtoWriter {
public:
  ProtoWriter &add(std::uint32_t field, std::string_view bytes); ///< string or bytes
  ProtoWriter &add_number(std::uint32_t field, std::uint64_t value);
  ProtoWriter &add_bool(std::uint32_t field, bool value) { return add_number(field, value ? 1 : 0); }
  /// A message in the message; present even when it is empty.
  ProtoWriter &add_message(std::uint32_t field, std::string_view encoded);
  const std::string &bytes() const { return out_; }

private:
  void varint(std::uint64_t value);
  std::string out_;
};

/// One field as it stands in a message; `bytes` points into the message.
struct ProtoField {
  std::uint32_t number = 0;
  std::uint64_t value = 0; ///< of a varint or fixed number
  std::string_view bytes;  ///< of a string, bytes or message
  bool has_bytes = false;
};

/// Goes through the fields of a message, which must outlive it.
class ProtoReader {
public:
  explicit ProtoReader(std::string_view message) : rest_(message) {}
  /// Nothing at the end, and after something that is no message: then `valid` is false.
  std::optional<ProtoField> next();
  bool valid() const { return valid_; }

private:
  std::optional<std::uint64_t> varint();
  std::string_view rest_;
  bool valid_ = true;
};

} // namespace ksail::talos_api

// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos_api/protobuf.hpp"

namespace ksail::talos_api {

namespace {
enum WireType : std::uint32_t { varint_type = 0, fixed64_type = 1, bytes_type = 2, fixed32_type = 5 };
} // namespace

void ProtoWriter::varint(std::uint64_t value) {
  while (value >= 0x80) {
    out_ += static_cast<char>((value & 0x7f) | 0x80);
    value >>= 7;
  }
  out_ += static_cast<char>(value);
}

ProtoWriter &ProtoWriter::add(std::uint32_t field, std::string_view bytes) {
  if (bytes.empty()) return *this;
  return add_message(field, bytes);
}

ProtoWriter &ProtoWriter::add_number(std::uint32_t field, std::uint64_t value) {
  if (value == 0) return *this;
  varint(static_cast<std::uint64_t>(field) << 3 | varint_type);
  varint(value);
  return *this;
}

ProtoWriter &ProtoWriter::add_message(std::uint32_t field, std::string_view encoded) {
  varint(static_cast<std::uint64_t>(field) << 3 | bytes_type);
  varint(encoded.size());
  out_ += encoded;
  return *this;
}

std::optional<std::uint64_t> ProtoReader::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (rest_.empty()) return std::nullopt;
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return std::nullopt; // more than ten bytes
}

std::optional<ProtoField> ProtoReader::next() {
  if (!valid_ || rest_.empty()) return std::nullopt;
  const auto broken = [this] {
    valid_ = false;
    return std::optional<ProtoField>();
  };
  const auto key = varint();
  if (!key || (*key >> 3) == 0 || (*key >> 3) > 0x1fffffff) return broken();
  ProtoField field;
  field.number = static_cast<std::uint32_t>(*key >> 3);
  switch (*key & 7) {
  case varint_type: {
    const auto value = varint();
    if (!value) return broken();
    field.value = *value;
    return field;
  }
  case fixed64_type:
  case fixed32_type: {
    const std::size_t size = (*key & 7) == fixed64_type ? 8 : 4;
    if (rest_.size() < size) return broken();
    for (std::size_t i = size; i-- > 0;)
      field.value = field.value << 8 | static_cast<unsigned char>(rest_[i]);
    rest_.remove_prefix(size);
    return field;
  }
  case bytes_type: {
    const auto size = varint();
    if (!size || *size > rest_.size()) return broken();
    field.bytes = rest_.substr(0, static_cast<std::size_t>(*size));
    field.has_bytes = true;
    rest_.remove_prefix(static_cast<std::size_t>(*size));
    return field;
  }
  default:
    return broken(); // groups are not used by any current message
  }
}

} // namespace ksail::talos_api

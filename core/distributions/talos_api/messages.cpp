// SPDX-License-Identifier: Apache-2.0
#include "distributions/talos_api/messages.hpp"

#include "distributions/talos_api/grpc_status.hpp"
#include "distributions/talos_api/protobuf.hpp"

namespace ksail::talos_api {

namespace {

Error unreadable(std::string_view method) {
  return Error(Code::internal, status_error(method, 13, "the answer cannot be read").message,
               "this Talos version may be too new");
}

/// common.Metadata: which node an element is of, and what failed there.
std::optional<Error> failure_in(std::string_view method, std::string_view metadata) {
  ProtoReader reader(metadata);
  std::string hostname, text;
  std::uint32_t code = 0;
  while (const auto field = reader.next()) {
    if (field->number == 1) hostname = field->bytes;
    if (field->number == 2) text = field->bytes;
    if (field->number == 3) {
      ProtoReader status(field->bytes);
      while (const auto part = status.next()) {
        if (part->number == 1) code = static_cast<std::uint32_t>(part->value);
        if (part->number == 2 && text.empty()) text = part->bytes;
      }
    }
  }
  if (!reader.valid()) return unreadable(method);
  if (text.empty() && code == 0) return std::nullopt;
  Error error = status_error(method, code == 0 ? 2 : code, text);
  if (!hostname.empty()) error.message += " (on " + hostname + ")";
  return error;
}

/// Goes through the elements of an answer; `element` gets the fields other than the metadata.
template <class Element>
Result<void> each_element(std::string_view method, std::string_view answer, const Element &element) {
  ProtoReader list(answer);
  while (const auto item = list.next()) {
    if (item->number != 1 || !item->has_bytes) continue;
    ProtoReader fields(item->bytes);
    while (const auto field = fields.next()) {
      if (field->number == 1) {
        if (auto failure = failure_in(method, field->bytes)) return *failure;
      } else if (!element(*field)) {
        return unreadable(method);
      }
    }
    if (!fields.valid()) return unreadable(method);
  }
  if (!list.valid()) return unreadable(method);
  return {};
}

bool read_health(std::string_view bytes, ServiceInfo &service) {
  ProtoReader reader(bytes);
  while (const auto field = reader.next()) {
    if (field->number == 1) service.health_unknown = field->value != 0;
    if (field->number == 2) service.healthy = field->value != 0;
    if (field->number == 3 && !field->bytes.empty()) service.last_message = field->bytes;
  }
  return reader.valid();
}

/// The message of the last event, for when the health check says nothing.
bool read_events(std::string_view bytes, std::string &last) {
  ProtoReader events(bytes);
  while (const auto event = events.next()) {
    if (event->number != 1) continue;
    ProtoReader fields(event->bytes);
    while (const auto field = fields.next())
      if (field->number == 1) last = field->bytes;
    if (!fields.valid()) return false;
  }
  return events.valid();
}

bool read_service(std::string_view bytes, ServiceInfo &service) {
  ProtoReader reader(bytes);
  std::string last_event;
  bool valid = true;
  while (const auto field = reader.next()) {
    if (field->number == 1) service.id = field->bytes;
    if (field->number == 2) service.state = field->bytes;
    if (field->number == 3) valid = read_events(field->bytes, last_event) && valid;
    if (field->number == 4) valid = read_health(field->bytes, service) && valid;
  }
  if (service.last_message.empty()) service.last_message = std::move(last_event);
  return valid && reader.valid();
}

bool read_member(std::string_view bytes, EtcdMember &member) {
  ProtoReader reader(bytes);
  while (const auto field = reader.next()) {
    if (field->number == 2) member.id = field->value;
    if (field->number == 3) member.hostname = field->bytes;
    if (field->number == 4) member.peer_urls.emplace_back(field->bytes);
    if (field->number == 5) member.client_urls.emplace_back(field->bytes);
    if (field->number == 6) member.is_learner = field->value != 0;
  }
  return reader.valid();
}

bool read_machine_status(std::string_view bytes, TalosEvent &event) {
  ProtoReader reader(bytes);
  bool valid = true;
  while (const auto field = reader.next()) {
    if (field->number == 1) event.stage = static_cast<std::uint32_t>(field->value);
    if (field->number != 2) continue;
    ProtoReader status(field->bytes);
    while (const auto part = status.next()) {
      if (part->number == 1) event.ready = part->value != 0;
      if (part->number != 2) continue;
      ProtoReader condition(part->bytes);
      std::string name, reason;
      while (const auto text = condition.next()) {
        if (text->number == 1) name = text->bytes;
        if (text->number == 2) reason = text->bytes;
      }
      valid = condition.valid() && valid;
      event.unmet.push_back(name + ": " + reason);
    }
    valid = status.valid() && valid;
  }
  return valid && reader.valid();
}

bool read_service_state(std::string_view bytes, TalosEvent &event) {
  ProtoReader reader(bytes);
  while (const auto field = reader.next()) {
    if (field->number == 1) event.service = field->bytes;
    if (field->number == 2) event.action = static_cast<std::uint32_t>(field->value);
    if (field->number == 3) event.message = field->bytes;
  }
  return reader.valid();
}

} // namespace

std::string encode(const ApplyConfiguration &request) {
  return ProtoWriter()
      .add(1, request.config)
      .add_number(4, static_cast<std::uint64_t>(request.mode))
      .add_bool(5, request.dry_run)
      .bytes();
}

std::string encode(const LogsRequest &request) {
  // The negative number of "all" is a varint of ten bytes.
  return ProtoWriter()
      .add(1, request.of_kubernetes ? "k8s.io" : "system")
      .add(2, request.service)
      .add_number(3, request.of_kubernetes ? 1 : 0)
      .add_bool(4, request.follow)
      .add_number(5, static_cast<std::uint64_t>(static_cast<std::int64_t>(request.tail_lines)))
      .bytes();
}

std::string encode(const ResetRequest &request) {
  return ProtoWriter().add_bool(1, request.graceful).add_bool(2, request.reboot).bytes();
}

std::string encode(const EventsRequest &request) {
  return ProtoWriter()
      .add_number(1, static_cast<std::uint64_t>(static_cast<std::int64_t>(request.tail_events)))
      .bytes();
}

std::string encode_image_pull(ImageNamespace where, std::string_view image) {
  return ProtoWriter().add_number(1, static_cast<std::uint64_t>(where)).add(2, image).bytes();
}

Result<VersionInfo> decode_version(std::string_view method, std::string_view answer) {
  VersionInfo version;
  auto read = each_element(method, answer, [&](const ProtoField &field) {
    ProtoReader part(field.bytes);
    while (const auto inner = part.next()) {
      if (field.number == 2 && inner->number == 1) version.tag = inner->bytes;
      if (field.number == 2 && inner->number == 6) version.arch = inner->bytes;
      if (field.number == 3 && inner->number == 1) version.platform = inner->bytes;
    }
    return part.valid();
  });
  if (!read) return read.error();
  return version;
}

Result<ApplyAnswer> decode_apply(std::string_view method, std::string_view answer) {
  ApplyAnswer done;
  auto read = each_element(method, answer, [&](const ProtoField &field) {
    if (field.number == 2) done.warnings.emplace_back(field.bytes);
    if (field.number == 3) done.mode = static_cast<ApplyMode>(field.value);
    if (field.number == 4) done.details = field.bytes;
    return true;
  });
  if (!read) return read.error();
  return done;
}

Result<std::vector<ServiceInfo>> decode_services(std::string_view method, std::string_view answer) {
  std::vector<ServiceInfo> services;
  auto read = each_element(method, answer, [&](const ProtoField &field) {
    if (field.number != 2) return true;
    services.emplace_back();
    return read_service(field.bytes, services.back());
  });
  if (!read) return read.error();
  return services;
}

Result<std::vector<EtcdMember>> decode_etcd_members(std::string_view method, std::string_view answer) {
  std::vector<EtcdMember> members;
  auto read = each_element(method, answer, [&](const ProtoField &field) {
    if (field.number != 3) return true;
    members.emplace_back();
    return read_member(field.bytes, members.back());
  });
  if (!read) return read.error();
  return members;
}

Result<void> decode_done(std::string_view method, std::string_view answer) {
  return each_element(method, answer, [](const ProtoField &) { return true; });
}

Result<std::string> decode_data(std::string_view method, std::string_view message) {
  ProtoReader reader(message);
  std::string bytes;
  while (const auto field = reader.next()) {
    if (field->number == 1)
      if (auto failure = failure_in(method, field->bytes)) return *failure;
    if (field->number == 2) bytes.append(field->bytes);
  }
  if (!reader.valid()) return unreadable(method);
  return bytes;
}

Result<TalosEvent> decode_event(std::string_view method, std::string_view message) {
  ProtoReader reader(message);
  TalosEvent event;
  std::string_view payload;
  while (const auto field = reader.next()) {
    if (field->number == 1)
      if (auto failure = failure_in(method, field->bytes)) return *failure;
    if (field->number == 3) event.id = field->bytes;
    if (field->number != 2) continue;
    ProtoReader any(field->bytes); // google.protobuf.Any
    while (const auto part = any.next()) {
      if (part->number == 1) event.type = part->bytes.substr(part->bytes.rfind('/') + 1);
      if (part->number == 2) payload = part->bytes;
    }
    if (!any.valid()) return unreadable(method);
  }
  if (!reader.valid()) return unreadable(method);
  bool valid = true;
  if (event.type == "machine.MachineStatusEvent") {
    event.kind = TalosEvent::Kind::machine_status;
    valid = read_machine_status(payload, event);
  } else if (event.type == "machine.ServiceStateEvent") {
    event.kind = TalosEvent::Kind::service_state;
    valid = read_service_state(payload, event);
  }
  if (!valid) return unreadable(method);
  return event;
}

} // namespace ksail::talos_api

// SPDX-License-Identifier: Apache-2.0
// The messages of the Talos API that are used, reduced to the fields that are used. Field numbers: siderolabs/talos,
// api/{machine/machine,common/common}.proto, v1.9 to v1.13 (fields were only added). Pure; any thread.
#pragma once

#include <ksail/sdk/result.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ksail::talos_api {

/// Which of the two containerds of a node, by its namespace: "system" runs kubelet and etcd, "k8s.io" the pods.
enum class ImageNamespace : std::uint32_t { system = 1, kubernetes = 2 };

enum class ApplyMode : std::uint32_t { reboot = 0, automatic = 1, no_reboot = 2, staged = 3, try_out = 4 };

struct ApplyConfiguration {
  std::string config; ///< YAML; holds keys
  ApplyMode mode = ApplyMode::automatic;
  bool dry_run = false;
};
struct ApplyAnswer {
  std::vector<std::string> warnings;
  ApplyMode mode = ApplyMode::automatic; ///< what was done
  std::string details;                   ///< of a dry run: the differences
};

struct VersionInfo {
  std::string tag; ///< "v1.13.0"
  std::string arch;
  std::string platform; ///< "container"
};

struct ServiceInfo {
  std::string id;    ///< "etcd"
  std::string state; ///< "Running"
  bool healthy = false;
  bool health_unknown = false;
  std::string last_message; ///< of its health check, else of its last event
};

struct EtcdMember {
  std::uint64_t id = 0;
  std::string hostname;
  std::vector<std::string> peer_urls, client_urls;
  bool is_learner = false;
};

struct LogsRequest {
  std::string service;        ///< "kubelet", or the id of a container
  bool of_kubernetes = false; ///< a container of a pod instead of a service
  bool follow = false;
  int tail_lines = -1; ///< -1: all
};

struct ResetRequest {
  bool graceful = true; ///< leaves etcd, cordons the node
  bool reboot = false;
};

/// What a node tells about itself.
struct TalosEvent {
  enum class Kind { machine_status, service_state, other };
  Kind kind = Kind::other;
  std::string type; ///< "machine.MachineStatusEvent"
  std::string id;
  // machine_status:
  std::uint32_t stage = 0; ///< MachineStage below
  bool ready = false;
  std::vector<std::string> unmet; ///< "name: reason"
  // service_state:
  std::string service, message;
  std::uint32_t action = 0;
};
enum class MachineStage : std::uint32_t {
  unknown = 0,
  booting = 1,
  installing = 2,
  maintenance = 3,
  running = 4,
  rebooting = 5,
  shutting_down = 6,
  resetting = 7,
  upgrading = 8
};
struct EventsRequest {
  int tail_events = 0; ///< -1: all that are kept
};

std::string encode(const ApplyConfiguration &request);
std::string encode(const LogsRequest &request);
std::string encode(const ResetRequest &request);
std::string encode(const EventsRequest &request);
std::string encode_image_pull(ImageNamespace where, std::string_view image);

/// Answers are lists with one element for each node that was asked; an element may hold that node's failure, and then
/// that is what is returned. `method` is what errors name.
Result<VersionInfo> decode_version(std::string_view method, std::string_view answer);
Result<ApplyAnswer> decode_apply(std::string_view method, std::string_view answer);
Result<std::vector<ServiceInfo>> decode_services(std::string_view method, std::string_view answer);
Result<std::vector<EtcdMember>> decode_etcd_members(std::string_view method, std::string_view answer);
/// Of calls whose success says everything.
Result<void> decode_done(std::string_view method, std::string_view answer);
/// common.Data, one element of Logs, Kubeconfig, Dmesg.
Result<std::string> decode_data(std::string_view method, std::string_view message);
Result<TalosEvent> decode_event(std::string_view method, std::string_view message);

} // namespace ksail::talos_api

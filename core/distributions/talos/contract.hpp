// SPDX-License-Identifier: Apache-2.0
// What a Talos version understands: its configuration contract, the Kubernetes versions it runs, and the images it
// takes.
//
// Source: siderolabs/talos at v1.9.6, v1.10.9, v1.11.6, v1.12.11 and v1.13.9
// (pkg/machinery/{config/contract.go,compatibility, constants}). Pure; any thread. Errors are Code::usage.
#pragma once

#include <ksail/sdk/result.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace ksail::talos {

/// The minor version a configuration is written for. Talos refuses keys it does not know, so that it has to be that of
/// the oldest Talos which will read it; newer ones accept it.
struct Contract {
  unsigned minor = 13; ///< 9 to 13
  friend bool operator==(Contract, Contract) = default;
};
inline constexpr unsigned oldest_minor = 9;
inline constexpr unsigned newest_minor = 13;

/// "v1.13.0", "1.12", with or without v. Versions after 1.13 get the contract of 1.13, which they accept.
Result<Contract> contract_of(std::string_view talos_version);

/// Talos refuses Kubernetes outside of its range when it is configured: found out before, with what it accepts.
Result<void> check_kubernetes(Contract contract, std::string_view kubernetes_version);
/// What Talos of that contract runs when nothing else is asked for.
std::string default_kubernetes(Contract contract);

/// The images a node pulls by itself, those of the first wave first: they dominate the time until it is ready.
struct NodeImages {
  std::string kubelet, etcd;                                                    ///< namespace "system"
  std::string pause, api_server, controller_manager, scheduler, proxy, coredns; ///< namespace "k8s.io"
};
NodeImages node_images(Contract contract, std::string_view kubernetes_version);

/// Whether configuration documents of this kind are known, e.g. "HostnameConfig" from 1.12 on.
bool knows_document(Contract contract, std::string_view kind);
/// The contract that first knows it; 0 when none up to 1.13 does.
unsigned first_minor_with(std::string_view kind);

} // namespace ksail::talos

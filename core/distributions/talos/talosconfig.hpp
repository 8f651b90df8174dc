// SPDX-License-Identifier: Apache-2.0
// The client's file of talosctl: which clusters there are, where their API answers, and with which certificate to ask.
//
// Source of the form: siderolabs/talos, pkg/machinery/client/config (v1.9 to v1.13). Threads: any. Errors are
// Code::config and name the file and the field.
#pragma once

#include "distributions/pki/certificate_authority.hpp"

#include <ksail/sdk/async.hpp>
#include <ksail/sdk/result.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace ksail::talos {

/// One cluster as a client sees it.
struct TalosContext {
  std::string name;
  std::vector<std::string>
      endpoints;                  ///< host or host:port (default 50000), one for each control plane; no virtual address
  std::vector<std::string> nodes; ///< targets when none is named; may be empty
  std::string ca_pem;
  pki::KeyPair client; ///< the key with the label that OpenSSL reads; never logged
};

/// "ksail-<cluster>", so that nobody else's context is replaced.
std::string talos_context_name(const std::string &cluster);

/// Where talosctl looks: $TALOSCONFIG, else $TALOS_HOME/config, else ~/.talos/config; empty when there is no home.
std::string talosconfig_path();

/// `text` (may be empty) with `context` added, or put in the place of the one with its name, and made the current one.
/// Other contexts keep their content; comments are lost, as when talosctl writes the file. Pure.
Result<std::string> with_context(std::string_view text, const TalosContext &context, const std::string &file);
/// `text` without that context; the current one becomes empty when it was this. The same text when it is not there.
Result<std::string> without_context(std::string_view text, const std::string &name, const std::string &file);
/// The context `name`, or the current one when that is empty.
Result<TalosContext> parse_talosconfig(std::string_view text, const std::string &file, const std::string &name);

/// The same on disk, under a lock beside the file, replaced at once: mode 0600, a new directory 0700. Blocks the
/// thread.
Result<void> merge_talosconfig(const std::string &file, const TalosContext &context, Deadline lock_deadline);
Result<void> remove_from_talosconfig(const std::string &file, const std::string &name, Deadline lock_deadline);

} // namespace ksail::talos

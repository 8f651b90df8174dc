// SPDX-License-Identifier: Apache-2.0
// Kubeconfig files: reading with client-go's precedence, and merging atomically under kubectl's lock.
#pragma once

#include "kubernetes/client.hpp"

#include <ksail/sdk/result.hpp>

#include <string>
#include <vector>

namespace ksail::kubernetes {

/// The files in effect: --kubeconfig if not empty, else $KUBECONFIG (list), else ~/.kube/config.
std::vector<std::string> kubeconfig_files(const std::string &flag);
/// Of those, the one that is written to: the first that exists, else the last.
std::string kubeconfig_target(const std::string &flag);

/// The first of `files` that holds `context`; where none does, the one that is written to by default.
std::string kubeconfig_file_of(const std::vector<std::string> &files, const std::string &context);
/// Of those, the one that has `context`; else the first that exists, else the last. Empty only when `files` is.
std::string kubeconfig_file_of(const std::vector<std::string> &files, const std::string &context);

/// Access of `context` (empty: current-context) merged from `files` as client-go merges them. Understands
/// certificate-authority(-data), client-certificate/key(-data), token, tokenFile, username/password, exec plugins (v1,
/// v1beta1; stdin closed, bounded time), as/as-groups/as-user-extra, tls-server-name, insecure-skip-tls-verify,
/// proxy-url (refused by name), namespace.
Result<ClusterAccess> load_access(const std::vector<std::string> &files, const std::string &context);
/// From text, e.g. a kubeconfig just made.
Result<ClusterAccess> parse_access(const std::string &yaml, const std::string &context);

/// Adds or replaces cluster, user and context of `kubeconfig_yaml` (one of each, same name) in `file` and makes it
/// current. Under `<file>.lock` (O_CREAT|O_EXCL, as kubectl), written to a temporary beside it, fsync, rename; a new
/// file has mode 0600 (an existing one keeps its own), a new directory 0755; symlinks are followed; the text of others'
/// entries stays as it is. Waits for the lock until the deadline, blocking the thread. A lock left by a ksail that was
/// killed is taken over; anybody else's is not.
Result<void> merge_kubeconfig(const std::string &file, const std::string &kubeconfig_yaml, Deadline lock_deadline);
/// Removes cluster, user and context of that name from every file; clears current-context where it was this one.
/// Absent: no error.
Result<void> remove_from_kubeconfig(const std::vector<std::string> &files, const std::string &name,
                                    Deadline lock_deadline);

} // namespace ksail::kubernetes

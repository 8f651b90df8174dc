// SPDX-License-Identifier: Apache-2.0
// Merging into and removing from kubeconfig files on disk.
#include "kubernetes/atomic_file.hpp"
#include "kubernetes/file_lock.hpp"
#include "kubernetes/kubeconfig.hpp"
#include "kubernetes/kubeconfig_edit.hpp"

namespace ksail::kubernetes {

Result<void> merge_kubeconfig(const std::string &file, const std::string &kubeconfig_yaml, Deadline lock_deadline) {
  if (file.empty()) return Error(Code::config, "there is no kubeconfig to write to", "set HOME, or use --kubeconfig");
  if (auto made = make_directories_for(file); !made) return made.error();
  auto lock = FileLock::acquire(file, lock_deadline);
  if (!lock) return lock.error();
  auto before = read_whole_file(file);
  if (!before) return before.error();
  auto after = with_entries(before->value_or(""), kubeconfig_yaml, file);
  if (!after) return after.error();
  if (*before && **before == *after) return {};
  return replace_file(file, *after);
}

namespace {

Result<void> remove_from_file(const std::string &file, const std::string &name, Deadline lock_deadline) {
  // A look without the lock first: most often there is nothing to do, and a read-only file is then no error.
  auto seen = read_whole_file(file);
  if (!seen) return seen.error();
  if (!*seen) return {};
  auto planned = without_entries(**seen, name, file);
  if (!planned) return planned.error();
  if (*planned == **seen) return {};

  auto lock = FileLock::acquire(file, lock_deadline);
  if (!lock) return lock.error();
  auto before = read_whole_file(file);
  if (!before) return before.error();
  if (!*before) return {};
  auto after = without_entries(**before, name, file);
  if (!after) return after.error();
  if (*after == **before) return {};
  return replace_file(file, *after);
}

} // namespace

Result<void> remove_from_kubeconfig(const std::vector<std::string> &files, const std::string &name,
                                    Deadline lock_deadline) {
  std::vector<Error> failures;
  for (const auto &file : files)
    if (auto removed = remove_from_file(file, name, lock_deadline); !removed) failures.push_back(removed.error());
  if (failures.empty()) return {};
  Error error = failures.front();
  if (failures.size() > 1) error.causes = std::move(failures);
  return error;
}

} // namespace ksail::kubernetes

// SPDX-License-Identifier: Apache-2.0
// What the verbs of `ksail workload` have in common: which objects are meant, and the cluster they are about.
#pragma once

#include "cli/command_context.hpp"
#include "cli/execution.hpp"
#include "kubernetes/client.hpp"
#include "manifests/object.hpp"

#include <ksail/sdk/result.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ksail::cli {

/// The objects of -f and --overlay-path, in the order they were given. With none of them those of the source directory
/// of ksail.yaml, where `source_directory_too`; else Code::usage. `verb` is for messages: "workload diff".
Result<std::vector<manifests::Object>> workload_objects(CommandContext &context, const config::Settings &settings,
                                                        std::string_view verb, bool source_directory_too);

/// A client of the cluster in effect: --context, else the cluster that ksail.yaml names, else the current context.
Result<std::unique_ptr<kubernetes::Client>> workload_client(CommandContext &context, const config::Settings &settings,
                                                            Execution &execution, std::size_t connections);

/// --concurrency within its bounds.
Result<std::size_t> concurrency_of(const Invocation &invocation);

/// "deployment.apps/web", as kubectl writes it.
std::string kubectl_name(const manifests::Object &object);

/// "3 deleted, 1 failed" of words and how often each was, in the order of `order`; words that were not are left out.
std::string count_words(const std::vector<std::string> &words, const std::vector<std::string_view> &order);

} // namespace ksail::cli

// SPDX-License-Identifier: Apache-2.0
// One function per command. Each writes its own results; errors are returned and shown by the caller.
#pragma once

#include "cli/command_context.hpp"

namespace ksail::cli {

Result<void> run_cluster_create(CommandContext &context);
Result<void> run_cluster_delete(CommandContext &context);
Result<void> run_cluster_list(CommandContext &context);
Result<void> run_cluster_status(CommandContext &context);
Result<void> run_cluster_start(CommandContext &context);
Result<void> run_cluster_stop(CommandContext &context);
Result<void> run_cluster_kubeconfig(CommandContext &context);
Result<void> run_cluster_logs(CommandContext &context);
Result<void> run_cluster_scale(CommandContext &context);
Result<void> run_cluster_info(CommandContext &context);
Result<void> run_cluster_load_image(CommandContext &context);
Result<void> run_workload_apply(CommandContext &context);
Result<void> run_workload_build(CommandContext &context);
Result<void> run_workload_diff(CommandContext &context);
Result<void> run_workload_delete(CommandContext &context);
Result<void> run_workload_wait(CommandContext &context);
Result<void> run_workload_status(CommandContext &context);
Result<void> run_workload_validate(CommandContext &context);
Result<void> run_plugin_list(CommandContext &context);
Result<void> run_plugin_info(CommandContext &context);
Result<void> run_plugin_verify(CommandContext &context);
Result<void> run_doctor(CommandContext &context);
Result<void> run_config_view(CommandContext &context);
Result<void> run_version(CommandContext &context);
Result<void> run_completion(CommandContext &context);
Result<void> run_help(CommandContext &context);
Result<void> run_man(CommandContext &context);

} // namespace ksail::cli

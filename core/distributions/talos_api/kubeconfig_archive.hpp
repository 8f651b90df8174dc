// SPDX-License-Identifier: Apache-2.0
// The archive that the Kubeconfig call answers with: gzip of a tar with one file, whose padding and end are missing, so
// that strict readers refuse it. Source: siderolabs/talos, internal/app/machined (v1.9 to v1.13). Pure; any thread.
#pragma once

#include <ksail/sdk/result.hpp>

#include <string>
#include <string_view>

namespace ksail::talos_api {

/// The content of its file, `kubeconfig`. Errors are Code::internal.
Result<std::string> kubeconfig_in(std::string_view archive);

} // namespace ksail::talos_api

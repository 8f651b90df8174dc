// SPDX-License-Identifier: Apache-2.0
// The provider of this plugin: hands each verb of provider-1.md to its function.
#pragma once

#include "verbs.hpp"

#include <ksail/sdk/provider.hpp>

namespace ksail::docker {

class DockerProvider final : public sdk::Provider {
public:
  DockerProvider(asio::any_io_executor executor, const sdk::Host &host);
  asio::awaitable<Result<sdk::Reply>> run(sdk::Request request, sdk::Context &context) override;

private:
  Verbs verbs_;
};

} // namespace ksail::docker

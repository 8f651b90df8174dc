// SPDX-License-Identifier: Apache-2.0
#include "docker_provider.hpp"

KSAIL_PROVIDER_PLUGIN(KSAIL_PLUGIN_ID, KSAIL_PLUGIN_VERSION, ksail::docker::DockerProvider)

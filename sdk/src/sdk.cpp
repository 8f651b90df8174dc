// SPDX-License-Identifier: Apache-2.0
// Keeps the library's headers self-contained: this file includes them alone.
#include <ksail/abi.h>
#include <ksail/sdk/result.hpp>

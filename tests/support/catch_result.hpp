// SPDX-License-Identifier: Apache-2.0
// Lets assertions take a Result<T> of any T: a failed one shows its message. Included by the build into every test.
#pragma once

#include <ksail/sdk/result.hpp>

#include <catch2/catch.hpp>

namespace Catch {
template <class T> struct StringMaker<boost::system::result<T, ksail::Error>> {
  static std::string convert(const boost::system::result<T, ksail::Error> &result) {
    return result ? "success" : "failure: " + result.error().message;
  }
};
} // namespace Catch

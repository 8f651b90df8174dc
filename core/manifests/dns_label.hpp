// SPDX-License-Identifier: Apache-2.0
// What may stand between the dots of a host name: names of namespaces, Services and machines; and several of them with
// dots between: names of most other objects. Pure.
#pragma once

#include <string_view>

namespace ksail::manifests {

/// What a label is, in words for who wrote another.
inline constexpr std::string_view dns_label_rule = "at most 63 lower case letters, digits and '-'";
/// RFC 1123, in lower case as Kubernetes has it:
/// https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
bool is_dns_label(std::string_view text);

inline constexpr std::string_view dns_subdomain_rule =
    "at most 253 lower case letters, digits, '-' and '.', with a letter or digit at each end and beside each dot";
/// RFC 1123 as Kubernetes has it: its parts may be longer than 63 characters.
bool is_dns_subdomain(std::string_view text);

} // namespace ksail::manifests

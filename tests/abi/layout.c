/* SPDX-License-Identifier: Apache-2.0
 * The layout of every struct of abi.h, as released: a change here breaks plugins that exist. Members may only be added
 * at the end of a struct, with a line below; sizes of structs that get one change then, and only then. Compiled as C11
 * and as C++20. */
#include <ksail/abi.h>

#ifdef __cplusplus
#define CHECK(...) static_assert(__VA_ARGS__, #__VA_ARGS__)
#else
#define CHECK(...) _Static_assert(__VA_ARGS__, #__VA_ARGS__)
#endif
#define AT(type, member, offset) CHECK(offsetof(type, member) == offset)

#if UINTPTR_MAX == 0xffffffffffffffffu /* 64-bit */
CHECK(sizeof(ksail_str) == 16);
AT(ksail_str, data, 0);
AT(ksail_str, len, 8);

CHECK(sizeof(ksail_blob) == 32);
AT(ksail_blob, name, 0);
AT(ksail_blob, data, 16);
AT(ksail_blob, len, 24);

CHECK(sizeof(ksail_result) == 96);
AT(ksail_result, size, 0);
AT(ksail_result, code, 4);
AT(ksail_result, flags, 8);
AT(ksail_result, retry_after_ms, 12);
AT(ksail_result, message, 16);
AT(ksail_result, hint, 32);
AT(ksail_result, detail_json, 48);
AT(ksail_result, payload_json, 64);
AT(ksail_result, blobs, 80);
AT(ksail_result, blob_count, 88);

CHECK(sizeof(ksail_request) == 80);
AT(ksail_request, size, 0);
AT(ksail_request, reserved, 4);
AT(ksail_request, verb, 8);
AT(ksail_request, operation_id, 24);
AT(ksail_request, timeout_ns, 40);
AT(ksail_request, body_json, 48);
AT(ksail_request, blobs, 64);
AT(ksail_request, blob_count, 72);

CHECK(sizeof(ksail_op) == 32);
AT(ksail_op, size, 0);
AT(ksail_op, reserved, 4);
AT(ksail_op, self, 8);
AT(ksail_op, cancel, 16);
AT(ksail_op, release, 24);

CHECK(sizeof(ksail_callbacks) == 32);
AT(ksail_callbacks, size, 0);
AT(ksail_callbacks, reserved, 4);
AT(ksail_callbacks, user, 8);
AT(ksail_callbacks, done, 16);
AT(ksail_callbacks, event, 24);

CHECK(sizeof(ksail_provider_1) == 24);
AT(ksail_provider_1, size, 0);
AT(ksail_provider_1, reserved, 4);
AT(ksail_provider_1, self, 8);
AT(ksail_provider_1, start, 16);

CHECK(sizeof(ksail_entry_1) == 72);
AT(ksail_entry_1, size, 0);
AT(ksail_entry_1, abi_major, 4);
AT(ksail_entry_1, abi_minor, 8);
AT(ksail_entry_1, min_host_minor, 12);
AT(ksail_entry_1, id, 16);
AT(ksail_entry_1, version, 32);
AT(ksail_entry_1, init, 48);
AT(ksail_entry_1, query_interface, 56);
AT(ksail_entry_1, shutdown, 64);

CHECK(sizeof(ksail_host) == 24);
AT(ksail_host, size, 0);
AT(ksail_host, abi_minor, 4);
AT(ksail_host, self, 8);
AT(ksail_host, query_interface, 16);

CHECK(sizeof(ksail_host_log_1) == 32);
AT(ksail_host_log_1, size, 0);
AT(ksail_host_log_1, reserved, 4);
AT(ksail_host_log_1, self, 8);
AT(ksail_host_log_1, enabled, 16);
AT(ksail_host_log_1, write, 24);

CHECK(sizeof(ksail_host_clock_1) == 24);
AT(ksail_host_clock_1, size, 0);
AT(ksail_host_clock_1, reserved, 4);
AT(ksail_host_clock_1, self, 8);
AT(ksail_host_clock_1, now_ns, 16);

CHECK(sizeof(ksail_host_secrets_1) == 32);
AT(ksail_host_secrets_1, size, 0);
AT(ksail_host_secrets_1, reserved, 4);
AT(ksail_host_secrets_1, self, 8);
AT(ksail_host_secrets_1, get, 16);
AT(ksail_host_secrets_1, redact, 24);
#endif

CHECK(KSAIL_OK == 0 && KSAIL_CANCELLED == 1 && KSAIL_UNKNOWN == 2 && KSAIL_INVALID_ARGUMENT == 3);
CHECK(KSAIL_DEADLINE_EXCEEDED == 4 && KSAIL_NOT_FOUND == 5 && KSAIL_ALREADY_EXISTS == 6 &&
      KSAIL_PERMISSION_DENIED == 7);
CHECK(KSAIL_RESOURCE_EXHAUSTED == 8 && KSAIL_FAILED_PRECONDITION == 9 && KSAIL_ABORTED == 10 &&
      KSAIL_OUT_OF_RANGE == 11);
CHECK(KSAIL_UNIMPLEMENTED == 12 && KSAIL_INTERNAL == 13 && KSAIL_UNAVAILABLE == 14 && KSAIL_DATA_LOSS == 15);
CHECK(KSAIL_UNAUTHENTICATED == 16);
CHECK(KSAIL_RETRYABLE == 1 && KSAIL_OUTCOME_UNKNOWN == 2 && KSAIL_PARTIAL == 4);
CHECK(KSAIL_CANCEL_USER == 1 && KSAIL_CANCEL_DEADLINE == 2 && KSAIL_CANCEL_SIBLING_FAILED == 3 &&
      KSAIL_CANCEL_SHUTDOWN == 4);
CHECK(KSAIL_LOG_TRACE == 0 && KSAIL_LOG_DEBUG == 1 && KSAIL_LOG_INFO == 2 && KSAIL_LOG_WARN == 3 &&
      KSAIL_LOG_ERROR == 4);

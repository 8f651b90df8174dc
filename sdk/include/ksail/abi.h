/* SPDX-License-Identifier: Apache-2.0
 *
 * The ksail plugin ABI, major version 1 (draft: abi_minor 0).
 *
 * Valid C11 and C++20. This header is the whole contract between the ksail host and a plugin: no C++ type,
 * exception, allocator, executor or library object crosses it.
 *
 * Rules that hold everywhere below
 *  - Every struct starts with `uint32_t size`, set by its producer to sizeof(the struct) it was compiled with.
 *    Structs only ever grow at their end. A member is present iff it ends within `size` AND, for a pointer, is
 *    not NULL; KSAIL_HAS() tests it. Readers never touch what is not present.
 *  - Strings are UTF-8 {data, len}, need no terminating NUL, and are borrowed for the duration of the call that
 *    carries them. A {NULL, 0} string is the empty string.
 *  - Nobody frees the other side's memory. Objects carry their own release function.
 *  - No function lets an exception, longjmp or signal unwind through it.
 *  - Times are nanoseconds. Durations are relative, on the monotonic clock.
 *  - Thread tags: [any] callable from any thread at any time; [serial] the host never calls two of these at
 *    once on one plugin; [callback] called by the plugin, from any thread.
 */
#ifndef KSAIL_ABI_H
#define KSAIL_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define KSAIL_NOEXCEPT noexcept /* functions that cross the border throw nothing */
extern "C" {
#else
#define KSAIL_NOEXCEPT /* C has no exceptions */
#endif

#define KSAIL_ABI_MAJOR 1u /* host and plugin have the same, or the plugin is refused */
#define KSAIL_ABI_MINOR 0u /* both sides use the smaller of theirs; additions raise it */

/* The one symbol a plugin exports. */
#define KSAIL_ENTRY_SYMBOL "ksail_plugin_entry_v1"

/* Interface ids. Comparison is exact; a revision that breaks compatibility gets a new number. */
#define KSAIL_PROVIDER_1 "ksail.provider/1"
#define KSAIL_GITOPS_1 "ksail.gitops/1"
#define KSAIL_HOST_LOG_1 "ksail.host.log/1"
#define KSAIL_HOST_CLOCK_1 "ksail.host.clock/1"
#define KSAIL_HOST_SECRETS_1 "ksail.host.secrets/1"

/* True iff `member` of `*p` is inside the size its producer stated. Combine with a NULL test for pointers. */
#define KSAIL_HAS(p, type, member) \
  ((p) != NULL && (p)->size >= offsetof(type, member) + sizeof(((type *)0)->member))

/* ---- values ------------------------------------------------------------------------------------------- */

typedef struct ksail_str { /* UTF-8 text; len is in bytes */
  const char *data;
  uint64_t len;
} ksail_str;

/* A named run of bytes travelling beside a JSON text. Borrowed for the call. */
typedef struct ksail_blob {
  ksail_str name;
  const void *data;
  uint64_t len;
} ksail_blob;

/* Result codes: the canonical gRPC numbers, so that their meaning is known everywhere. */
#define KSAIL_OK 0
#define KSAIL_CANCELLED 1
#define KSAIL_UNKNOWN 2
#define KSAIL_INVALID_ARGUMENT 3
#define KSAIL_DEADLINE_EXCEEDED 4
#define KSAIL_NOT_FOUND 5
#define KSAIL_ALREADY_EXISTS 6
#define KSAIL_PERMISSION_DENIED 7
#define KSAIL_RESOURCE_EXHAUSTED 8
#define KSAIL_FAILED_PRECONDITION 9
#define KSAIL_ABORTED 10
#define KSAIL_OUT_OF_RANGE 11
#define KSAIL_UNIMPLEMENTED 12
#define KSAIL_INTERNAL 13
#define KSAIL_UNAVAILABLE 14
#define KSAIL_DATA_LOSS 15
#define KSAIL_UNAUTHENTICATED 16

/* Result flags. */
#define KSAIL_RETRYABLE (1u << 0)       /* the same request may succeed later; only the host retries */
#define KSAIL_OUTCOME_UNKNOWN (1u << 1) /* it may have taken effect: the host observes before it repeats */
#define KSAIL_PARTIAL (1u << 2)         /* some parts succeeded; detail_json says which */

/* Reasons given to ksail_op.cancel. */
#define KSAIL_CANCEL_USER 1u
#define KSAIL_CANCEL_DEADLINE 2u
#define KSAIL_CANCEL_SIBLING_FAILED 3u
#define KSAIL_CANCEL_SHUTDOWN 4u

/* How an operation ended. All pointers live only during ksail_done_fn. */
typedef struct ksail_result {
  uint32_t size;
  int32_t code;            /* KSAIL_OK ... */
  uint32_t flags;          /* KSAIL_RETRYABLE ... */
  uint32_t retry_after_ms; /* 0: the host's own backoff */
  ksail_str message;       /* what was attempted, on what, why it failed; no trailing dot, no newline */
  ksail_str hint;          /* what to do next, or empty */
  ksail_str detail_json;   /* {"errors":[{"code","message","hint"}...]} when several parallel parts failed */
  ksail_str payload_json;  /* the verb's answer */
  const ksail_blob *blobs; /* bytes that belong to the answer */
  uint64_t blob_count;
} ksail_result;

/* What is asked. Borrowed for the duration of start(): a plugin copies what it keeps. */
typedef struct ksail_request {
  uint32_t size;
  uint32_t reserved;
  ksail_str verb;         /* see docs/provider-1.md */
  ksail_str operation_id; /* repeating a mutating request with the same id must be harmless */
  uint64_t timeout_ns;    /* remaining time; 0 means none */
  ksail_str body_json;
  const ksail_blob *blobs;
  uint64_t blob_count;
} ksail_request;

/* ---- operations --------------------------------------------------------------------------------------- */

/* An operation in flight, owned by the plugin until release(). */
typedef struct ksail_op {
  uint32_t size;
  uint32_t reserved;
  void *self;
  /* [any] Advisory and idempotent; returns at once; legal before and after completion. done() still follows. */
  void (*cancel)(void *self, uint32_t reason) KSAIL_NOEXCEPT;
  /* [any] Called exactly once, after done() was called; the op is dead afterwards. May be called inside done(). */
  void (*release)(void *self) KSAIL_NOEXCEPT;
} ksail_op;

/* [callback] Called exactly once for each started operation, possibly before start() returns. */
typedef void (*ksail_done_fn)(void *user, const ksail_result *result) KSAIL_NOEXCEPT;

/* [callback] Progress and early results, any number of times before done(); never after. */
typedef void (*ksail_event_fn)(void *user, ksail_str event_json, const ksail_blob *blobs,
                               uint64_t blob_count) KSAIL_NOEXCEPT;

typedef struct ksail_callbacks { /* how one operation reports; `user` is the host's and goes into each call */
  uint32_t size;
  uint32_t reserved;
  void *user;
  ksail_done_fn done;
  ksail_event_fn event; /* may be NULL */
} ksail_callbacks;

/* ---- plugin side -------------------------------------------------------------------------------------- */

/* Interface "ksail.provider/1". */
typedef struct ksail_provider_1 {
  uint32_t size;
  uint32_t reserved;
  void *self;
  /* [serial] Starts `request` and returns at once, never blocking. NULL means the operation ended inside the
   * call: done() has then been called. The callbacks struct is copied by the plugin. */
  ksail_op *(*start)(void *self, const ksail_request *request, const ksail_callbacks *callbacks) KSAIL_NOEXCEPT;
} ksail_provider_1;

struct ksail_host;

/* The root table of a plugin, static storage duration. */
typedef struct ksail_entry_1 {
  uint32_t size;
  uint32_t abi_major;      /* KSAIL_ABI_MAJOR the plugin was built with */
  uint32_t abi_minor;      /* KSAIL_ABI_MINOR the plugin was built with */
  uint32_t min_host_minor; /* the oldest host minor it can work with */
  ksail_str id;            /* equals the manifest's "id" */
  ksail_str version;       /* equals the manifest's "version" */
  /* [serial] Once, before anything else. `host` outlives the plugin. A KSAIL_* code; not OK refuses the load. */
  int32_t (*init)(const struct ksail_host *host) KSAIL_NOEXCEPT;
  /* [serial] A table whose layout the id implies, static until shutdown(); NULL for an unknown id. */
  const void *(*query_interface)(ksail_str id) KSAIL_NOEXCEPT;
  /* [serial] Cancel what is in flight, stop every thread, close every descriptor, within grace_ns. The library
   * is never unloaded. */
  int32_t (*shutdown)(uint64_t grace_ns) KSAIL_NOEXCEPT;
} ksail_entry_1;

/* The type of the exported symbol `ksail_plugin_entry_v1`. */
typedef const ksail_entry_1 *(*ksail_plugin_entry_fn)(void)KSAIL_NOEXCEPT;

/* ---- host side ---------------------------------------------------------------------------------------- */

typedef struct ksail_host { /* given to init(); lives until the process ends */
  uint32_t size;
  uint32_t abi_minor;
  void *self;
  /* [any] A host interface by id, or NULL. */
  const void *(*query_interface)(void *self, ksail_str id) KSAIL_NOEXCEPT;
} ksail_host;

#define KSAIL_LOG_TRACE 0 /* every message of a protocol */
#define KSAIL_LOG_DEBUG 1 /* what is done and how long it took */
#define KSAIL_LOG_INFO 2  /* what a user may want to know */
#define KSAIL_LOG_WARN 3  /* odd, and went on */
#define KSAIL_LOG_ERROR 4 /* shown without --verbose; a failure of an operation is a result, not a line here */

/* Interface "ksail.host.log/1". Standard output and error belong to the host: a plugin writes neither. */
typedef struct ksail_host_log_1 {
  uint32_t size;
  uint32_t reserved;
  void *self;
  int32_t (*enabled)(void *self, int32_t level) KSAIL_NOEXCEPT; /* [any] */
  void (*write)(void *self, int32_t level, ksail_str target, ksail_str message) KSAIL_NOEXCEPT; /* [any] */
} ksail_host_log_1;

/* Interface "ksail.host.clock/1". */
typedef struct ksail_host_clock_1 {
  uint32_t size;
  uint32_t reserved;
  void *self;
  uint64_t (*now_ns)(void *self) KSAIL_NOEXCEPT; /* [any] monotonic */
} ksail_host_clock_1;

/* Interface "ksail.host.secrets/1": values that never travel in JSON, arguments or logs. */
typedef struct ksail_host_secrets_1 {
  uint32_t size;
  uint32_t reserved;
  void *self;
  /* [any] Calls `take` once with the secret's bytes when `name` is known (KSAIL_OK), else KSAIL_NOT_FOUND. The
   * host redacts the value from then on in everything it prints. */
  int32_t (*get)(void *self, ksail_str name, void (*take)(void *user, const void *data, uint64_t len) KSAIL_NOEXCEPT,
                 void *user) KSAIL_NOEXCEPT;
  /* [any] Adds bytes that the plugin obtained itself to the host's redaction set. */
  void (*redact)(void *self, ksail_str value) KSAIL_NOEXCEPT;
} ksail_host_secrets_1;

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* KSAIL_ABI_H */

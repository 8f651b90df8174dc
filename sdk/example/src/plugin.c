/* SPDX-License-Identifier: Apache-2.0
 * A complete provider plugin in C11: this file is the part every plugin has. Its nodes are records in memory. */
#include "verbs.h"

#include <ksail/abi.h>

#include <stdio.h>
#include <string.h>

#define STRING(literal) {literal, sizeof(literal) - 1}

static bool same(ksail_str a, const char *b) { return a.len == strlen(b) && memcmp(a.data, b, a.len) == 0; }

static const ksail_host *host;
static const ksail_host_log_1 *host_log;

static void log_message(int32_t level, const char *message) {
  if (host_log && host_log->enabled(host_log->self, level))
    host_log->write(host_log->self, level, borrowed(""), borrowed(message));
}

static ksail_op *start(void *self, const ksail_request *request, const ksail_callbacks *callbacks) {
  (void)self;
  if (same(request->verb, "describe")) { /* at once: done() inside start() is allowed */
    verb_describe(callbacks);
    return NULL;
  }
  void (*run)(operation *) = verb_named(request->verb);
  if (run) return operation_start(request, callbacks, run);
  char message[128];
  snprintf(message, sizeof message, "the example provider has no verb \"%.*s\"",
           (int)(request->verb.len < 64 ? request->verb.len : 64), request->verb.data);
  const outcome how = {.code = KSAIL_UNIMPLEMENTED, .message = message};
  finish(callbacks, &how);
  return NULL;
}

static const ksail_provider_1 provider = {.size = sizeof provider, .start = start};

static int32_t init(const ksail_host *given) {
  if (host) return KSAIL_FAILED_PRECONDITION;
  host = given;
  /* Present only when it ends within the size that the host states. */
  if (KSAIL_HAS(host, ksail_host, query_interface) && host->query_interface) {
    const ksail_str id = STRING(KSAIL_HOST_LOG_1);
    const ksail_host_log_1 *found = host->query_interface(host->self, id);
    if (KSAIL_HAS(found, ksail_host_log_1, write) && found->enabled && found->write) host_log = found;
  }
  log_message(KSAIL_LOG_DEBUG, "initialised");
  return KSAIL_OK;
}

static const void *query_interface(ksail_str id) { return same(id, KSAIL_PROVIDER_1) ? &provider : NULL; }

static int32_t shut_down(uint64_t grace_ns) { return operations_stop(grace_ns) ? KSAIL_OK : KSAIL_DEADLINE_EXCEEDED; }

/* KSAIL_PLUGIN_ID and KSAIL_PLUGIN_VERSION come from the manifest, by ksail_add_plugin(). */
static const ksail_entry_1 entry = {.size = sizeof entry,
                                    .abi_major = KSAIL_ABI_MAJOR,
                                    .abi_minor = KSAIL_ABI_MINOR,
                                    .min_host_minor = 0,
                                    .id = STRING(KSAIL_PLUGIN_ID),
                                    .version = STRING(KSAIL_PLUGIN_VERSION),
                                    .init = init,
                                    .query_interface = query_interface,
                                    .shutdown = shut_down};

__attribute__((visibility("default"))) const ksail_entry_1 *ksail_plugin_entry_v1(void);

const ksail_entry_1 *ksail_plugin_entry_v1(void) { return &entry; }

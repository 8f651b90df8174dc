/* SPDX-License-Identifier: Apache-2.0
 * One request in flight: a copy of what was asked, the thread that works on it, and the duties of the ABI: done exactly
 * once, cancel at any time, release by the host. */
#ifndef EXAMPLE_OPERATION_H
#define EXAMPLE_OPERATION_H

#include "json.h"

#include <ksail/abi.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

typedef struct operation {
  ksail_op op; /* what the host holds; op.self points back here */
  ksail_callbacks callbacks;
  char *verb;
  char *operation_id;
  char *body_text;
  json body;
  /* Where the work goes on; set before the thread starts. */
  void (*run)(struct operation *);
  pthread_mutex_t lock;
  pthread_cond_t woken;
  uint32_t cancelled; /* the reason, guarded by lock; 0: go on */
  atomic_int holders; /* the working thread and the host */
  struct operation *next;
} operation;

/* What an operation ends with. Strings live until operation_finish() returns. */
typedef struct outcome {
  int32_t code;
  uint32_t flags;
  const char *message;
  const char *hint;
  const text *payload;
  const ksail_blob *blobs;
  uint64_t blob_count;
} outcome;

/* Starts `run` on a thread of its own; `run` ends by calling operation_finish() once. NULL when that cannot be; done
 * has been called then. */
ksail_op *operation_start(const ksail_request *request, const ksail_callbacks *callbacks, void (*run)(operation *));
/* Waits; false at once when the host has cancelled. */
bool operation_wait(operation *o, int64_t milliseconds);
void operation_event(operation *o, const text *event);
void operation_finish(operation *o, const outcome *how);
/* The same for a request that never became an operation. */
void finish(const ksail_callbacks *callbacks, const outcome *how);

/* Cancels everything and waits for it; false when something is left after `grace_ns`. */
bool operations_stop(uint64_t grace_ns);

ksail_str borrowed(const char *s);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L
#include "operation.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Everything in flight, so that shutdown can end it. */
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t table_empty;
static pthread_once_t table_once = PTHREAD_ONCE_INIT;
static operation *in_flight;
static bool stopped;

/* Waiting on the monotonic clock, so that setting the wall clock disturbs nothing. */
static void monotonic(pthread_cond_t *c) {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(c, &attributes);
  pthread_condattr_destroy(&attributes);
}

static void make_table(void) { monotonic(&table_empty); }

static struct timespec from_now(uint64_t nanoseconds) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  t.tv_sec += (time_t)(nanoseconds / 1000000000u);
  t.tv_nsec += (long)(nanoseconds % 1000000000u);
  if (t.tv_nsec >= 1000000000L) {
    t.tv_nsec -= 1000000000L;
    ++t.tv_sec;
  }
  return t;
}

ksail_str borrowed(const char *s) {
  ksail_str v = {s, s ? strlen(s) : 0};
  return v;
}

static char *owned(ksail_str s) {
  char *c = malloc(s.len + 1);
  if (!c) return NULL;
  if (s.len) memcpy(c, s.data, s.len);
  c[s.len] = '\0';
  return c;
}

static void drop(operation *o) {
  if (atomic_fetch_sub(&o->holders, 1) != 1) return;
  pthread_mutex_destroy(&o->lock);
  pthread_cond_destroy(&o->woken);
  free(o->verb);
  free(o->operation_id);
  free(o->body_text);
  free(o);
}

static void cancel(void *self, uint32_t reason) {
  operation *o = self;
  pthread_mutex_lock(&o->lock);
  if (!o->cancelled) o->cancelled = reason;
  pthread_cond_broadcast(&o->woken);
  pthread_mutex_unlock(&o->lock);
}

static void release(void *self) { drop(self); }

void finish(const ksail_callbacks *callbacks, const outcome *how) {
  ksail_result result = {.size = sizeof result,
                         .code = how->code,
                         .flags = how->flags,
                         .message = borrowed(how->message),
                         .hint = borrowed(how->hint),
                         .payload_json = borrowed(how->payload ? how->payload->data : NULL),
                         .blobs = how->blobs,
                         .blob_count = how->blob_count};
  callbacks->done(callbacks->user, &result);
}

static void *thread_main(void *argument) {
  operation *o = argument;
  o->run(o);
  pthread_mutex_lock(&table_lock);
  for (operation **at = &in_flight; *at; at = &(*at)->next)
    if (*at == o) {
      *at = o->next;
      break;
    }
  if (!in_flight) pthread_cond_broadcast(&table_empty);
  pthread_mutex_unlock(&table_lock);
  drop(o);
  return NULL;
}

static ksail_op *give_up(operation *o, const ksail_callbacks *callbacks, int32_t code, const char *message) {
  const outcome how = {.code = code, .message = message};
  finish(callbacks, &how);
  if (o) drop(o);
  return NULL;
}

ksail_op *operation_start(const ksail_request *request, const ksail_callbacks *callbacks, void (*run)(operation *)) {
  pthread_once(&table_once, make_table);
  operation *o = calloc(1, sizeof *o);
  if (!o) return give_up(NULL, callbacks, KSAIL_RESOURCE_EXHAUSTED, "no memory for the request");
  atomic_init(&o->holders, 1);
  pthread_mutex_init(&o->lock, NULL);
  monotonic(&o->woken);
  o->op.size = sizeof o->op;
  o->op.self = o;
  o->op.cancel = cancel;
  o->op.release = release;
  o->callbacks = *callbacks;
  o->run = run;
  o->verb = owned(request->verb);
  o->operation_id = owned(request->operation_id);
  o->body_text = owned(request->body_json);
  if (!o->verb || !o->operation_id || !o->body_text)
    return give_up(o, callbacks, KSAIL_RESOURCE_EXHAUSTED, "no memory for the request");
  o->body = json_parse(o->body_text, request->body_json.len);
  if (!o->body.at) return give_up(o, callbacks, KSAIL_INVALID_ARGUMENT, "the request's body is not valid JSON");

  pthread_mutex_lock(&table_lock);
  const bool refused = stopped;
  if (!refused) {
    o->next = in_flight;
    in_flight = o;
  }
  pthread_mutex_unlock(&table_lock);
  if (refused) return give_up(o, callbacks, KSAIL_CANCELLED, "the example provider is shut down");

  atomic_fetch_add(&o->holders, 1); /* the host's */
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_t thread;
  const int problem = pthread_create(&thread, &attributes, thread_main, o);
  pthread_attr_destroy(&attributes);
  if (!problem) return &o->op;

  pthread_mutex_lock(&table_lock);
  for (operation **at = &in_flight; *at; at = &(*at)->next)
    if (*at == o) {
      *at = o->next;
      break;
    }
  pthread_mutex_unlock(&table_lock);
  drop(o); /* the thread's */
  return give_up(o, callbacks, KSAIL_RESOURCE_EXHAUSTED, "no thread for the request");
}

bool operation_wait(operation *o, int64_t milliseconds) {
  const struct timespec until = from_now(milliseconds > 0 ? (uint64_t)milliseconds * 1000000u : 0);
  pthread_mutex_lock(&o->lock);
  while (!o->cancelled && pthread_cond_timedwait(&o->woken, &o->lock, &until) == 0) {
  }
  const bool go_on = !o->cancelled;
  pthread_mutex_unlock(&o->lock);
  return go_on;
}

void operation_event(operation *o, const text *event) {
  if (o->callbacks.event && !event->failed) o->callbacks.event(o->callbacks.user, borrowed(event->data), NULL, 0);
}

void operation_finish(operation *o, const outcome *how) { finish(&o->callbacks, how); }

bool operations_stop(uint64_t grace_ns) {
  pthread_once(&table_once, make_table);
  const struct timespec until = from_now(grace_ns);
  pthread_mutex_lock(&table_lock);
  stopped = true;
  for (operation *o = in_flight; o; o = o->next)
    cancel(o, KSAIL_CANCEL_SHUTDOWN);
  while (in_flight && pthread_cond_timedwait(&table_empty, &table_lock, &until) == 0) {
  }
  const bool all_ended = !in_flight;
  pthread_mutex_unlock(&table_lock);
  return all_ended;
}

/* SPDX-License-Identifier: Apache-2.0
 * A plugin that loads well and then breaks one promise per verb. */
#include <ksail/abi.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define STRING(literal) {literal, sizeof(literal) - 1}

static ksail_str text(const char *s) {
  ksail_str v = {s, strlen(s)};
  return v;
}

static ksail_result result_of(int32_t code, const char *message, const char *payload) {
  ksail_result r;
  memset(&r, 0, sizeof r);
  r.size = sizeof r;
  r.code = code;
  r.message = text(message);
  r.payload_json = text(payload);
  return r;
}

static void answer(const ksail_callbacks *c, int32_t code, const char *message, const char *payload) {
  const ksail_result r = result_of(code, message, payload);
  c->done(c->user, &r);
}

static void say(const ksail_callbacks *c, const char *event) { c->event(c->user, text(event), NULL, 0); }

/* An operation that ends when it is cancelled, on a thread of its own. */
typedef struct waiting {
  ksail_op op;
  ksail_callbacks callbacks;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  uint32_t reason;
  int released, ended;
} waiting;

static int cancels, releases;
static pthread_mutex_t count_lock = PTHREAD_MUTEX_INITIALIZER;
static ksail_callbacks kept; /* of an operation that was left alone */

static void count(int *what) {
  pthread_mutex_lock(&count_lock);
  ++*what;
  pthread_mutex_unlock(&count_lock);
}

static void waiting_cancel(void *self, uint32_t reason) {
  waiting *w = self;
  count(&cancels);
  pthread_mutex_lock(&w->lock);
  w->reason = reason;
  pthread_cond_broadcast(&w->changed);
  pthread_mutex_unlock(&w->lock);
}

static void waiting_release(void *self) {
  waiting *w = self;
  count(&releases);
  pthread_mutex_lock(&w->lock);
  w->released = 1;
  pthread_cond_broadcast(&w->changed);
  pthread_mutex_unlock(&w->lock);
}

static void *waiting_main(void *argument) {
  waiting *w = argument;
  pthread_mutex_lock(&w->lock);
  while (!w->reason)
    pthread_cond_wait(&w->changed, &w->lock);
  const uint32_t reason = w->reason;
  pthread_mutex_unlock(&w->lock);
  const char *const names[] = {"none", "user", "deadline", "sibling", "shutdown"};
  answer(&w->callbacks, KSAIL_CANCELLED, reason < 5 ? names[reason] : "unknown", "");
  pthread_mutex_lock(&w->lock);
  while (!w->released)
    pthread_cond_wait(&w->changed, &w->lock);
  pthread_mutex_unlock(&w->lock);
  pthread_mutex_destroy(&w->lock);
  pthread_cond_destroy(&w->changed);
  free(w);
  return NULL;
}

static ksail_op *start_waiting(const ksail_callbacks *callbacks) {
  waiting *w = calloc(1, sizeof *w);
  if (!w) abort();
  w->op.size = sizeof w->op;
  w->op.self = w;
  w->op.cancel = waiting_cancel;
  w->op.release = waiting_release;
  w->callbacks = *callbacks;
  pthread_mutex_init(&w->lock, NULL);
  pthread_cond_init(&w->changed, NULL);
  pthread_t thread;
  if (pthread_create(&thread, NULL, waiting_main, w) != 0) abort();
  pthread_detach(thread);
  return &w->op;
}

/* An operation that does not care. */
static void ignore_cancel(void *self, uint32_t reason) {
  (void)self;
  (void)reason;
  count(&cancels);
}
static void ignore_release(void *self) {
  (void)self;
  count(&releases);
}
static ksail_op indifferent = {sizeof(ksail_op), 0, NULL, ignore_cancel, ignore_release};
static ksail_op crippled = {sizeof(ksail_op), 0, NULL, NULL, NULL};

static void *events_main(void *argument) {
  ksail_callbacks *c = argument;
  char event[32] = "{\"n\":00}";
  for (int i = 0; i < 100; ++i) {
    event[5] = (char)('0' + i / 10);
    event[6] = (char)('0' + i % 10);
    if (i < 10) memcpy(event, "{\"n\": 0}", 8), event[6] = (char)('0' + i);
    say(c, event);
  }
  answer(c, KSAIL_OK, "", "{\"sent\":100}");
  free(c);
  return NULL;
}

static int is(const ksail_request *rq, const char *verb) {
  return rq->verb.len == strlen(verb) && memcmp(rq->verb.data, verb, rq->verb.len) == 0;
}

static ksail_op *start(void *self, const ksail_request *rq, const ksail_callbacks *c) {
  (void)self;
  if (is(rq, "echo")) {
    ksail_result r = result_of(KSAIL_OK, "", "");
    r.payload_json = rq->body_json;
    r.blobs = rq->blobs;
    r.blob_count = rq->blob_count;
    c->done(c->user, &r);
  } else if (is(rq, "operation-id")) {
    ksail_blob id = {text("id"), rq->operation_id.data, rq->operation_id.len};
    ksail_result r = result_of(KSAIL_OK, "", "{}");
    r.blobs = &id;
    r.blob_count = 1;
    c->done(c->user, &r);
  } else if (is(rq, "timeout")) {
    answer(c, KSAIL_OK, "", rq->timeout_ns == 0 ? "{\"timeout\":\"none\"}" : "{\"timeout\":\"some\"}");
  } else if (is(rq, "twice")) {
    answer(c, KSAIL_OK, "", "{\"first\":true}");
    answer(c, KSAIL_INTERNAL, "second", "");
  } else if (is(rq, "event-after-done")) {
    say(c, "{\"when\":\"before\"}");
    answer(c, KSAIL_OK, "", "{}");
    say(c, "{\"when\":\"after\"}");
  } else if (is(rq, "neither")) {
    /* no operation and no answer */
  } else if (is(rq, "never")) {
    kept = *c;
    return &indifferent;
  } else if (is(rq, "late")) { /* answers the operation that "never" left alone */
    answer(&kept, KSAIL_OK, "", "{}");
    answer(c, KSAIL_OK, "", "{}");
  } else if (is(rq, "wait")) {
    return start_waiting(c);
  } else if (is(rq, "crippled")) {
    answer(c, KSAIL_OK, "", "{}");
    return &crippled;
  } else if (is(rq, "inline")) { /* done before start returns, and an operation all the same */
    answer(c, KSAIL_OK, "", "{\"inline\":true}");
    return &indifferent;
  } else if (is(rq, "events")) {
    ksail_callbacks *own = malloc(sizeof *own);
    if (!own) abort();
    *own = *c;
    pthread_t thread;
    if (pthread_create(&thread, NULL, events_main, own) != 0) abort();
    pthread_detach(thread);
    return &indifferent;
  } else if (is(rq, "bad-event")) {
    say(c, "{nonsense");
    answer(c, KSAIL_OK, "", "{}");
  } else if (is(rq, "bad-json")) {
    answer(c, KSAIL_OK, "", "{nonsense");
  } else if (is(rq, "not-an-object")) {
    answer(c, KSAIL_OK, "", "[1,2]");
  } else if (is(rq, "null-result")) {
    c->done(c->user, NULL);
  } else if (is(rq, "short-result")) {
    ksail_result r = result_of(KSAIL_OK, "", "");
    r.size = 4;
    c->done(c->user, &r);
  } else if (is(rq, "old-result")) { /* as a smaller, older minor would: up to message only */
    ksail_result r = result_of(KSAIL_NOT_FOUND, "from an older SDK", "{nonsense");
    r.size = offsetof(ksail_result, hint);
    c->done(c->user, &r);
  } else if (is(rq, "unknown-code")) {
    answer(c, 4711, "what is this", "");
  } else if (is(rq, "silent-failure")) {
    answer(c, KSAIL_INTERNAL, "", "");
  } else if (is(rq, "dirty-message")) {
    answer(c, KSAIL_INTERNAL, "red \x1b[31m and\nbroken \xff utf-8", "");
  } else if (is(rq, "failure")) {
    ksail_result r = result_of(KSAIL_UNAVAILABLE, "the engine does not answer", "");
    r.flags = KSAIL_RETRYABLE | KSAIL_OUTCOME_UNKNOWN;
    r.retry_after_ms = 1500;
    r.hint = text("start the engine");
    r.detail_json = text("{\"errors\":[{\"code\":6,\"message\":\"port 80 is taken\",\"hint\":\"free it\"},"
                         "{\"code\":5,\"message\":\"no image\",\"retryable\":true}, 7, {\"code\":\"x\"}]}");
    c->done(c->user, &r);
  } else if (is(rq, "partial")) {
    ksail_result r = result_of(KSAIL_UNAVAILABLE, "one of two nodes failed", "");
    r.flags = KSAIL_PARTIAL;
    c->done(c->user, &r);
  } else if (is(rq, "counts")) {
    char payload[64] = "{\"cancels\":0,\"releases\":0}";
    pthread_mutex_lock(&count_lock);
    payload[11] = (char)('0' + cancels);
    payload[24] = (char)('0' + releases);
    pthread_mutex_unlock(&count_lock);
    answer(c, KSAIL_OK, "", payload);
  } else {
    answer(c, KSAIL_UNIMPLEMENTED, "no such verb", "");
  }
  return NULL;
}

static const ksail_provider_1 provider = {sizeof(ksail_provider_1), 0, NULL, start};

static void redact_it(void *user, const void *data, uint64_t len) { (void)user, (void)data, (void)len; }

static int32_t init(const ksail_host *host) {
  const ksail_str log_id = STRING(KSAIL_HOST_LOG_1), secrets_id = STRING(KSAIL_HOST_SECRETS_1),
                  no_id = STRING("ksail.host.log/1x");
  const ksail_host_log_1 *log = host->query_interface(host->self, log_id);
  const ksail_host_secrets_1 *secrets = host->query_interface(host->self, secrets_id);
  if (!log || !secrets || host->query_interface(host->self, no_id)) return KSAIL_INTERNAL;
  log->write(log->self, 99, text("part\n"), text("hello\x1b from init"));
  secrets->redact(secrets->self, text("own-secret"));
  if (secrets->get(secrets->self, text("unknown"), redact_it, NULL) != KSAIL_NOT_FOUND) return KSAIL_INTERNAL;
  if (secrets->get(secrets->self, text("token"), redact_it, NULL) != KSAIL_OK) return KSAIL_INTERNAL;
  return KSAIL_OK;
}

static const void *query_interface(ksail_str id) {
  static const char known[] = KSAIL_PROVIDER_1;
  return id.len == sizeof known - 1 && memcmp(id.data, known, id.len) == 0 ? &provider : NULL;
}

static int32_t shut_down(uint64_t grace_ns) {
#ifdef FAKE_STUCK_SHUTDOWN
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
  pthread_mutex_lock(&lock);
  for (;;)
    pthread_cond_wait(&never, &lock);
#endif
  (void)grace_ns;
  return KSAIL_OK;
}

static const ksail_entry_1 entry = {sizeof(ksail_entry_1),
                                    KSAIL_ABI_MAJOR,
                                    KSAIL_ABI_MINOR,
                                    0,
                                    STRING(KSAIL_PLUGIN_ID),
                                    STRING(KSAIL_PLUGIN_VERSION),
                                    init,
                                    query_interface,
                                    shut_down};

__attribute__((visibility("default"))) const ksail_entry_1 *ksail_plugin_entry_v1(void);
const ksail_entry_1 *ksail_plugin_entry_v1(void) { return &entry; }

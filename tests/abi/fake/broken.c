/* SPDX-License-Identifier: Apache-2.0
 * One plugin, compiled many ways: each FAKE_… definition breaks one promise of the ABI that a host can see when
 * loading. Without any it is sound. */
#include <ksail/abi.h>

#include <string.h>

/* Not every way of compiling this uses all of it. */
#define MAYBE __attribute__((unused)) static
#define STRING(literal) {literal, sizeof(literal) - 1}

#ifndef FAKE_ID
#define FAKE_ID KSAIL_PLUGIN_ID
#endif
#ifndef FAKE_VERSION
#define FAKE_VERSION KSAIL_PLUGIN_VERSION
#endif
#ifndef FAKE_MAJOR
#define FAKE_MAJOR KSAIL_ABI_MAJOR
#endif
#ifndef FAKE_MINOR
#define FAKE_MINOR KSAIL_ABI_MINOR
#endif
#ifndef FAKE_MIN_HOST_MINOR
#define FAKE_MIN_HOST_MINOR 0
#endif
#ifndef FAKE_ENTRY_SIZE
#define FAKE_ENTRY_SIZE sizeof(ksail_entry_1)
#endif
#ifndef FAKE_PROVIDER_SIZE
#define FAKE_PROVIDER_SIZE sizeof(ksail_provider_1)
#endif
#ifndef FAKE_INIT_CODE
#define FAKE_INIT_CODE KSAIL_OK
#endif
#ifndef FAKE_START
#define FAKE_START start
#endif
#ifndef FAKE_INIT
#define FAKE_INIT init
#endif
#ifndef FAKE_SHUTDOWN
#define FAKE_SHUTDOWN shut_down
#endif

MAYBE ksail_op *start(void *self, const ksail_request *request, const ksail_callbacks *callbacks) {
  (void)self;
  (void)request;
  ksail_result result;
  memset(&result, 0, sizeof result);
  result.size = sizeof result;
  callbacks->done(callbacks->user, &result);
  return NULL;
}

MAYBE int32_t init(const ksail_host *host) {
  (void)host;
  return FAKE_INIT_CODE;
}

MAYBE int32_t shut_down(uint64_t grace_ns) {
  (void)grace_ns;
  return KSAIL_OK;
}

MAYBE ksail_provider_1 provider;

static const void *query_interface(ksail_str id) {
#ifdef FAKE_NO_INTERFACE
  (void)id;
  return NULL;
#else
  static const char known[] = KSAIL_PROVIDER_1;
  provider.size = FAKE_PROVIDER_SIZE;
  provider.start = FAKE_START;
  return id.len == sizeof known - 1 && memcmp(id.data, known, id.len) == 0 ? &provider : NULL;
#endif
}

static const ksail_entry_1 entry = {FAKE_ENTRY_SIZE,     FAKE_MAJOR,      FAKE_MINOR,
                                    FAKE_MIN_HOST_MINOR, STRING(FAKE_ID), STRING(FAKE_VERSION),
                                    FAKE_INIT,           query_interface, FAKE_SHUTDOWN};

#ifndef FAKE_NO_ENTRY
__attribute__((visibility("default"))) const ksail_entry_1 *ksail_plugin_entry_v1(void);
const ksail_entry_1 *ksail_plugin_entry_v1(void) {
#if defined(FAKE_NULL_ENTRY)
  (void)entry;
  return NULL;
#elif defined(FAKE_ODD_ENTRY)
  return (const ksail_entry_1 *)(const void *)((const char *)&entry + 1);
#elif defined(FAKE_GARBAGE_ENTRY)
  /* Looks like nothing: sizes, versions and pointers are all noise. */
  static uint64_t noise[32];
  for (unsigned i = 0; i < 32; ++i)
    noise[i] = 0x9e3779b97f4a7c15u * (i + 1);
  (void)entry;
  return (const ksail_entry_1 *)(const void *)noise;
#elif defined(FAKE_ENDLESS_ID)
  static ksail_entry_1 changed;
  changed = entry;
  changed.id.len = UINT64_MAX;
  return &changed;
#else
  return &entry;
#endif
}
#else
/* Something has to be in the library. */
const void *ksail_fake_unused(void);
const void *ksail_fake_unused(void) { return &entry; }
#endif

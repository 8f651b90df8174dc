/* SPDX-License-Identifier: Apache-2.0
 * What the verbs of docs/provider-1.md do here. */
#ifndef EXAMPLE_VERBS_H
#define EXAMPLE_VERBS_H

#include "operation.h"

/* The work for a verb, or NULL when the provider does not have it. Runs on the operation's thread. */
void (*verb_named(ksail_str verb))(operation *);
/* The answer of `describe`; no I/O, so it needs no thread. */
void verb_describe(const ksail_callbacks *callbacks);

#endif

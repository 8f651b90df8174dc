/* SPDX-License-Identifier: Apache-2.0
 * As much JSON as the example needs: values are read in place, as spans of the text; answers are appended to a buffer.
 */
#ifndef EXAMPLE_JSON_H
#define EXAMPLE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The text of one value, [at, end). `at` is NULL for "no such value". */
typedef struct json {
  const char *at;
  const char *end;
} json;

json json_parse(const char *text, size_t length); /* the whole text is one value, or none */
json json_member(json object, const char *name);
/* Walks an array: `*cursor` starts as NULL; false at the end. */
bool json_next(json array, const char **cursor, json *item);
char *json_string(json value); /* decoded, for free(); NULL when it is no string or has a NUL inside */
int64_t json_integer(json value, int64_t otherwise);

/* Text that grows; `failed` is set when memory ran out. */
typedef struct text {
  char *data;
  size_t length;
  size_t capacity;
  bool failed;
} text;

void text_add(text *t, const char *raw);
void text_add_bytes(text *t, const char *raw, size_t length);
void text_add_string(text *t, const char *value); /* quoted and escaped */
void text_free(text *t);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { depth_limit = 32 };

static const char *skip_space(const char *p, const char *end) {
  while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
    ++p;
  return p;
}

static const char *skip_quoted(const char *p, const char *end) {
  for (++p; p < end; ++p) {
    if (*p == '"') return p + 1;
    if (*p == '\\' && ++p >= end) break;
  }
  return NULL;
}

static bool word_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '+' || c == '.' || c == 'E';
}

/* The end of the value that starts at p, or NULL when it is malformed. */
static const char *skip_value(const char *p, const char *end, int depth) {
  if (p >= end || depth > depth_limit) return NULL;
  if (*p == '"') return skip_quoted(p, end);
  if (*p != '{' && *p != '[') {
    const char *start = p;
    while (p < end && word_character(*p))
      ++p;
    return p > start ? p : NULL;
  }
  const bool object = *p == '{';
  const char close = object ? '}' : ']';
  p = skip_space(p + 1, end);
  if (p < end && *p == close) return p + 1;
  while (p < end) {
    if (object) {
      if (*p != '"' || !(p = skip_quoted(p, end))) return NULL;
      p = skip_space(p, end);
      if (p >= end || *p != ':') return NULL;
      p = skip_space(p + 1, end);
    }
    if (!(p = skip_value(p, end, depth + 1))) return NULL;
    p = skip_space(p, end);
    if (p < end && *p == close) return p + 1;
    if (p >= end || *p != ',') return NULL;
    p = skip_space(p + 1, end);
  }
  return NULL;
}

json json_parse(const char *raw, size_t length) {
  json none = {NULL, NULL};
  if (!raw) return none;
  const char *end = raw + length;
  json value = {skip_space(raw, end), NULL};
  value.end = skip_value(value.at, end, 0);
  return value.end && skip_space(value.end, end) == end ? value : none;
}

json json_member(json object, const char *name) {
  json none = {NULL, NULL};
  if (!object.at || *object.at != '{') return none;
  const size_t length = strlen(name);
  const char *p = skip_space(object.at + 1, object.end);
  while (p < object.end && *p == '"') {
    const char *key_end = skip_quoted(p, object.end);
    const bool wanted = (size_t)(key_end - p) == length + 2 && memcmp(p + 1, name, length) == 0;
    p = skip_space(key_end, object.end);
    p = skip_space(p + 1, object.end); /* ':' */
    json value = {p, skip_value(p, object.end, 0)};
    if (wanted) return value;
    p = skip_space(value.end, object.end);
    if (*p == ',') p = skip_space(p + 1, object.end);
  }
  return none;
}

bool json_next(json array, const char **cursor, json *item) {
  if (!array.at || *array.at != '[') return false;
  const char *p = *cursor ? skip_space(*cursor, array.end) : skip_space(array.at + 1, array.end);
  if (*cursor && *p == ',') p = skip_space(p + 1, array.end);
  if (*p == ']') return false;
  item->at = p;
  item->end = skip_value(p, array.end, 0);
  *cursor = item->end;
  return true;
}

static int hex4(const char *p, const char *end) {
  int value = 0;
  for (int i = 0; i < 4; ++i) {
    if (p + i >= end) return -1;
    const char c = p[i];
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

static char *put_utf8(char *to, uint32_t c) {
  if (c < 0x80) {
    *to++ = (char)c;
  } else if (c < 0x800) {
    *to++ = (char)(0xc0 | (c >> 6));
    *to++ = (char)(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    *to++ = (char)(0xe0 | (c >> 12));
    *to++ = (char)(0x80 | ((c >> 6) & 0x3f));
    *to++ = (char)(0x80 | (c & 0x3f));
  } else {
    *to++ = (char)(0xf0 | (c >> 18));
    *to++ = (char)(0x80 | ((c >> 12) & 0x3f));
    *to++ = (char)(0x80 | ((c >> 6) & 0x3f));
    *to++ = (char)(0x80 | (c & 0x3f));
  }
  return to;
}

char *json_string(json value) {
  if (!value.at || *value.at != '"') return NULL;
  char *decoded = malloc((size_t)(value.end - value.at)); /* an escape never gets longer by decoding */
  if (!decoded) return NULL;
  char *to = decoded;
  const char *end = value.end - 1;
  for (const char *p = value.at + 1; p < end; ++p) {
    if (*p != '\\') {
      *to++ = *p;
      continue;
    }
    static const char from[] = "bfnrt", plain[] = "\b\f\n\r\t";
    const char *known = strchr(from, *++p);
    if (*p == 'u') {
      int unit = hex4(p + 1, end);
      p += 4;
      uint32_t point = (uint32_t)unit;
      if (unit >= 0xd800 && unit < 0xdc00 && p + 2 < end && p[1] == '\\' && p[2] == 'u') {
        const int low = hex4(p + 3, end);
        if (low >= 0xdc00 && low < 0xe000) {
          point = 0x10000 + (((uint32_t)unit - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
          p += 6;
        } else {
          unit = -1;
        }
      } else if (unit >= 0xd800 && unit < 0xe000) {
        unit = -1; /* half of a pair */
      }
      if (unit <= 0) {
        free(decoded);
        return NULL;
      }
      to = put_utf8(to, point);
    } else {
      *to++ = known ? plain[known - from] : *p;
    }
  }
  *to = '\0';
  return decoded;
}

int64_t json_integer(json value, int64_t otherwise) {
  if (!value.at || (*value.at != '-' && (*value.at < '0' || *value.at > '9'))) return otherwise;
  return strtoll(value.at, NULL, 10);
}

void text_add_bytes(text *t, const char *raw, size_t length) {
  if (t->failed) return;
  if (t->length + length + 1 > t->capacity) {
    const size_t capacity = (t->length + length + 1) * 2;
    char *grown = realloc(t->data, capacity);
    if (!grown) {
      t->failed = true;
      return;
    }
    t->data = grown;
    t->capacity = capacity;
  }
  memcpy(t->data + t->length, raw, length);
  t->length += length;
  t->data[t->length] = '\0';
}

void text_add(text *t, const char *raw) { text_add_bytes(t, raw, strlen(raw)); }

void text_add_string(text *t, const char *value) {
  text_add_bytes(t, "\"", 1);
  for (; *value; ++value) {
    const unsigned char c = (unsigned char)*value;
    char escaped[8];
    if (c == '"' || c == '\\') {
      snprintf(escaped, sizeof escaped, "\\%c", c);
      text_add(t, escaped);
    } else if (c < 0x20) {
      snprintf(escaped, sizeof escaped, "\\u%04x", c);
      text_add(t, escaped);
    } else {
      text_add_bytes(t, value, 1);
    }
  }
  text_add_bytes(t, "\"", 1);
}

void text_free(text *t) {
  free(t->data);
  *t = (text){0};
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct node {
  struct node *next;
  char *cluster, *name, *role, *image, *operation_id;
  int number;
  bool running;
} node;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static node *all;
static int made;

static char *copy(const char *s) {
  const size_t size = strlen(s ? s : "") + 1;
  char *c = malloc(size);
  if (c) memcpy(c, s ? s : "", size);
  return c;
}

static void discard(node *n) {
  free(n->cluster);
  free(n->name);
  free(n->role);
  free(n->image);
  free(n->operation_id);
  free(n);
}

static node *find(const char *cluster, const char *name) {
  for (node *n = all; n; n = n->next)
    if (strcmp(n->cluster, cluster) == 0 && strcmp(n->name, name) == 0) return n;
  return NULL;
}

enum node_outcome nodes_make(const char *cluster, const char *name, const char *role, const char *image,
                             const char *operation_id) {
  node *fresh = calloc(1, sizeof *fresh);
  if (!fresh) return node_no_memory;
  fresh->cluster = copy(cluster);
  fresh->name = copy(name);
  fresh->role = copy(role);
  fresh->image = copy(image);
  fresh->operation_id = copy(operation_id);
  fresh->running = true;
  enum node_outcome outcome = node_made;
  pthread_mutex_lock(&lock);
  const node *there = find(cluster, name);
  if (!fresh->cluster || !fresh->name || !fresh->role || !fresh->image || !fresh->operation_id) {
    outcome = node_no_memory;
  } else if (there) {
    outcome = strcmp(there->operation_id, operation_id) == 0 ? node_there_already : node_of_another_operation;
  } else {
    node **end = &all;
    while (*end)
      end = &(*end)->next;
    *end = fresh;
    fresh->number = ++made;
  }
  pthread_mutex_unlock(&lock);
  if (outcome != node_made) discard(fresh);
  return outcome;
}

static void describe(const node *n, text *out) {
  char address[64];
  snprintf(address, sizeof address, "192.0.2.%d", n->number % 254 + 1);
  text_add(out, "{\"id\":");
  text_add_string(out, n->name);
  text_add(out, ",\"name\":");
  text_add_string(out, n->name);
  text_add(out, ",\"cluster\":");
  text_add_string(out, n->cluster);
  text_add(out, ",\"role\":");
  text_add_string(out, n->role);
  text_add(out, ",\"image\":");
  text_add_string(out, n->image);
  text_add(out, n->running ? ",\"state\":\"running\"" : ",\"state\":\"exited\"");
  text_add(out, ",\"health\":\"none\",\"addresses\":{\"ipv4\":");
  text_add_string(out, n->running ? address : "");
  text_add(out, ",\"ipv6\":\"\"},\"ports\":[],\"labels\":{}}");
}

bool nodes_describe(const char *cluster, const char *name, text *out) {
  pthread_mutex_lock(&lock);
  const node *n = find(cluster, name);
  if (n) describe(n, out);
  pthread_mutex_unlock(&lock);
  return n != NULL;
}

static void list(const char *cluster, text *out, bool names_only) {
  bool first = true;
  text_add(out, "[");
  pthread_mutex_lock(&lock);
  for (const node *n = all; n; n = n->next) {
    if (cluster && strcmp(n->cluster, cluster) != 0) continue;
    if (!first) text_add(out, ",");
    first = false;
    if (names_only)
      text_add_string(out, n->name);
    else
      describe(n, out);
  }
  pthread_mutex_unlock(&lock);
  text_add(out, "]");
}

void nodes_list(const char *cluster, text *out) { list(cluster, out, false); }

void nodes_names(const char *cluster, text *out) { list(cluster, out, true); }

void nodes_set_running(const char *cluster, bool running) {
  pthread_mutex_lock(&lock);
  for (node *n = all; n; n = n->next)
    if (strcmp(n->cluster, cluster) == 0) n->running = running;
  pthread_mutex_unlock(&lock);
}

int nodes_remove(const char *cluster) {
  int removed = 0;
  pthread_mutex_lock(&lock);
  for (node **at = &all; *at;) {
    node *n = *at;
    if (strcmp(n->cluster, cluster) == 0) {
      *at = n->next;
      discard(n);
      ++removed;
    } else {
      at = &n->next;
    }
  }
  pthread_mutex_unlock(&lock);
  return removed;
}

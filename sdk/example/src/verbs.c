/* SPDX-License-Identifier: Apache-2.0 */
#include "verbs.h"

#include "nodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void succeed(operation *o, text *payload) {
  const outcome how = {.code = payload->failed ? KSAIL_RESOURCE_EXHAUSTED : KSAIL_OK,
                       .message = payload->failed ? "no memory for the answer" : NULL,
                       .payload = payload};
  operation_finish(o, &how);
  text_free(payload);
}

static void fail(operation *o, int32_t code, const char *message, const char *hint) {
  const outcome how = {.code = code, .message = message, .hint = hint};
  operation_finish(o, &how);
}

static void answer(operation *o, const char *payload) {
  text t = {0};
  text_add(&t, payload);
  succeed(o, &t);
}

/* The cluster's name, for free(); NULL after having failed the operation. */
static char *cluster_of(operation *o) {
  char *cluster = json_string(json_member(o->body, "cluster"));
  if (!cluster) fail(o, KSAIL_INVALID_ARGUMENT, "the request names no cluster", "set \"cluster\" in the request");
  return cluster;
}

void verb_describe(const ksail_callbacks *callbacks) {
  text t = {0};
  text_add(&t, "{\"provider\":\"Example\",\"capabilities\":{\"node_kind\":\"container\",\"exec\":true,\"copy\":false,"
               "\"user_data\":false,\"prefetch\":false,\"stats\":false,\"start_stop\":true,\"events\":false,"
               "\"fixed_address\":false,\"published_ports\":false}}");
  const outcome how = {.code = t.failed ? KSAIL_RESOURCE_EXHAUSTED : KSAIL_OK, .payload = &t};
  finish(callbacks, &how);
  text_free(&t);
}

static void validate(operation *o) {
  text t = {0};
  char *cluster = json_string(json_member(o->body, "cluster"));
  text_add(&t, "{\"host\":{\"engine\":\"memory\"},\"nodes\":");
  nodes_names(cluster ? cluster : "", &t);
  text_add(&t, ",\"warnings\":[\"nodes of the example provider run nothing\"]}");
  free(cluster);
  succeed(o, &t);
}

static void ensure_infrastructure(operation *o) {
  answer(
      o,
      "{\"network\":{\"name\":\"example\",\"id\":\"example\",\"subnet\":\"192.0.2.0/24\",\"gateway\":\"192.0.2.1\"}}");
}

/* One node after the other, so that there is something to cancel: each "boots" for as long as its environment variable
 * EXAMPLE_BOOT_MS says, and is reported as soon as it is up. */
static bool create_one(operation *o, const char *cluster, json template, text *nodes) {
  char *name = json_string(json_member(template, "name"));
  char *role = json_string(json_member(template, "role"));
  char *image = json_string(json_member(template, "image"));
  char *boot = json_string(json_member(json_member(template, "env"), "EXAMPLE_BOOT_MS"));
  char message[256];
  bool made = false;
  if (!name) {
    fail(o, KSAIL_INVALID_ARGUMENT, "creating nodes: a template has no name", NULL);
  } else if (!operation_wait(o, boot ? strtoll(boot, NULL, 10) : 0)) {
    snprintf(message, sizeof message, "creating node %.100s was cancelled", name);
    fail(o, KSAIL_CANCELLED, message, NULL);
  } else {
    const enum node_outcome outcome = nodes_make(cluster, name, role, image, o->operation_id);
    if (outcome == node_of_another_operation) {
      snprintf(message, sizeof message, "creating node %.100s of cluster %.100s: there is a node of that name", name,
               cluster);
      fail(o, KSAIL_ALREADY_EXISTS, message, "delete the cluster first, or choose another name");
    } else if (outcome == node_no_memory) {
      fail(o, KSAIL_RESOURCE_EXHAUSTED, "no memory for another node", NULL);
    } else {
      text event = {0};
      text_add(&event, "{\"event\":\"node\",\"state\":\"started\",\"name\":");
      text_add_string(&event, name);
      text_add(&event, ",\"node\":");
      nodes_describe(cluster, name, &event);
      text_add(&event, "}");
      operation_event(o, &event);
      text_free(&event);
      nodes_describe(cluster, name, nodes);
      made = true;
    }
  }
  free(name);
  free(role);
  free(image);
  free(boot);
  return made;
}

static void create_nodes(operation *o) {
  char *cluster = cluster_of(o);
  if (!cluster) return;
  text nodes = {0};
  text_add(&nodes, "{\"nodes\":[");
  const json templates = json_member(o->body, "nodes");
  const char *cursor = NULL;
  json template;
  bool first = true, going = true;
  while (going && json_next(templates, &cursor, &template)) {
    if (!first) text_add(&nodes, ",");
    first = false;
    going = create_one(o, cluster, template, &nodes);
  }
  text_add(&nodes, "]}");
  if (going)
    succeed(o, &nodes);
  else
    text_free(&nodes);
  free(cluster);
}

static void list_nodes(operation *o, const char *cluster) {
  text t = {0};
  text_add(&t, "{\"nodes\":");
  nodes_list(cluster, &t);
  text_add(&t, "}");
  succeed(o, &t);
}

static void observe(operation *o) {
  char *cluster = json_string(json_member(o->body, "cluster"));
  list_nodes(o, cluster);
  free(cluster);
}

static void set_running(operation *o, bool running) {
  char *cluster = cluster_of(o);
  if (!cluster) return;
  nodes_set_running(cluster, running);
  list_nodes(o, cluster);
  free(cluster);
}

static void start_nodes(operation *o) { set_running(o, true); }

static void stop_nodes(operation *o) { set_running(o, false); }

/* Nothing runs in these nodes: exec says on "stdout" what it was asked to run. */
static void exec(operation *o) {
  char *cluster = cluster_of(o);
  if (!cluster) return;
  char *name = json_string(json_member(o->body, "node"));
  text node = {0}, output = {0}, payload = {0};
  if (!name || !nodes_describe(cluster, name, &node)) {
    fail(o, KSAIL_NOT_FOUND, "exec: there is no such node", NULL);
  } else {
    const char *cursor = NULL;
    json word;
    while (json_next(json_member(o->body, "argv"), &cursor, &word)) {
      char *decoded = json_string(word);
      if (output.length) text_add(&output, " ");
      if (decoded) text_add(&output, decoded);
      free(decoded);
    }
    text_add(&output, "\n");
    text_add(&payload, "{\"exit_code\":0}");
    const ksail_blob blobs[2] = {{borrowed("stdout"), output.data, output.length}, {borrowed("stderr"), NULL, 0}};
    const bool failed = output.failed || payload.failed;
    const outcome how = {.code = failed ? KSAIL_RESOURCE_EXHAUSTED : KSAIL_OK,
                         .message = failed ? "no memory for the answer" : NULL,
                         .payload = &payload,
                         .blobs = blobs,
                         .blob_count = failed ? 0 : 2};
    operation_finish(o, &how);
  }
  text_free(&payload);
  text_free(&output);
  text_free(&node);
  free(name);
  free(cluster);
}

static void destroy(operation *o) {
  char *cluster = cluster_of(o);
  if (!cluster) return;
  char payload[96];
  snprintf(payload, sizeof payload, "{\"removed\":{\"nodes\":%d,\"volumes\":0,\"networks\":0}}", nodes_remove(cluster));
  answer(o, payload);
  free(cluster);
}

static void diagnose(operation *o) {
  answer(o, "{\"checks\":[{\"name\":\"memory\",\"status\":\"ok\",\"message\":\"nodes live in this "
            "process\",\"hint\":\"\"}]}");
}

void (*verb_named(ksail_str verb))(operation *) {
  static const struct {
    const char *name;
    void (*run)(operation *);
  } verbs[] = {{"validate", validate},
               {"ensure_infrastructure", ensure_infrastructure},
               {"create_nodes", create_nodes},
               {"observe", observe},
               {"start_nodes", start_nodes},
               {"stop_nodes", stop_nodes},
               {"exec", exec},
               {"destroy", destroy},
               {"diagnose", diagnose}};
  for (size_t i = 0; i < sizeof verbs / sizeof *verbs; ++i)
    if (strlen(verbs[i].name) == verb.len && memcmp(verbs[i].name, verb.data, verb.len) == 0) return verbs[i].run;
  return NULL;
}

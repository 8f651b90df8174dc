/* SPDX-License-Identifier: Apache-2.0
 * The machines of the example: records in memory, gone with the process. Every function may be called from any thread.
 */
#ifndef EXAMPLE_NODES_H
#define EXAMPLE_NODES_H

#include "json.h"

#include <stdbool.h>

enum node_outcome { node_made, node_there_already, node_of_another_operation, node_no_memory };

/* Makes a node that is running. Repeating it with the same operation id is harmless. */
enum node_outcome nodes_make(const char *cluster, const char *name, const char *role, const char *image,
                             const char *operation_id);
/* Appends one node as JSON; false when there is no such node. */
bool nodes_describe(const char *cluster, const char *name, text *out);
/* Appends a JSON array of the nodes of a cluster, or of all when `cluster` is NULL. */
void nodes_list(const char *cluster, text *out);
/* Appends a JSON array of the names of the nodes of a cluster. */
void nodes_names(const char *cluster, text *out);
void nodes_set_running(const char *cluster, bool running);
int nodes_remove(const char *cluster); /* how many there were */

#endif

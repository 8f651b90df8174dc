// SPDX-License-Identifier: Apache-2.0
// An OCI runtime for machines whose root lacks CAP_SYS_RESOURCE. There runc cannot grant that capability to a
// privileged container, nor lower the OOM score, nor raise limits, and fails. This program takes the three out of the
// container's specification and then becomes the real runc:
//
//   create, run   <bundle>/config.json, member "process"
//   exec          the file given by --process, which is such a member by itself
//
// It runs at every container start and every exec, hence one pass over the text and no JSON library.
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef REAL_RUNC
#define REAL_RUNC "/usr/sbin/runc"
#endif

static const char *in, *in_end;
static char *out;

static void fail(const char *what) {
    fprintf(stderr, "runc-without-sys-resource: %s\n", what);
    exit(1);
}

static void skip_space(void) {
    while (in < in_end && strchr(" \t\r\n", *in)) ++in;
}

static void expect(char c) {
    if (in >= in_end || *in != c) fail("the specification is not JSON");
    *out++ = *in++;
}

static bool next_is(char c) {
    skip_space();
    return in < in_end && *in == c;
}

static void copy_string(void) {
    expect('"');
    while (in < in_end && *in != '"') {
        if (*in == '\\' && in + 1 < in_end) *out++ = *in++;
        *out++ = *in++;
    }
    expect('"');
}

static bool equals(const char *from, const char *text) {
    size_t n = strlen(text);
    return (size_t)(out - from) == n && memcmp(from, text, n) == 0;
}

// Where in the specification a value is: only the members of the process are looked at.
enum place { ELSEWHERE, ROOT, PROCESS, CAPABILITIES };

static void copy_value(enum place place);

static void copy_object(enum place place) {
    bool first = true;
    expect('{');
    while (!next_is('}')) {
        char *mark = out; // a dropped member goes away together with the comma before it
        if (!first) *out++ = ',';
        char *key = out;
        copy_string();
        enum place inner = ELSEWHERE;
        bool drop = false;
        if (place == ROOT && equals(key, "\"process\"")) inner = PROCESS;
        if (place == PROCESS) {
            if (equals(key, "\"capabilities\"")) inner = CAPABILITIES;
            drop = equals(key, "\"oomScoreAdj\"") || equals(key, "\"rlimits\"");
        }
        if (place == CAPABILITIES) inner = CAPABILITIES;
        skip_space();
        expect(':');
        copy_value(inner);
        if (drop)
            out = mark;
        else
            first = false;
        if (next_is(',')) ++in;
    }
    expect('}');
}

static void copy_array(enum place place) {
    bool first = true;
    expect('[');
    while (!next_is(']')) {
        char *mark = out;
        if (!first) *out++ = ',';
        char *item = out;
        copy_value(ELSEWHERE);
        if (place == CAPABILITIES && equals(item, "\"CAP_SYS_RESOURCE\""))
            out = mark;
        else
            first = false;
        if (next_is(',')) ++in;
    }
    expect(']');
}

static void copy_value(enum place place) {
    skip_space();
    if (in >= in_end) fail("the specification ends early");
    if (*in == '{') {
        copy_object(place);
    } else if (*in == '[') {
        copy_array(place);
    } else if (*in == '"') {
        copy_string();
    } else { // a number, true, false or null
        const char *start = in;
        while (in < in_end && !strchr(",]} \t\r\n", *in)) *out++ = *in++;
        if (in == start) fail("the specification is not JSON");
    }
}

static void edit(const char *path, enum place place) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) return; // let runc say what is wrong
    size_t size = (size_t)st.st_size, got = 0;
    char *text = malloc(2 * size + 2);
    if (!text) fail("out of memory");
    while (got < size) {
        ssize_t n = read(fd, text + got, size - got);
        if (n <= 0) fail("cannot read the specification");
        got += (size_t)n;
    }
    close(fd);
    in = text;
    in_end = text + size;
    char *result = out = text + size; // never longer than what was read
    copy_value(place);

    // Replaced in one step, so that nobody reads half a file.
    size_t length = strlen(path);
    char *temporary = malloc(length + 5);
    if (!temporary) fail("out of memory");
    memcpy(temporary, path, length);
    memcpy(temporary + length, ".new", 5);
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, st.st_mode & 0777);
    if (fd < 0) fail("cannot write the specification");
    for (char *p = result; p < out;) {
        ssize_t n = write(fd, p, (size_t)(out - p));
        if (n <= 0) fail("cannot write the specification");
        p += n;
    }
    close(fd);
    if (rename(temporary, path) != 0) fail("cannot replace the specification");
}

// The value of an option in any of the forms `--name value`, `--name=value`, `-n value`.
static const char *option(char **args, const char *name, const char *letter) {
    size_t n = strlen(name);
    for (; *args; ++args) {
        if ((strcmp(*args, name) == 0 || strcmp(*args, letter) == 0) && args[1]) return args[1];
        if (strncmp(*args, name, n) == 0 && (*args)[n] == '=') return *args + n + 1;
    }
    return NULL;
}

int main(int argc, char **argv) {
    (void)argc;
    for (char **arg = argv + 1; *arg; ++arg) {
        if (strcmp(*arg, "create") == 0 || strcmp(*arg, "run") == 0) {
            const char *bundle = option(arg + 1, "--bundle", "-b");
            char path[4096];
            snprintf(path, sizeof path, "%s/config.json", bundle ? bundle : ".");
            edit(path, ROOT);
            break;
        }
        if (strcmp(*arg, "exec") == 0) {
            const char *process = option(arg + 1, "--process", "-p");
            if (process) edit(process, PROCESS);
            break;
        }
    }
    argv[0] = (char *)REAL_RUNC;
    execv(REAL_RUNC, argv);
    fail("cannot run " REAL_RUNC);
}

// SPDX-License-Identifier: Apache-2.0
// Hands TCP connections on to a port of this machine, and every piece of an answer some time later: a server far away.
// It takes next to no processor time of its own, so that what is measured through it is not measured against it.
//
//   latency_proxy PORT MILLISECONDS      prints "listening PORT"; ends on SIGTERM
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/// One end of a connection that is handed on. Both ends go together, when nothing is queued for them any more.
struct side {
  int fd;
  int from_server; ///< what it reads is held back
  int ended;       ///< nothing more comes from it
  int queued;      ///< pieces it read that wait for their time
  struct side *other;
};

/// What was read from a server. All wait equally long, so they are due in the order they came.
struct piece {
  struct timespec due;
  struct side *from;
  ssize_t size; ///< 0: the end
  struct piece *next;
  char bytes[];
};

static struct piece *first, **last = &first;
static int poller;
static char buffer[256 * 1024];

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void watch(int fd, void *with) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = with};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event)) die("epoll_ctl");
}

static struct side *new_side(int fd, int from_server) {
  struct side *made = calloc(1, sizeof *made);
  const int on = 1;
  if (!made) die("calloc");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  made->fd = fd;
  made->from_server = from_server;
  return made;
}

/// Blocks when the other end does not read: clients and servers of this bench always do.
static void pass_on(struct side *from, const char *bytes, ssize_t size) {
  if (size == 0) {
    shutdown(from->other->fd, SHUT_WR);
    return;
  }
  while (size > 0) {
    const ssize_t sent = send(from->other->fd, bytes, (size_t)size, MSG_NOSIGNAL);
    if (sent < 0 && errno != EINTR) return; // it has gone: its own end will be seen
    if (sent > 0) bytes += sent, size -= sent;
  }
}

static void forget_if_over(struct side *side) {
  struct side *other = side->other;
  if (!side->ended || !other->ended || side->queued || other->queued) return;
  close(side->fd);
  close(other->fd);
  free(side);
  free(other);
}

static void hold_back(struct side *from, ssize_t size, long milliseconds) {
  struct piece *made = malloc(sizeof *made + (size_t)size);
  if (!made) die("malloc");
  clock_gettime(CLOCK_MONOTONIC, &made->due);
  made->due.tv_nsec += milliseconds * 1000000;
  made->due.tv_sec += made->due.tv_nsec / 1000000000;
  made->due.tv_nsec %= 1000000000;
  made->from = from;
  made->size = size;
  made->next = NULL;
  __builtin_memcpy(made->bytes, buffer, (size_t)size);
  *last = made;
  last = &made->next;
  ++from->queued;
}

static void read_from(struct side *side, long milliseconds) {
  ssize_t size = recv(side->fd, buffer, sizeof buffer, MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) {
    size = 0;
    side->ended = 1;
    epoll_ctl(poller, EPOLL_CTL_DEL, side->fd, NULL);
  }
  if (side->from_server)
    hold_back(side, size, milliseconds);
  else
    pass_on(side, buffer, size);
  forget_if_over(side);
}

/// How long until the next piece is due; those that are go on.
static struct timespec *deliver(struct timespec *left) {
  while (first) {
    clock_gettime(CLOCK_MONOTONIC, left);
    const int64_t wait = (int64_t)(first->due.tv_sec - left->tv_sec) * 1000000000 + (first->due.tv_nsec - left->tv_nsec);
    if (wait > 0) {
      left->tv_sec = wait / 1000000000;
      left->tv_nsec = wait % 1000000000;
      return left;
    }
    struct piece *piece = first;
    first = piece->next;
    if (!first) last = &first;
    pass_on(piece->from, piece->bytes, piece->size);
    --piece->from->queued;
    forget_if_over(piece->from);
    free(piece);
  }
  return NULL;
}

int main(int count, char **arguments) {
  if (count != 3) {
    fprintf(stderr, "usage: latency_proxy PORT MILLISECONDS\n");
    return 2;
  }
  const long milliseconds = atol(arguments[2]);
  struct sockaddr_in target = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[1]))};
  target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  struct sockaddr_in mine = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof mine;
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0 || bind(listener, (struct sockaddr *)&mine, length) || listen(listener, 512) ||
      getsockname(listener, (struct sockaddr *)&mine, &length))
    die("listening");
  poller = epoll_create1(EPOLL_CLOEXEC);
  watch(listener, NULL);
  printf("listening %d\n", ntohs(mine.sin_port));
  fflush(stdout);
  for (;;) {
    struct timespec left;
    // One event at a time: the ends of a connection may go while it is handled.
    struct epoll_event event;
    const int got = epoll_pwait2(poller, &event, 1, deliver(&left), NULL);
    if (got < 0 && errno != EINTR) die("epoll_pwait2");
    if (got <= 0) continue;
    if (event.data.ptr) {
      read_from(event.data.ptr, milliseconds);
      continue;
    }
    const int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0) continue;
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server < 0 || connect(server, (struct sockaddr *)&target, sizeof target)) {
      close(client);
      if (server >= 0) close(server);
      continue;
    }
    struct side *a = new_side(client, 0), *b = new_side(server, 1);
    a->other = b;
    b->other = a;
    watch(client, a);
    watch(server, b);
  }
}

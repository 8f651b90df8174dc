// The process that keeps a pod's namespaces open: it waits, and as first process it takes in orphans.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void on_end(int signal) {
    (void)signal;
    _exit(0);
}

static void on_child(int signal) {
    (void)signal;
    while (waitpid(-1, 0, WNOHANG) > 0) {
    }
}

int main(void) {
    signal(SIGINT, on_end);
    signal(SIGTERM, on_end);
    signal(SIGCHLD, on_child);
    for (;;) pause();
}

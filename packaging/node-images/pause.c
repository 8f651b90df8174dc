// The process that keeps a pod's namespaces open: it waits, and as first process it takes in orphans. With -v it only
// says what it is: kubeadm starts it that way to see whether a cluster can run a job before it is upgraded.
#include <signal.h>
#include <string.h>
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

int main(int argc, char **argv) {
    static const char version[] = "pause (ksail)\n";
    if (argc > 1 && strcmp(argv[1], "-v") == 0) return write(1, version, sizeof version - 1) < 0;
    signal(SIGINT, on_end);
    signal(SIGTERM, on_end);
    signal(SIGCHLD, on_child);
    for (;;) pause();
}

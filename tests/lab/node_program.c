/* SPDX-License-Identifier: Apache-2.0
 * The only file of the image that the provider tests make nodes from: an init process and a few commands.
 *   init             says "node is up", ends with 0 on SIGTERM
 *   cat              copies its input to its output
 *   print OUT ERR N  writes to both streams, ends with N
 *   fill N           writes N bytes
 *   show FILE        writes a file's octal mode and contents
 *   env NAME         writes a variable
 *   hold             ends on SIGTERM only
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void copy(FILE *from) {
  char buffer[65536];
  size_t count;
  while ((count = fread(buffer, 1, sizeof buffer, from)) > 0)
    fwrite(buffer, 1, count, stdout);
}

static int wait_for_the_end(void) {
  sigset_t set;
  int signal = 0;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, NULL);
  sigwait(&set, &signal);
  return 0;
}

int main(int argc, char **argv) {
  const char *command = argc > 1 ? argv[1] : "init";
  if (strcmp(command, "init") == 0) {
    fprintf(stderr, "warming up\n");
    printf("node is up\n");
    fflush(stdout);
    return wait_for_the_end();
  }
  if (strcmp(command, "hold") == 0) return wait_for_the_end();
  if (strcmp(command, "cat") == 0) {
    copy(stdin);
    return 0;
  }
  if (strcmp(command, "print") == 0 && argc == 5) {
    fputs(argv[2], stdout);
    fputs(argv[3], stderr);
    return atoi(argv[4]);
  }
  if (strcmp(command, "fill") == 0 && argc == 3) {
    for (long left = atol(argv[2]); left > 0; --left)
      putchar('x');
    return 0;
  }
  if (strcmp(command, "show") == 0 && argc == 3) {
    struct stat info;
    FILE *file = fopen(argv[2], "r");
    if (!file || stat(argv[2], &info) != 0) return 1;
    printf("%o ", (unsigned)(info.st_mode & 07777));
    copy(file);
    fclose(file);
    return 0;
  }
  if (strcmp(command, "env") == 0 && argc == 3) {
    const char *value = getenv(argv[2]);
    printf("%s", value ? value : "");
    return 0;
  }
  return 64;
}

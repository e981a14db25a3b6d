/* Holds THREADS threads (environment, default 0) until it is told to stop; prints how many it got. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *hold(void *unused) {
  for (;;) pause();
  return unused;
}

static void stop(int signal_number) { _exit(signal_number == SIGTERM ? 0 : 1); }

int main(void) {
  const char *wanted = getenv("THREADS");
  int want = wanted ? atoi(wanted) : 0;
  pthread_attr_t small;
  signal(SIGTERM, stop);
  signal(SIGINT, stop);
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 64 * 1024);
  for (int have = 0; have < want; have++) {
    pthread_t thread;
    int error = pthread_create(&thread, &small, hold, NULL);
    if (error) {
      printf("thread %d of %d refused: %s\n", have + 1, want, strerror(error));
      fflush(stdout);
      return 1;
    }
  }
  printf("holding %d threads\n", want);
  fflush(stdout);
  for (;;) pause();
}

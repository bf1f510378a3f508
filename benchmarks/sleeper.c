/* How late this machine wakes a program that does nothing else.

       sleeper SECONDS        prints p50, p99, p99.9 and the most, in milliseconds

   It sleeps to a grid of PERIOD on CLOCK_MONOTONIC, as a schedule of 10 000 messages a second would, and notes how
   far behind the grid it is when it wakes: a measure of the machine in that minute, to hold a schedule's lateness against. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

static const int64_t PERIOD = 100000, SECOND = 1000000000; /* nanoseconds */

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * SECOND + time.tv_nsec;
}

static int by_size(const void *one, const void *other) {
  int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;
  return (a > b) - (a < b);
}

int main(int count, char **words) {
  int64_t number = (count == 2 ? atoi(words[1]) : 1) * (SECOND / PERIOD);
  int64_t *late = malloc(number * sizeof *late), due = now();
  if (number <= 0 || !late) return 1;
  prctl(PR_SET_TIMERSLACK, 1); /* a timerfd has no slack either */
  for (int64_t i = 0; i < number; i++) {
    due += PERIOD;
    struct timespec until = {due / SECOND, due % SECOND};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    late[i] = now() - due;
  }
  qsort(late, number, sizeof *late, by_size);
  printf("%.3f %.3f %.3f %.3f\n", late[number / 2] / 1e6, late[number * 99 / 100] / 1e6, late[number * 999 / 1000] / 1e6,
         late[number - 1] / 1e6);
  return 0;
}

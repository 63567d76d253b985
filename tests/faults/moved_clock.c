/* Moves the clock of a program by the seconds that are in the file CLOCK_MOVED_BY. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t which, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(which, now);
    if (failed || which != CLOCK_REALTIME) return failed;
    long by = 0;
    FILE *file = fopen(getenv("CLOCK_MOVED_BY"), "r");
    if (file) {
        if (fscanf(file, "%ld", &by) != 1) by = 0;
        fclose(file);
    }
    now->tv_sec += by;
    return 0;
}

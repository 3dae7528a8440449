// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "process.h"

#include <malloc.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int32_t argument_count;
static const char *const *arguments;

// The command has it, whose process it is; a program that the library is a part of has not, and is
// left as it is.
__attribute__((weak)) void cl_process_is_the_commands(void);

// Before main the runtime looks for its backtracer beside the executable, and aborts where /proc
// does not tell which file that is. Told a path it does not look, and told no it takes no crash
// over.
static char backtrace_setting[] = "SWIFT_BACKTRACE=enable=no,swift-backtrace=/";
static int is_told;

// By its priority it comes before the constructors of the runtime, if they are linked into the same
// file, as in what is shipped. glibc passes the words on to every constructor.
__attribute__((constructor(101))) static void remember_arguments(int count, char **words) {
  char byte;
  argument_count = count;
  arguments = (const char *const *)words;
  if (!cl_process_is_the_commands) return;
  is_told = readlink("/proc/self/exe", &byte, 1) < 0 && putenv(backtrace_setting) == 0;
}

// glibc maps 64 MiB for each further thread that allocates, to be filled if need be. Where not much
// may be mapped, that would be all there is.
__attribute__((constructor)) static void map_no_more_than_needed(void) {
  struct rlimit limit;
  if (!cl_process_is_the_commands) return;
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    mallopt(M_ARENA_MAX, 1);
}

const char *const *cl_process_arguments(int32_t *count) {
  // The runtime has a copy of its own by now, and no other program should be told.
  if (is_told) unsetenv("SWIFT_BACKTRACE");
  is_told = 0;
  *count = argument_count;
  return arguments;
}

uint32_t cl_creation_mask(void) {
  (void)unshare(CLONE_FS);  // so that no other thread notices
  mode_t mask = umask(0);
  umask(mask);
  return mask;
}

// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "missing.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

// With arguments that cannot be right: a kernel that has the call finds fault with them. Old ones
// say ENOSYS, and filters that or EPERM, which of a call that was meant could be its own.
int find_call(long number) {
  bool fails = syscall(number, -1L, NULL, NULL, 0L, 0L, 0L) < 0;
  return fails && (errno == ENOSYS || errno == EPERM) ? IS_MISSING : IS_THERE;
}

int find_proc(void) { return access("/proc/self/fd", F_OK) == 0 ? IS_THERE : IS_MISSING; }

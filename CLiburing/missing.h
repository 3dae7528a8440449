// SPDX-License-Identifier: Apache-2.0

// What the kernel lacks, or a filter forbids. Not in include/: Swift has no use for it.

#pragma once

#include <stdbool.h>

// What is known, for all threads; those that race only ask once more.
enum { IS_UNKNOWN, IS_THERE, IS_MISSING };

int find_call(long number);
int find_proc(void);

// Whether the call NUMBER cannot be had; asked once, and kept in KNOWN.
static inline bool call_is_missing(_Atomic int *known, long number) {
  int found = *known;
  if (found == IS_UNKNOWN) *known = found = find_call(number);
  return found == IS_MISSING;
}

// Whether there is /proc.
static inline bool has_proc(void) {
  static _Atomic int known;
  int found = known;
  if (found == IS_UNKNOWN) known = found = find_proc();
  return found == IS_THERE;
}

// SPDX-License-Identifier: Apache-2.0
//
// What the process was started with, and its umask: without /proc, which Swift's runtime asks, and
// which need not be there.

#pragma once

#include <stdint.h>

// The words that the process was started with, its own name first; COUNT becomes their number.
//
// To be called once, from main: it also takes back what the runtime had to be told on its way
// there.
const char *const *cl_process_arguments(int32_t *count);
// The umask, by setting it and setting it back, for which the calling thread gets one of its own
// (unshare with CLONE_FS): other threads notice nothing.
uint32_t cl_creation_mask(void);

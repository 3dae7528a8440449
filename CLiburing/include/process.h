// SPDX-License-Identifier: Apache-2.0
//
// What the process was started with. Swift's runtime asks /proc for it, which need not be there.

#pragma once

#include <stdint.h>

// The words that the process was started with, its own name first; COUNT becomes their number.
//
// To be called once, from main: it also takes back what the runtime had to be told on its way
// there.
const char *const *cl_process_arguments(int32_t *count);

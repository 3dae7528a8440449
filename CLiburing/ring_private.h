// SPDX-License-Identifier: Apache-2.0

// What ring.c and prepare.c share. Not in include/: it shows liburing's types.

#pragma once

#include <liburing.h>

#include "include/ring.h"

struct cl_ring {
  struct io_uring uring;
  // Whether IORING_OP_FADVISE takes the length in `addr`, with 64 bits.
  bool advises_64_bits;
};

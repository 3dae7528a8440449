// SPDX-License-Identifier: Apache-2.0

// What Swift sees of C: fastsync's own types over stdint. liburing.h and _GNU_SOURCE stay in the
// .c files. In a public header they would give `struct io_uring_sqe` and `fd_set` a second
// definition beside those of swift-system and Glibc, and a module that imports both does not build.

#pragma once

#include "batch.h"
#include "calls.h"
#include "digest.h"
#include "options.h"
#include "process.h"
#include "ring.h"
#include "system.h"

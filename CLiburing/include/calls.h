// SPDX-License-Identifier: Apache-2.0

// The ring's ops as plain system calls, with the results the ring would give: a count of bytes
// or 0, or a negated errno. A call that a signal interrupted is made again.

#pragma once

#include <stdbool.h>
#include <stdint.h>

/// pread, or preadv2 with RWF_DONTCACHE.
int32_t cl_call_read(int fd, void *buffer, uint32_t length, uint64_t offset, bool dont_cache);

/// pwrite, or pwritev2 with RWF_DONTCACHE.
int32_t cl_call_write(int fd, const void *buffer, uint32_t length, uint64_t offset,
                      bool dont_cache);

/// posix_fadvise.
int32_t cl_call_advise(int fd, uint64_t offset, uint64_t length, int32_t advice);

/// sync_file_range.
int32_t cl_call_sync_range(int fd, uint64_t offset, uint64_t length, uint32_t mode);

/// fallocate.
int32_t cl_call_allocate(int fd, int32_t mode, uint64_t offset, uint64_t length);

// SPDX-License-Identifier: Apache-2.0

// sync_file_range, fallocate and preadv2. Swift's Glibc module is built without it and has none.
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "dont_cache.h"
#include "include/calls.h"
#include "missing.h"

// A bound on starting again, since tmpfs begins an interrupted fallocate from the beginning and a
// timer that fires often would never let it end. The last interrupt is reported.
#define INTERRUPTS_MAX 1000

// A filter that forbids preadv2 or pwritev2 is like a kernel that does not know the flag.
static int32_t refused(_Atomic int *known, long number, bool dont_cache) {
  int error = errno;
  return dont_cache && call_is_missing(known, number) ? -EOPNOTSUPP : -error;
}

int32_t cl_call_read(int fd, void *buffer, uint32_t length, uint64_t offset, bool dont_cache) {
  struct iovec part = {buffer, length};
  static _Atomic int known;
  ssize_t result = -1;
  for (int i = 0; i < INTERRUPTS_MAX; i++) {
    result = dont_cache ? preadv2(fd, &part, 1, (off_t)offset, RWF_DONTCACHE)
                        : pread(fd, buffer, length, (off_t)offset);
    if (result >= 0 || errno != EINTR) break;
  }
  return result < 0 ? refused(&known, SYS_preadv2, dont_cache) : (int32_t)result;
}

int32_t cl_call_write(int fd, const void *buffer, uint32_t length, uint64_t offset,
                      bool dont_cache) {
  struct iovec part = {(void *)buffer, length};
  static _Atomic int known;
  ssize_t result = -1;
  for (int i = 0; i < INTERRUPTS_MAX; i++) {
    result = dont_cache ? pwritev2(fd, &part, 1, (off_t)offset, RWF_DONTCACHE)
                        : pwrite(fd, buffer, length, (off_t)offset);
    if (result >= 0 || errno != EINTR) break;
  }
  return result < 0 ? refused(&known, SYS_pwritev2, dont_cache) : (int32_t)result;
}

int32_t cl_call_advise(int fd, uint64_t offset, uint64_t length, int32_t advice) {
  int error = 0;
  for (int i = 0; i < INTERRUPTS_MAX; i++) {
    // Returns the error, and leaves errno alone.
    error = posix_fadvise(fd, (off_t)offset, (off_t)length, advice);
    if (error != EINTR) break;
  }
  return -error;
}

int32_t cl_call_sync_range(int fd, uint64_t offset, uint64_t length, uint32_t mode) {
  int result = -1;
  for (int i = 0; i < INTERRUPTS_MAX; i++) {
    result = sync_file_range(fd, (off_t)offset, (off_t)length, mode);
    if (result == 0 || errno != EINTR) break;
  }
  return result < 0 ? -errno : 0;
}

int32_t cl_call_allocate(int fd, int32_t mode, uint64_t offset, uint64_t length) {
  int result = -1;
  for (int i = 0; i < INTERRUPTS_MAX; i++) {
    // Not posix_fallocate: where the filesystem cannot, glibc writes zeros block by block.
    result = fallocate(fd, mode, (off_t)offset, (off_t)length);
    if (result == 0 || errno != EINTR) break;
  }
  return result < 0 ? -errno : 0;
}

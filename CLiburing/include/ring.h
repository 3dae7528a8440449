// SPDX-License-Identifier: Apache-2.0

// One io_uring instance. Functions return 0 or a count, or a negated errno, as liburing does.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A ring; opaque, since its members are liburing's types.
struct cl_ring;

/// What is kept of a `struct io_uring_cqe`.
struct cl_completion {
  uint64_t user_data;
  int32_t result;
};

/// Flags of a request. The IOSQE_* macros do not import into Swift (they shift by an enum), and
/// liburing.h must stay out of here, so these have their own values.
enum {
  CL_REQUEST_LINK = 1,          // IOSQE_IO_LINK
  CL_REQUEST_SKIP_SUCCESS = 2,  // IOSQE_CQE_SKIP_SUCCESS
  CL_REQUEST_DONT_CACHE = 4,    // RWF_DONTCACHE, of reads and writes
};

// ring.c

/// Sets up a ring for `depth` queued requests, on the thread that will use it.
///
/// -ENOSYS also stands for a kernel that has rings but not every op that fastsync needs.
int cl_ring_create(uint32_t depth, struct cl_ring **ring);

/// Closes a ring. Nothing may be in flight: the kernel cancels what is, but does not wait for it.
void cl_ring_close(struct cl_ring *ring);

/// Whether CL_REQUEST_SKIP_SUCCESS can be had (Linux 5.17).
bool cl_ring_skips_success(const struct cl_ring *ring);

/// How many completions the kernel keeps in the ring before it has to set some aside.
uint32_t cl_ring_completions_max(const struct cl_ring *ring);

/// How many more requests can be queued.
uint32_t cl_ring_space(const struct cl_ring *ring);

/// How many requests are queued that the kernel has not taken.
uint32_t cl_ring_queued(const struct cl_ring *ring);

/// Registers `count` buffers of `bytes_each`, one after the other from `start`.
///
/// -ENOMEM when they do not fit into RLIMIT_MEMLOCK.
int cl_ring_register_buffers(struct cl_ring *ring, void *start, size_t bytes_each, uint32_t count);

/// Submits what is queued, lets completions arrive, and waits for `wait_for` of them.
///
/// Returns how many requests the kernel took, which may be fewer than were queued; it has not
/// waited then.
int cl_ring_submit(struct cl_ring *ring, uint32_t wait_for);

/// Takes back what is queued and the kernel has not taken, and returns how many completions of
/// -ECANCELED tell of it; `completions` has room for a full queue.
///
/// Nothing is told of the rest of a chain that the kernel has begun: its first part still runs.
uint32_t cl_ring_take_back(struct cl_ring *ring, struct cl_completion *completions);

/// Cancels what waits for something to come, or for a kernel thread (io_uring_register with
/// IORING_REGISTER_SYNC_CANCEL, Linux 6.0). What a disk is at goes on.
void cl_ring_cancel(struct cl_ring *ring);

/// Waits for a completion, at most for some seconds (Linux 5.11), without submitting anything.
void cl_ring_wait(struct cl_ring *ring, int64_t seconds_max);

/// Lets completions arrive without submitting anything.
int cl_ring_get_events(struct cl_ring *ring);

/// After a submit that took only a part: whether it stopped between two linked requests.
bool cl_ring_chain_severed(const struct cl_ring *ring);

/// Moves at most `capacity` completions out of the ring, and returns how many.
uint32_t cl_ring_reap(struct cl_ring *ring, struct cl_completion *completions, uint32_t capacity);

// prepare.c: each queues one request, and returns false when there is no space for it.

/// IORING_OP_READ_FIXED, or IORING_OP_READ when `buffer_index` is negative.
bool cl_prepare_read(struct cl_ring *ring, int fd, void *buffer, uint32_t length, uint64_t offset,
                     int32_t buffer_index, uint32_t flags, uint64_t user_data);

/// IORING_OP_WRITE_FIXED, or IORING_OP_WRITE when `buffer_index` is negative.
bool cl_prepare_write(struct cl_ring *ring, int fd, const void *buffer, uint32_t length,
                      uint64_t offset, int32_t buffer_index, uint32_t flags, uint64_t user_data);

/// IORING_OP_FADVISE; `length` 0 means up to the end of the file.
///
/// A kernel without 64-bit lengths is given the first 4 GiB of a longer range.
bool cl_prepare_advise(struct cl_ring *ring, int fd, uint64_t offset, uint64_t length,
                       int32_t advice, uint32_t flags, uint64_t user_data);

/// IORING_OP_SYNC_FILE_RANGE; `length` 0 means up to the end of the file.
///
/// The op has 32 bits for the length: a range of 4 GiB or more goes up to the end of the file.
bool cl_prepare_sync_range(struct cl_ring *ring, int fd, uint64_t offset, uint64_t length,
                           uint32_t mode, uint32_t flags, uint64_t user_data);

/// IORING_OP_FALLOCATE.
bool cl_prepare_allocate(struct cl_ring *ring, int fd, int32_t mode, uint64_t offset,
                         uint64_t length, uint32_t flags, uint64_t user_data);

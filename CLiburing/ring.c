// SPDX-License-Identifier: Apache-2.0

#include <errno.h>
#include <stdlib.h>
#include <sys/uio.h>

#include "ring_private.h"

// IORING_FEAT_MIN_TIMEOUT, not in the headers of liburing 2.3. It came with Linux 6.12, soon after
// the 64-bit length of IORING_OP_FADVISE, which has no feature bit of its own.
#define FEAT_MIN_TIMEOUT (1U << 15)

// Newest first; a kernel that does not know a flag answers EINVAL.
static const unsigned setup_flags[] = {
    // Linux 6.1: completions are run by the submitting thread, when it asks for them.
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
    // Linux 6.0.
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN,
    // Linux 5.19: no interrupt of the thread for a completion.
    IORING_SETUP_COOP_TASKRUN,
    0,
};

static const int needed_ops[] = {
    IORING_OP_READ,    IORING_OP_WRITE,           IORING_OP_READ_FIXED, IORING_OP_WRITE_FIXED,
    IORING_OP_FADVISE, IORING_OP_SYNC_FILE_RANGE, IORING_OP_FALLOCATE,
};

static bool has_needed_ops(struct io_uring *uring) {
  struct io_uring_probe *probe = io_uring_get_probe_ring(uring);
  if (probe == NULL) return false;
  bool has_all = true;
  for (size_t i = 0; i < sizeof needed_ops / sizeof needed_ops[0]; i++)
    has_all = has_all && io_uring_opcode_supported(probe, needed_ops[i]);
  io_uring_free_probe(probe);
  return has_all;
}

int cl_ring_create(uint32_t depth, struct cl_ring **result) {
  struct cl_ring *ring = calloc(1, sizeof *ring);
  if (ring == NULL) return -ENOMEM;

  int error = -EINVAL;
  for (size_t i = 0; i < sizeof setup_flags / sizeof setup_flags[0] && error == -EINVAL; i++) {
    // The completion queue gets twice the depth by itself, and NODROP keeps what does not fit.
    struct io_uring_params parameters = {.flags = setup_flags[i]};
    error = io_uring_queue_init_params(depth, &ring->uring, &parameters);
  }
  if (error < 0) {
    free(ring);
    return error;
  }
  // NODROP (Linux 5.5): without it completions are lost when the ring is full.
  if (!(ring->uring.features & IORING_FEAT_NODROP) || !has_needed_ops(&ring->uring)) {
    cl_ring_close(ring);
    return -ENOSYS;
  }
  // A filter may allow the one call and forbid the other.
  error = io_uring_get_events(&ring->uring);
  if (error < 0) {
    cl_ring_close(ring);
    return error;
  }
  ring->advises_64_bits = ring->uring.features & FEAT_MIN_TIMEOUT;
  *result = ring;
  return 0;
}

void cl_ring_close(struct cl_ring *ring) {
  io_uring_queue_exit(&ring->uring);
  free(ring);
}

bool cl_ring_skips_success(const struct cl_ring *ring) {
  return ring->uring.features & IORING_FEAT_CQE_SKIP;
}

uint32_t cl_ring_completions_max(const struct cl_ring *ring) {
  return ring->uring.cq.ring_entries;
}

uint32_t cl_ring_space(const struct cl_ring *ring) {
  return io_uring_sq_space_left(&ring->uring);
}

uint32_t cl_ring_queued(const struct cl_ring *ring) {
  return io_uring_sq_ready(&ring->uring);
}

int cl_ring_register_buffers(struct cl_ring *ring, void *start, size_t bytes_each, uint32_t count) {
  struct iovec *buffers = calloc(count, sizeof *buffers);
  if (buffers == NULL) return -ENOMEM;
  for (uint32_t i = 0; i < count; i++)
    buffers[i] = (struct iovec){(char *)start + i * bytes_each, bytes_each};
  int result = io_uring_register_buffers(&ring->uring, buffers, count);
  free(buffers);
  return result;
}

int cl_ring_submit(struct cl_ring *ring, uint32_t wait_for) {
  // With DEFER_TASKRUN completions, and the successors in a chain, go on only inside of an
  // io_uring_enter with GETEVENTS. A plain submit would leave them lying.
  if (wait_for == 0) return io_uring_submit_and_get_events(&ring->uring);
  return io_uring_submit_and_wait(&ring->uring, wait_for);
}

uint32_t cl_ring_take_back(struct cl_ring *ring, struct cl_completion *completions) {
  struct io_uring_sq *queue = &ring->uring.sq;
  unsigned head = *queue->khead;
  bool is_begun = cl_ring_chain_severed(ring);
  uint32_t count = 0;
  for (unsigned i = head; i != queue->sqe_tail; i++) {
    const struct io_uring_sqe *entry = &queue->sqes[i & queue->ring_mask];
    if (!is_begun) completions[count++] = (struct cl_completion){entry->user_data, -ECANCELED};
    is_begun = is_begun && entry->flags & IOSQE_IO_LINK;
  }
  queue->sqe_head = queue->sqe_tail = *queue->ktail = head;
  return count;
}

void cl_ring_cancel(struct cl_ring *ring) {
  struct io_uring_sync_cancel_reg cancel = {
      .flags = IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL,
  };
  // The answer says nothing: requests that a disk or a kernel thread is at count as not found, or
  // as cancelled. Only their completions tell that they are done.
  io_uring_register_sync_cancel(&ring->uring, &cancel);
}

void cl_ring_wait(struct cl_ring *ring, int64_t seconds_max) {
  // liburing would submit a timeout where the kernel cannot take one with the wait.
  if (!(ring->uring.features & IORING_FEAT_EXT_ARG)) return;
  struct __kernel_timespec time = {.tv_sec = seconds_max};
  struct io_uring_cqe *entry;
  while (io_uring_wait_cqe_timeout(&ring->uring, &entry, &time) == -EINTR);
}

int cl_ring_get_events(struct cl_ring *ring) {
  return io_uring_get_events(&ring->uring);
}

bool cl_ring_chain_severed(const struct cl_ring *ring) {
  const struct io_uring_sq *queue = &ring->uring.sq;
  unsigned head = *queue->khead;
  if (head == queue->sqe_tail) return false;
  // liburing hands slots out in order, so the request before the head is the last one taken.
  return queue->sqes[(head - 1) & queue->ring_mask].flags & IOSQE_IO_LINK;
}

uint32_t cl_ring_reap(struct cl_ring *ring, struct cl_completion *completions, uint32_t capacity) {
  struct io_uring_cqe *entry;
  unsigned head;
  uint32_t count = 0;
  io_uring_for_each_cqe(&ring->uring, head, entry) {
    if (count == capacity) break;
    completions[count++] = (struct cl_completion){entry->user_data, entry->res};
  }
  // One store for the whole batch gives the places back to the kernel.
  io_uring_cq_advance(&ring->uring, count);
  return count;
}

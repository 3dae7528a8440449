// SPDX-License-Identifier: Apache-2.0

// syscall, since glibc has no wrappers for the kernel's own asynchronous I/O; sched_getcpu.
#define _GNU_SOURCE

#include <errno.h>
#include <linux/aio_abi.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dont_cache.h"
#include "include/batch.h"
#include "include/calls.h"

void cl_batch_open(struct cl_batch *batch) {
  batch->processor = sched_getcpu();
  batch->context = 0;
}

void cl_batch_close(const struct cl_batch *batch) {
  if (batch->context) syscall(SYS_io_destroy, (aio_context_t)batch->context);
}

// A context takes the kernel tens of milliseconds to end, which few writes are not worth.
enum { few = 8 };

static uint64_t context_of(struct cl_batch *batch, uint32_t count) {
  if (!batch->context && count > few) {
    aio_context_t context = 0;
    if (syscall(SYS_io_setup, (unsigned)cl_batch_max, &context) == 0) batch->context = context;
  }
  return batch->context;
}

// Takes the results of writes that were submitted; they are done already where writes are buffered.
static void reap(uint64_t context, struct cl_write *writes, uint32_t count) {
  struct io_event events[cl_batch_max];
  while (count > 0) {
    long got = syscall(SYS_io_getevents, (aio_context_t)context, 1L, (long)count, events, NULL);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    for (long i = 0; i < got; i++) writes[events[i].data].result = (int32_t)events[i].res;
    count -= (uint32_t)got;
  }
}

// Keeps the calling thread on one processor, and tells where else it may run.
static bool pin(int32_t processor, cpu_set_t *allowed) {
  cpu_set_t one;
  if (processor < 0 || processor >= CPU_SETSIZE) return false;
  if (sched_getaffinity(0, sizeof *allowed, allowed) < 0) return false;
  CPU_ZERO(&one);
  CPU_SET(processor, &one);
  return sched_setaffinity(0, sizeof one, &one) == 0;
}

void cl_batch_write(struct cl_batch *batch, struct cl_write *writes, uint32_t count) {
  struct iocb blocks[cl_batch_max], *list[cl_batch_max];
  for (uint32_t i = 0; i < count; i++) {
    writes[i].result = -EIO;
    blocks[i] = (struct iocb){
        .aio_data = i,
        .aio_lio_opcode = IOCB_CMD_PWRITE,
        .aio_fildes = (uint32_t)writes[i].fd,
        .aio_buf = (uint64_t)(uintptr_t)writes[i].start,
        .aio_nbytes = writes[i].length,
        .aio_rw_flags = writes[i].dont_cache ? RWF_DONTCACHE : 0,
    };
    list[i] = &blocks[i];
  }
  uint32_t submitted = 0;
  uint64_t context = context_of(batch, count);
  cpu_set_t allowed;
  bool is_pinned = pin(batch->processor, &allowed);
  while (context && submitted < count) {
    // It stops before the first write that it refuses.
    long taken = syscall(SYS_io_submit, (aio_context_t)context, (long)(count - submitted),
                         list + submitted);
    if (taken <= 0) break;
    submitted += (uint32_t)taken;
  }
  reap(context, writes, submitted);
  for (uint32_t i = submitted; i < count; i++) {
    struct cl_write *w = &writes[i];
    w->result = cl_call_write(w->fd, w->start, w->length, 0, w->dont_cache);
  }
  if (is_pinned) sched_setaffinity(0, sizeof allowed, &allowed);
}

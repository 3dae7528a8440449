// SPDX-License-Identifier: Apache-2.0

#include "ring_private.h"
// After liburing.h, which may have it.
#include "dont_cache.h"

// A multiple of 2 MiB just below 4 GiB, so that a shortened range keeps whole large folios.
#define ADVISE_32_BIT_MAX (UINT32_MAX - (2U << 20) + 1)

static void finish(struct io_uring_sqe *entry, uint32_t flags, uint64_t user_data) {
  unsigned bits = 0;
  if (flags & CL_REQUEST_LINK) bits |= IOSQE_IO_LINK;
  if (flags & CL_REQUEST_SKIP_SUCCESS) bits |= IOSQE_CQE_SKIP_SUCCESS;
  io_uring_sqe_set_flags(entry, bits);
  io_uring_sqe_set_data64(entry, user_data);
}

bool cl_prepare_read(struct cl_ring *ring, int fd, void *buffer, uint32_t length, uint64_t offset,
                     int32_t buffer_index, uint32_t flags, uint64_t user_data) {
  struct io_uring_sqe *entry = io_uring_get_sqe(&ring->uring);
  if (entry == NULL) return false;
  if (buffer_index >= 0)
    io_uring_prep_read_fixed(entry, fd, buffer, length, offset, buffer_index);
  else
    io_uring_prep_read(entry, fd, buffer, length, offset);
  if (flags & CL_REQUEST_DONT_CACHE) entry->rw_flags = RWF_DONTCACHE;
  finish(entry, flags, user_data);
  return true;
}

bool cl_prepare_write(struct cl_ring *ring, int fd, const void *buffer, uint32_t length,
                      uint64_t offset, int32_t buffer_index, uint32_t flags, uint64_t user_data) {
  struct io_uring_sqe *entry = io_uring_get_sqe(&ring->uring);
  if (entry == NULL) return false;
  if (buffer_index >= 0)
    io_uring_prep_write_fixed(entry, fd, buffer, length, offset, buffer_index);
  else
    io_uring_prep_write(entry, fd, buffer, length, offset);
  if (flags & CL_REQUEST_DONT_CACHE) entry->rw_flags = RWF_DONTCACHE;
  finish(entry, flags, user_data);
  return true;
}

bool cl_prepare_advise(struct cl_ring *ring, int fd, uint64_t offset, uint64_t length,
                       int32_t advice, uint32_t flags, uint64_t user_data) {
  struct io_uring_sqe *entry = io_uring_get_sqe(&ring->uring);
  if (entry == NULL) return false;
  // liburing 2.3 cuts the length to 32 bits, and 0 means up to the end of the file, so 4 GiB would
  // drop what nobody asked to be dropped. A newer kernel takes the length in `addr`; an older one
  // is asked for less, which is always right for advice. Below 4 GiB `len` is good for every one.
  bool is_long = length > UINT32_MAX;
  uint64_t short_length = is_long ? ADVISE_32_BIT_MAX : length;
  io_uring_prep_fadvise(entry, fd, offset, (off_t)short_length, advice);
  if (is_long && ring->advises_64_bits) {
    entry->addr = length;
    entry->len = 0;
  }
  finish(entry, flags, user_data);
  return true;
}

bool cl_prepare_sync_range(struct cl_ring *ring, int fd, uint64_t offset, uint64_t length,
                           uint32_t mode, uint32_t flags, uint64_t user_data) {
  struct io_uring_sqe *entry = io_uring_get_sqe(&ring->uring);
  if (entry == NULL) return false;
  // Here more is right and less is wrong: a caller who waits for a range relies on all of it.
  uint32_t short_length = length > UINT32_MAX ? 0 : (uint32_t)length;
  io_uring_prep_sync_file_range(entry, fd, short_length, offset, (int)mode);
  finish(entry, flags, user_data);
  return true;
}

bool cl_prepare_allocate(struct cl_ring *ring, int fd, int32_t mode, uint64_t offset,
                         uint64_t length, uint32_t flags, uint64_t user_data) {
  struct io_uring_sqe *entry = io_uring_get_sqe(&ring->uring);
  if (entry == NULL) return false;
  io_uring_prep_fallocate(entry, fd, mode, (off_t)offset, (off_t)length);
  finish(entry, flags, user_data);
  return true;
}

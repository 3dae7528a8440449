// SPDX-License-Identifier: Apache-2.0 What a power cut would take back: the old content of every 4
// KiB block written since the last flush.
#ifndef DISK_UNDO_H
#define DISK_UNDO_H

#include <stdint.h>

enum { undo_block_bytes = 4096 };

struct undo {
  int image;               // the file that holds the disk
  uint64_t blocks;         // of the disk
  unsigned char **before;  // per block: its content at the last flush, or NULL when not written since
  uint64_t *written;       // the blocks that have one, in the order of their first write
  uint64_t written_count;
};

struct undo_loss {
  uint64_t lost_blocks, kept_blocks;
};

// Returns 0, or -1 with errno.
int undo_open(struct undo *undo, int image, uint64_t disk_bytes);
void undo_close(struct undo *undo);

// To be called before the bytes are written. Returns 0, or -1 with errno.
int undo_remember(struct undo *undo, uint64_t offset, uint64_t bytes);

// After a flush nothing can be lost any more.
void undo_forget(struct undo *undo);

// Puts the old content of the blocks back that the cut takes: each is kept with `keep_percent`.
// Returns 0, or -1 with errno.
int undo_cut(struct undo *undo, uint64_t seed, int keep_percent, struct undo_loss *loss);

#endif

// SPDX-License-Identifier: Apache-2.0
#include "undo.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

int undo_open(struct undo *undo, int image, uint64_t disk_bytes) {
  *undo = (struct undo){.image = image, .blocks = disk_bytes / undo_block_bytes};
  undo->before = calloc(undo->blocks, sizeof *undo->before);
  undo->written = calloc(undo->blocks, sizeof *undo->written);
  if (undo->before && undo->written) return 0;
  undo_close(undo);
  errno = ENOMEM;
  return -1;
}

void undo_close(struct undo *undo) {
  if (undo->before) undo_forget(undo);
  free(undo->before);
  free(undo->written);
  *undo = (struct undo){.image = -1};
}

static int remember_block(struct undo *undo, uint64_t block) {
  if (undo->before[block]) return 0;
  unsigned char *content = malloc(undo_block_bytes);
  if (!content) return -1;
  ssize_t got = pread(undo->image, content, undo_block_bytes, (off_t)(block * undo_block_bytes));
  if (got != undo_block_bytes) {
    if (got >= 0) errno = EIO;
    free(content);
    return -1;
  }
  undo->before[block] = content;
  undo->written[undo->written_count++] = block;
  return 0;
}

int undo_remember(struct undo *undo, uint64_t offset, uint64_t bytes) {
  if (!bytes) return 0;
  uint64_t last = (offset + bytes - 1) / undo_block_bytes;
  for (uint64_t block = offset / undo_block_bytes; block <= last; block++)
    if (remember_block(undo, block)) return -1;
  return 0;
}

void undo_forget(struct undo *undo) {
  for (uint64_t i = 0; i < undo->written_count; i++) {
    free(undo->before[undo->written[i]]);
    undo->before[undo->written[i]] = NULL;
  }
  undo->written_count = 0;
}

// splitmix64: the same blocks are lost for the same seed, on every machine.
static uint64_t next_random(uint64_t *state) {
  uint64_t z = (*state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

int undo_cut(struct undo *undo, uint64_t seed, int keep_percent, struct undo_loss *loss) {
  *loss = (struct undo_loss){0};
  int failed = 0;
  for (uint64_t i = 0; i < undo->written_count; i++) {
    uint64_t block = undo->written[i];
    if ((int)(next_random(&seed) % 100) < keep_percent) {
      loss->kept_blocks++;
      continue;
    }
    loss->lost_blocks++;
    off_t offset = (off_t)(block * undo_block_bytes);
    if (pwrite(undo->image, undo->before[block], undo_block_bytes, offset) != undo_block_bytes) failed = -1;
  }
  undo_forget(undo);
  return failed;
}

// SPDX-License-Identifier: Apache-2.0

// The checksums that rsync knows, by libxxhash and libcrypto.

#pragma once

#include <stddef.h>
#include <stdint.h>

/// The kind of a checksum.
enum {
  cl_digest_xxh128,
  cl_digest_xxh3,
  cl_digest_xxh64,
  cl_digest_md5,
  cl_digest_md4,
  cl_digest_sha1,
};

/// The longest checksum, in bytes.
enum { cl_digest_bytes_max = 20 };

/// A checksum that is being computed.
struct cl_digest;

/// Begins a checksum of a kind; NULL when there is no memory.
struct cl_digest *cl_digest_open(int32_t kind);

/// Adds bytes.
void cl_digest_add(struct cl_digest *digest, const void *bytes, size_t count);

/// Ends the checksum, writes it to `value`, and returns how many bytes it has. The value of the
/// xxHash ones begins with its highest byte, as rsync and xxhsum show them.
uint32_t cl_digest_close(struct cl_digest *digest, uint8_t value[cl_digest_bytes_max]);

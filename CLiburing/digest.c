// SPDX-License-Identifier: Apache-2.0

// The calls for one kind each, which OpenSSL would have replaced by those for any: MD4 is no longer
// among them.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "include/digest.h"

#include <openssl/md4.h>
#include <openssl/md5.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <xxhash.h>

struct cl_digest {
  int32_t kind;
  union {
    XXH3_state_t *xxh3;
    XXH64_state_t *xxh64;
    MD5_CTX md5;
    MD4_CTX md4;
    SHA_CTX sha1;
  };
};

struct cl_digest *cl_digest_open(int32_t kind) {
  struct cl_digest *digest = calloc(1, sizeof *digest);
  if (!digest) return NULL;
  digest->kind = kind;
  switch (kind) {
    case cl_digest_xxh128:
      digest->xxh3 = XXH3_createState();
      if (digest->xxh3 && XXH3_128bits_reset(digest->xxh3) == XXH_OK) return digest;
      break;
    case cl_digest_xxh3:
      digest->xxh3 = XXH3_createState();
      if (digest->xxh3 && XXH3_64bits_reset(digest->xxh3) == XXH_OK) return digest;
      break;
    case cl_digest_xxh64:
      digest->xxh64 = XXH64_createState();
      if (digest->xxh64 && XXH64_reset(digest->xxh64, 0) == XXH_OK) return digest;
      break;
    case cl_digest_md5:
      if (MD5_Init(&digest->md5)) return digest;
      break;
    case cl_digest_md4:
      if (MD4_Init(&digest->md4)) return digest;
      break;
    case cl_digest_sha1:
      if (SHA1_Init(&digest->sha1)) return digest;
      break;
  }
  free(digest);
  return NULL;
}

void cl_digest_add(struct cl_digest *digest, const void *bytes, size_t count) {
  switch (digest->kind) {
    case cl_digest_xxh128: XXH3_128bits_update(digest->xxh3, bytes, count); break;
    case cl_digest_xxh3: XXH3_64bits_update(digest->xxh3, bytes, count); break;
    case cl_digest_xxh64: XXH64_update(digest->xxh64, bytes, count); break;
    case cl_digest_md5: MD5_Update(&digest->md5, bytes, count); break;
    case cl_digest_md4: MD4_Update(&digest->md4, bytes, count); break;
    case cl_digest_sha1: SHA1_Update(&digest->sha1, bytes, count); break;
  }
}

static void put(uint8_t *value, uint64_t number) {
  for (int index = 0; index < 8; ++index) value[index] = (uint8_t)(number >> (56 - 8 * index));
}

static uint32_t finish(struct cl_digest *digest, uint8_t *value) {
  switch (digest->kind) {
    case cl_digest_xxh128: {
      XXH128_hash_t sum = XXH3_128bits_digest(digest->xxh3);
      XXH3_freeState(digest->xxh3);
      put(value, sum.high64);
      put(value + 8, sum.low64);
      return 16;
    }
    case cl_digest_xxh3:
      put(value, XXH3_64bits_digest(digest->xxh3));
      XXH3_freeState(digest->xxh3);
      return 8;
    case cl_digest_xxh64:
      put(value, XXH64_digest(digest->xxh64));
      XXH64_freeState(digest->xxh64);
      return 8;
    case cl_digest_md5: MD5_Final(value, &digest->md5); return MD5_DIGEST_LENGTH;
    case cl_digest_md4: MD4_Final(value, &digest->md4); return MD4_DIGEST_LENGTH;
    case cl_digest_sha1: SHA1_Final(value, &digest->sha1); return SHA_DIGEST_LENGTH;
  }
  return 0;
}

uint32_t cl_digest_close(struct cl_digest *digest, uint8_t value[cl_digest_bytes_max]) {
  uint32_t count = finish(digest, value);
  free(digest);
  return count;
}

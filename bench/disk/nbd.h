// SPDX-License-Identifier: Apache-2.0
// The server's side of the NBD protocol: fixed newstyle handshake, simple replies, one client.
#ifndef DISK_NBD_H
#define DISK_NBD_H

#include <stddef.h>
#include <stdint.h>

enum nbd_type {
  NBD_READ = 0,
  NBD_WRITE = 1,
  NBD_DISCONNECT = 2,
  NBD_FLUSH = 3,
  NBD_TRIM = 4,
  NBD_WRITE_ZEROES = 6,
};

// The protocol's own flags.
enum {
  nbd_export_flush = 1 << 2,
  nbd_export_fua = 1 << 3,
  nbd_export_trim = 1 << 5,
  nbd_export_write_zeroes = 1 << 6,
};
enum { nbd_request_fua = 1 << 0 };

// The largest payload; what clients assume unless told otherwise.
enum { nbd_payload_max_bytes = 32 << 20 };

struct nbd_request {
  enum nbd_type type;
  int fua;
  uint64_t handle;
  uint64_t offset;
  uint32_t bytes;
};

// These return 0, or -1 when the client is gone or does not speak the protocol.
int nbd_handshake(int client, uint64_t disk_bytes, uint16_t export_flags);
int nbd_receive(int client, struct nbd_request *request, void *payload);
int nbd_reply(int client, const struct nbd_request *request, int error, const void *payload);

#endif

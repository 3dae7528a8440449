// SPDX-License-Identifier: Apache-2.0
#include "nbd.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

static const uint64_t option_reply_magic = 0x3e889045565a9u;
static const uint32_t request_magic = 0x25609513u;
static const uint32_t reply_magic = 0x67446698u;
static const uint32_t reply_ack = 1, reply_info = 3, reply_unsupported = 0x80000001u;

enum option { OPTION_EXPORT_NAME = 1, OPTION_ABORT = 2, OPTION_INFO = 6, OPTION_GO = 7 };
enum { client_no_zeroes = 1 << 1, export_has_flags = 1 << 0, option_bytes_max = 4096 };

static int read_all(int fd, void *data, size_t bytes) {
  for (char *at = data; bytes;) {
    ssize_t got = read(fd, at, bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return -1;
    at += got;
    bytes -= (size_t)got;
  }
  return 0;
}

static int write_all(int fd, const void *data, size_t bytes) {
  for (const char *at = data; bytes;) {
    ssize_t put = write(fd, at, bytes);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return -1;
    at += put;
    bytes -= (size_t)put;
  }
  return 0;
}

struct __attribute__((packed)) export_info {
  uint16_t type;
  uint64_t disk_bytes;
  uint16_t flags;
};

static int reply_option(int client, uint32_t option, uint32_t type, const void *data, uint32_t bytes) {
  struct __attribute__((packed)) {
    uint64_t magic;
    uint32_t option, type, bytes;
  } head = {htobe64(option_reply_magic), htobe32(option), htobe32(type), htobe32(bytes)};
  return write_all(client, &head, sizeof head) || (bytes && write_all(client, data, bytes)) ? -1 : 0;
}

// The oldest way to end the handshake: no reply to the option, just the export and its padding.
static int export_name(int client, struct export_info info, uint32_t client_flags) {
  static const char zeroes[124];
  if (write_all(client, &info.disk_bytes, sizeof info.disk_bytes)) return -1;
  if (write_all(client, &info.flags, sizeof info.flags)) return -1;
  return client_flags & client_no_zeroes ? 0 : write_all(client, zeroes, sizeof zeroes);
}

int nbd_handshake(int client, uint64_t disk_bytes, uint16_t export_flags) {
  struct export_info info = {0, htobe64(disk_bytes), htobe16(export_flags | export_has_flags)};
  uint16_t server_flags = htobe16(3);  // fixed newstyle, and padding may be left out
  uint32_t client_flags;
  if (write_all(client, "NBDMAGICIHAVEOPT", 16)) return -1;
  if (write_all(client, &server_flags, sizeof server_flags)) return -1;
  if (read_all(client, &client_flags, sizeof client_flags)) return -1;
  for (;;) {
    struct __attribute__((packed)) {
      uint64_t magic;
      uint32_t option, bytes;
    } head;
    char data[option_bytes_max];
    if (read_all(client, &head, sizeof head)) return -1;
    uint32_t option = be32toh(head.option), bytes = be32toh(head.bytes);
    if (bytes > sizeof data || read_all(client, data, bytes)) return -1;
    switch (option) {
    case OPTION_EXPORT_NAME:
      return export_name(client, info, be32toh(client_flags));
    case OPTION_ABORT:
      reply_option(client, option, reply_ack, NULL, 0);
      return -1;
    case OPTION_INFO:
    case OPTION_GO:
      if (reply_option(client, option, reply_info, &info, sizeof info)) return -1;
      if (reply_option(client, option, reply_ack, NULL, 0)) return -1;
      if (option == OPTION_GO) return 0;
      break;
    default:
      if (reply_option(client, option, reply_unsupported, NULL, 0)) return -1;
    }
  }
}

int nbd_receive(int client, struct nbd_request *request, void *payload) {
  struct __attribute__((packed)) {
    uint32_t magic;
    uint16_t flags, type;
    uint64_t handle, offset;
    uint32_t bytes;
  } head;
  if (read_all(client, &head, sizeof head) || be32toh(head.magic) != request_magic) return -1;
  *request = (struct nbd_request){
      .type = (enum nbd_type)be16toh(head.type),
      .fua = (be16toh(head.flags) & nbd_request_fua) != 0,
      .handle = head.handle,
      .offset = be64toh(head.offset),
      .bytes = be32toh(head.bytes),
  };
  int carries = request->type == NBD_READ || request->type == NBD_WRITE;
  if (carries && request->bytes > nbd_payload_max_bytes) return -1;
  return request->type == NBD_WRITE ? read_all(client, payload, request->bytes) : 0;
}

int nbd_reply(int client, const struct nbd_request *request, int error, const void *payload) {
  struct __attribute__((packed)) {
    uint32_t magic, error;
    uint64_t handle;
  } head = {htobe32(reply_magic), htobe32((uint32_t)error), request->handle};
  if (write_all(client, &head, sizeof head)) return -1;
  return request->type == NBD_READ && !error ? write_all(client, payload, request->bytes) : 0;
}

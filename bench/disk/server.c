// SPDX-License-Identifier: Apache-2.0 disk-server SOCKET IMAGE SETTINGS COUNTERS [FAULTS]: one
// simulated disk as an NBD server. Serves one client and ends with it; ends as well when nobody
// comes, so that it is never left behind.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "disk.h"

enum { client_wait_ms = 20000, turn_ms = 50 };

static int listen_at(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1) == 0) return fd;
  close(fd);
  return -1;
}

static int accept_one(int listener) {
  struct pollfd ready = {.fd = listener, .events = POLLIN};
  if (poll(&ready, 1, client_wait_ms) != 1) return -1;
  return accept(listener, NULL, NULL);
}

static void serve(struct disk *disk, int client, void *payload) {
  for (;;) {
    struct pollfd ready = {.fd = client, .events = POLLIN};
    struct nbd_request request;
    int events = poll(&ready, 1, turn_ms);
    if (events < 0 && errno != EINTR) return;
    disk_turn(disk);
    if (events <= 0) continue;
    if (nbd_receive(client, &request, payload) || request.type == NBD_DISCONNECT) return;
    int error = disk_serve(disk, &request, payload);
    if (nbd_reply(client, &request, error, payload)) return;
  }
}

int main(int argc, char **argv) {
  struct disk disk;
  if (argc < 5 || argc > 6) {
    fprintf(stderr, "usage: disk-server SOCKET IMAGE SETTINGS COUNTERS [FAULTS]\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  if (disk_open(&disk, argv[2], argv[3], argc == 6 ? argv[5] : NULL, argv[4])) return 1;
  void *payload = aligned_alloc(4096, nbd_payload_max_bytes);
  int listener = listen_at(argv[1]);
  if (!payload || listener < 0) {
    perror(argv[1]);
    return 1;
  }
  int client = accept_one(listener);
  unlink(argv[1]);
  if (client < 0) {
    fprintf(stderr, "disk-server: no client came within %d ms\n", client_wait_ms);
    return 1;
  }
  // nbdfuse's own way of writing zeroes writes them all to the start of the range.
  int flags = nbd_export_flush | nbd_export_fua | nbd_export_write_zeroes;
  if (disk.model->settings.smr_band_mb) flags |= nbd_export_trim;
  if (nbd_handshake(client, disk.bytes, (uint16_t)flags) == 0) serve(&disk, client, payload);
  disk_write_counters(&disk);
  return 0;
}

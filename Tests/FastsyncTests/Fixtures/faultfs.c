// SPDX-License-Identifier: Apache-2.0
//
// A filesystem with faults: faultfs BACKING MOUNTPOINT [FAULT]...
//
// Shows the directory BACKING at MOUNTPOINT (FUSE, by the kernel's protocol), and returns when it
// is mounted; a child, whose number is printed, serves it until it is unmounted or killed. Faults:
//   fold                      names that differ only in case are one name
//   nolink                    there are no hard links
//   eio=NAME:OFFSET:LENGTH    reads of these bytes of files called NAME fail
//   flush=N, fsync=N, write=N these calls fail with errno N for files with "bad" in their names

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

enum { node_max = 1 << 16, write_bytes = 1 << 17, bad_max = 64 };

static char *nodes[node_max]; // paths below BACKING, by number
static uint64_t node_count = 2;
static int device, is_folding, has_no_links, bad_count;
static struct {
  const char *name;
  uint64_t start, end;
} bad[bad_max];
static int flush_error, fsync_error, write_error;
static char data[write_bytes + 4096];

static void reply(uint64_t unique, int error, const void *body, size_t bytes) {
  struct fuse_out_header header = {sizeof header + (error ? 0 : bytes), -error, unique};
  struct iovec parts[] = {{&header, sizeof header}, {(void *)body, bytes}};
  if (writev(device, parts, error ? 1 : 2) < 0 && errno != ENOENT) _exit(1);
}

// The path of a name, as what is there has it.
static void join(char *path, uint64_t parent, const char *name) {
  snprintf(path, PATH_MAX, "%s/%s", nodes[parent], name);
  if (!is_folding || access(path, F_OK) == 0) return;
  DIR *listing = opendir(nodes[parent]);
  struct dirent *entry;
  while (listing && (entry = readdir(listing)))
    if (strcasecmp(entry->d_name, name) == 0)
      snprintf(path, PATH_MAX, "%s/%s", nodes[parent], entry->d_name);
  if (listing) closedir(listing);
}

static uint64_t node_of(const char *path) {
  for (uint64_t node = 1; node < node_count; node++)
    if (nodes[node] && strcmp(nodes[node], path) == 0) return node;
  if (node_count == node_max) _exit(2);
  nodes[node_count] = strdup(path);
  return node_count++;
}

static void attributes(struct fuse_attr *attr, const struct stat *status) {
  *attr = (struct fuse_attr){
      .ino = status->st_ino, .size = status->st_size, .blocks = status->st_blocks,
      .atime = status->st_atim.tv_sec, .mtime = status->st_mtim.tv_sec,
      .ctime = status->st_ctim.tv_sec, .atimensec = status->st_atim.tv_nsec,
      .mtimensec = status->st_mtim.tv_nsec, .ctimensec = status->st_ctim.tv_nsec,
      .mode = status->st_mode, .nlink = status->st_nlink, .uid = status->st_uid,
      .gid = status->st_gid, .rdev = status->st_rdev, .blksize = status->st_blksize};
}

static int entry_of(const char *path, struct fuse_entry_out *entry) {
  struct stat status;
  if (lstat(path, &status) < 0) return errno;
  *entry = (struct fuse_entry_out){.nodeid = node_of(path)};
  attributes(&entry->attr, &status);
  return 0;
}

static void reply_entry(uint64_t unique, const char *path, int failed) {
  struct fuse_entry_out entry;
  int error = failed ? errno : entry_of(path, &entry);
  reply(unique, error, &entry, sizeof entry);
}

static void reply_attributes(uint64_t unique, uint64_t node) {
  struct stat status;
  struct fuse_attr_out out = {0};
  int error = lstat(nodes[node], &status) < 0 ? errno : 0;
  attributes(&out.attr, &status);
  reply(unique, error, &out, sizeof out);
}

static int set(const char *path, const struct fuse_setattr_in *in) {
  struct timespec times[] = {
      {in->atime, in->valid & FATTR_ATIME_NOW ? UTIME_NOW
                  : in->valid & FATTR_ATIME   ? in->atimensec : UTIME_OMIT},
      {in->mtime, in->valid & FATTR_MTIME_NOW ? UTIME_NOW
                  : in->valid & FATTR_MTIME   ? in->mtimensec : UTIME_OMIT}};
  uid_t owner = in->valid & FATTR_UID ? in->uid : (uid_t)-1;
  gid_t group = in->valid & FATTR_GID ? in->gid : (gid_t)-1;
  if (in->valid & FATTR_SIZE && truncate(path, in->size) < 0) return -1;
  if (in->valid & (FATTR_UID | FATTR_GID) && lchown(path, owner, group) < 0) return -1;
  if (in->valid & FATTR_MODE && chmod(path, in->mode & 07777) < 0) return -1;
  if (in->valid & (FATTR_ATIME | FATTR_MTIME))
    return utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW);
  return 0;
}

static void read_file(uint64_t unique, uint64_t node, const struct fuse_read_in *in) {
  const char *slash = strrchr(nodes[node], '/');
  for (int index = 0; index < bad_count; index++)
    if (strcmp(slash + 1, bad[index].name) == 0 && in->offset < bad[index].end &&
        in->offset + in->size > bad[index].start)
      return reply(unique, EIO, 0, 0);
  ssize_t count = pread((int)in->fh, data, in->size, in->offset);
  reply(unique, count < 0 ? errno : 0, data, count < 0 ? 0 : count);
}

static void read_directory(uint64_t unique, const struct fuse_read_in *in) {
  DIR *listing = (DIR *)(uintptr_t)in->fh;
  size_t used = 0;
  struct dirent *found;
  seekdir(listing, in->offset);
  while ((found = readdir(listing))) {
    size_t length = strlen(found->d_name);
    struct fuse_dirent entry = {found->d_ino, telldir(listing), length, found->d_type};
    if (used + FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + length) > in->size) break;
    memset(data + used, 0, FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + length));
    memcpy(data + used, &entry, FUSE_NAME_OFFSET);
    memcpy(data + used + FUSE_NAME_OFFSET, found->d_name, length);
    used += FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + length);
  }
  reply(unique, 0, data, used);
}

static void move(uint64_t unique, uint64_t from, uint64_t to, const char *name) {
  char old[PATH_MAX], new[PATH_MAX];
  join(old, from, name);
  join(new, to, name + strlen(name) + 1);
  int error = rename(old, new) < 0 ? errno : 0;
  for (uint64_t node = 1; !error && node < node_count; node++) {
    if (nodes[node] && strcmp(nodes[node], new) == 0) nodes[node] = strdup("/nonexistent/gone");
    if (nodes[node] && strcmp(nodes[node], old) == 0) nodes[node] = strdup(new);
  }
  reply(unique, error, 0, 0);
}

static void create(uint64_t unique, uint64_t parent, const struct fuse_create_in *in) {
  struct {
    struct fuse_entry_out entry;
    struct fuse_open_out open;
  } out = {0};
  char path[PATH_MAX];
  join(path, parent, (const char *)(in + 1));
  int file = open(path, (in->flags & ~O_NOFOLLOW) | O_CREAT, in->mode);
  int error = file < 0 ? errno : entry_of(path, &out.entry);
  out.open.fh = file;
  reply(unique, error, &out, sizeof out);
}

static void open_node(const struct fuse_in_header *header, uint32_t flags) {
  struct fuse_open_out out = {0};
  int is_directory = header->opcode == FUSE_OPENDIR;
  DIR *listing = is_directory ? opendir(nodes[header->nodeid]) : 0;
  int file = is_directory ? 0 : open(nodes[header->nodeid], flags & ~O_CREAT);
  int error = (is_directory ? !listing : file < 0) ? errno : 0;
  out.fh = is_directory ? (uintptr_t)listing : (uint64_t)file;
  reply(header->unique, error, &out, sizeof out);
}

static void start(uint64_t unique) {
  struct fuse_init_out out = {.major = FUSE_KERNEL_VERSION, .minor = 31};
  out.max_readahead = write_bytes;
  out.flags = FUSE_BIG_WRITES | FUSE_ASYNC_READ;
  out.max_background = 16;
  out.max_write = write_bytes;
  out.time_gran = 1;
  reply(unique, 0, &out, sizeof out);
}

static int refusal(uint64_t node, int error) {
  const char *name = nodes[node] ? strrchr(nodes[node], '/') : 0;
  return name && strstr(name, "bad") ? error : 0;
}

static void serve(const struct fuse_in_header *header, const void *body) {
  uint64_t unique = header->unique, node = header->nodeid;
  char path[PATH_MAX], target[PATH_MAX] = {0};
  struct fuse_statfs_out space = {{.bsize = 4096, .frsize = 4096, .blocks = 1 << 20,
      .bfree = 1 << 20, .bavail = 1 << 20, .files = 1 << 20, .ffree = 1 << 20, .namelen = 255}};
  struct fuse_write_out written = {0};
  const struct fuse_write_in *write = body;
  const struct fuse_link_in *link_in = body;
  switch (header->opcode) {
  case FUSE_INIT: return start(unique);
  case FUSE_LOOKUP: return join(path, node, body), reply_entry(unique, path, 0);
  case FUSE_FORGET: case FUSE_BATCH_FORGET: case FUSE_INTERRUPT: return;
  case FUSE_GETATTR: return reply_attributes(unique, node);
  case FUSE_SETATTR:
    if (set(nodes[node], body) < 0) return reply(unique, errno, 0, 0);
    return reply_attributes(unique, node);
  case FUSE_READLINK:
    if (readlink(nodes[node], target, sizeof target - 1) < 0) return reply(unique, errno, 0, 0);
    return reply(unique, 0, target, strlen(target));
  case FUSE_MKDIR:
    join(path, node, (const char *)body + sizeof(struct fuse_mkdir_in));
    return reply_entry(unique, path, mkdir(path, ((struct fuse_mkdir_in *)body)->mode) < 0);
  case FUSE_SYMLINK:
    join(path, node, body);
    return reply_entry(unique, path, symlink((char *)body + strlen(body) + 1, path) < 0);
  case FUSE_LINK:
    if (has_no_links) return reply(unique, EPERM, 0, 0);
    join(path, node, (const char *)(link_in + 1));
    return reply_entry(unique, path, link(nodes[link_in->oldnodeid], path) < 0);
  case FUSE_UNLINK: case FUSE_RMDIR:
    join(path, node, body);
    return reply(unique, remove(path) < 0 ? errno : 0, 0, 0);
  case FUSE_RENAME:
    return move(unique, node, ((struct fuse_rename_in *)body)->newdir,
                (const char *)body + sizeof(struct fuse_rename_in));
  case FUSE_RENAME2:
    if (((struct fuse_rename2_in *)body)->flags) return reply(unique, EINVAL, 0, 0);
    return move(unique, node, ((struct fuse_rename2_in *)body)->newdir,
                (const char *)body + sizeof(struct fuse_rename2_in));
  case FUSE_OPEN: case FUSE_OPENDIR:
    return open_node(header, ((struct fuse_open_in *)body)->flags);
  case FUSE_CREATE: return create(unique, node, body);
  case FUSE_READ: return read_file(unique, node, body);
  case FUSE_READDIR: return read_directory(unique, body);
  case FUSE_WRITE:
    if (refusal(node, write_error)) return reply(unique, write_error, 0, 0);
    written.size = pwrite((int)write->fh, write + 1, write->size, write->offset);
    return reply(unique, (int)written.size < 0 ? errno : 0, &written, sizeof written);
  case FUSE_RELEASE:
    close((int)((struct fuse_release_in *)body)->fh);
    return reply(unique, 0, 0, 0);
  case FUSE_RELEASEDIR:
    closedir((DIR *)(uintptr_t)((struct fuse_release_in *)body)->fh);
    return reply(unique, 0, 0, 0);
  case FUSE_FSYNC: return reply(unique, refusal(node, fsync_error), 0, 0);
  case FUSE_FLUSH: return reply(unique, refusal(node, flush_error), 0, 0);
  case FUSE_FSYNCDIR: return reply(unique, 0, 0, 0);
  case FUSE_STATFS: return reply(unique, 0, &space, sizeof space);
  default: return reply(unique, ENOSYS, 0, 0);
  }
}

static void read_fault(char *word) {
  if (strcmp(word, "fold") == 0) is_folding = 1;
  if (strcmp(word, "nolink") == 0) has_no_links = 1;
  if (strncmp(word, "flush=", 6) == 0) flush_error = atoi(word + 6);
  if (strncmp(word, "fsync=", 6) == 0) fsync_error = atoi(word + 6);
  if (strncmp(word, "write=", 6) == 0) write_error = atoi(word + 6);
  if (strncmp(word, "eio=", 4) != 0 || bad_count == bad_max) return;
  bad[bad_count].name = strtok(word + 4, ":");
  bad[bad_count].start = strtoull(strtok(0, ":"), 0, 10);
  bad[bad_count].end = bad[bad_count].start + strtoull(strtok(0, ":"), 0, 10);
  bad_count++;
}

int main(int count, char **words) {
  static char request[write_bytes + 65536] __attribute__((aligned(8)));
  char options[128];
  for (int index = 3; index < count; index++) read_fault(words[index]);
  nodes[FUSE_ROOT_ID] = words[1];
  umask(0);
  device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  snprintf(options, sizeof options,
           "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions", device);
  if (device < 0 || mount("faultfs", words[2], "fuse", MS_NOSUID | MS_NODEV, options) < 0) {
    perror("faultfs");
    return 1;
  }
  pid_t server = fork();
  if (server > 0) return printf("%d\n", server) < 0;
  setsid();
  for (int descriptor = 0; descriptor < 3; descriptor++) close(descriptor);
  while (1) {
    ssize_t bytes = read(device, request, sizeof request);
    if (bytes > 0) serve((void *)request, request + sizeof(struct fuse_in_header));
    if (bytes < 0 && errno != EINTR && errno != EAGAIN && errno != ENOENT) return 0;
  }
}

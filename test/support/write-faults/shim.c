/*
 * Preloaded into a process (LD_PRELOAD), lets nothing be written below a folder while a file says so: what changes files
 * there fails with the error number that the file holds. Reading goes on. So a test sees a disk that breaks (EIO), that
 * became read-only (EROFS) or whose quota is used up (EDQUOT) under a running service, and that is whole again.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static int belowFolder(const char *path) {
  const char *folder = getenv("WRITE_FAULTS_FOLDER");
  return folder != NULL && strncmp(path, folder, strlen(folder)) == 0;
}

/* The error number that the plan holds now, 0 for none. */
static int planned(void) {
  const char *plan = getenv("WRITE_FAULTS_PLAN");
  if (plan == NULL) return 0;
  int descriptor = (int)((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open"))(plan, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return 0;
  char text[16] = {0};
  ssize_t length = read(descriptor, text, sizeof text - 1);
  close(descriptor);
  return length > 0 ? atoi(text) : 0;
}

static int failsPath(const char *path) {
  if (path == NULL || !belowFolder(path)) return 0;
  int error = planned();
  if (error == 0) return 0;
  errno = error;
  return 1;
}

static int failsDescriptor(int descriptor) {
  int before = errno;
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  errno = before;
  if (length <= 0) return 0;
  path[length] = 0;
  return failsPath(path);
}

#define REAL(type, name, parameters) \
  static type(*real) parameters = NULL; \
  if (real == NULL) real = (type(*) parameters)dlsym(RTLD_NEXT, name)

#define ON_DESCRIPTOR(type, name, parameters, arguments, descriptor) \
  type name parameters { \
    REAL(type, #name, parameters); \
    return failsDescriptor(descriptor) ? -1 : real arguments; \
  }

#define ON_PATH(type, name, parameters, arguments, path) \
  type name parameters { \
    REAL(type, #name, parameters); \
    return failsPath(path) ? -1 : real arguments; \
  }

ON_DESCRIPTOR(ssize_t, write, (int fd, const void *bytes, size_t size), (fd, bytes, size), fd)
ON_DESCRIPTOR(ssize_t, pwrite, (int fd, const void *bytes, size_t size, off_t at), (fd, bytes, size, at), fd)
ON_DESCRIPTOR(ssize_t, pwrite64, (int fd, const void *bytes, size_t size, off64_t at), (fd, bytes, size, at), fd)
ON_DESCRIPTOR(ssize_t, writev, (int fd, const struct iovec *parts, int count), (fd, parts, count), fd)
ON_DESCRIPTOR(ssize_t, pwritev, (int fd, const struct iovec *parts, int count, off_t at), (fd, parts, count, at), fd)
ON_DESCRIPTOR(ssize_t, pwritev64, (int fd, const struct iovec *parts, int count, off64_t at), (fd, parts, count, at), fd)
ON_DESCRIPTOR(int, ftruncate, (int fd, off_t size), (fd, size), fd)
ON_DESCRIPTOR(int, ftruncate64, (int fd, off64_t size), (fd, size), fd)
ON_DESCRIPTOR(int, fsync, (int fd), (fd), fd)
ON_DESCRIPTOR(int, fdatasync, (int fd), (fd), fd)
ON_DESCRIPTOR(int, fchmod, (int fd, mode_t mode), (fd, mode), fd)
ON_PATH(int, mkdir, (const char *path, mode_t mode), (path, mode), path)
ON_PATH(int, rename, (const char *from, const char *to), (from, to), to)
ON_PATH(int, unlink, (const char *path), (path), path)
ON_PATH(int, rmdir, (const char *path), (path), path)
ON_PATH(int, chmod, (const char *path, mode_t mode), (path, mode), path)

/* Opening to read goes on; opening to write, or to make, fails. */
static int openFails(const char *path, int flags) {
  return (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) != 0 && failsPath(path);
}

#define OPEN(name) \
  int name(const char *path, int flags, ...) { \
    REAL(int, #name, (const char *, int, ...)); \
    mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { \
      va_list rest; \
      va_start(rest, flags); \
      mode = va_arg(rest, mode_t); \
      va_end(rest); \
    } \
    return openFails(path, flags) ? -1 : real(path, flags, mode); \
  }
OPEN(open)
OPEN(open64)

/* Fails one call of the C library, for tests of what happens then. To be preloaded (LD_PRELOAD) into a program with
 * FAULT=NAME:N in the environment: the N-th call of that function fails, counted from 1. FAULT_COUNTS=FILE: at its end
 * the program leaves there how often each function was called. What stdout and stderr are given does not count.
 * FREE_BYTES=N: so much is free on every disk. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FUNCTIONS(X)                                                                                                   \
    X(open, EMFILE)                                                                                                    \
    X(fread, EIO)                                                                                                      \
    X(fwrite, ENOSPC)                                                                                                  \
    X(fflush, ENOSPC)                                                                                                  \
    X(write, ENOSPC)                                                                                                   \
    X(fsync, EIO)                                                                                                      \
    X(rename, EIO)                                                                                                     \
    X(aligned_alloc, ENOMEM)

enum {
#define PLACE(name, code) PLACE_##name,
    FUNCTIONS(PLACE) PLACES
#undef PLACE
};

static const struct {
    const char *name;
    int code;
} functions[PLACES] = {
#define ROW(name, code) {#name, code},
    FUNCTIONS(ROW)
#undef ROW
};

static long counts[PLACES];
static FILE *broken; /* the stream whose fread failed */

static bool fails(int place) {
    static const char *fault;
    if (fault == NULL) fault = getenv("FAULT") != NULL ? getenv("FAULT") : "";
    const long count = __atomic_add_fetch(&counts[place], 1, __ATOMIC_RELAXED);
    const size_t length = strlen(functions[place].name);
    if (strncmp(fault, functions[place].name, length) != 0 || fault[length] != ':') return false;
    if (strtol(fault + length + 1, NULL, 10) != count) return false;
    errno = functions[place].code;
    return true;
}

/* The function of the same name that would have been called. */
#define NEXT(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

static bool is_standard(const FILE *stream) { return stream == stdout || stream == stderr; }

/* Files of the program: what the system's libraries look into is not its business. */
static bool is_ours(const char *path) {
    static const char *const others[] = {"/proc/", "/sys/", "/dev/", "/etc/", "/usr/"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strncmp(path, others[i], strlen(others[i])) == 0) return false;
    return true;
}

static int open_next(const char *path, int flags, mode_t mode) {
    if (is_ours(path) && fails(PLACE_open)) return -1;
    return NEXT(open64)(path, flags, mode);
}

int open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return open_next(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return open_next(path, flags, mode);
}

size_t fread(void *bytes, size_t size, size_t count, FILE *stream) {
    if (!fails(PLACE_fread)) return NEXT(fread)(bytes, size, count, stream);
    broken = stream;
    return 0;
}

int ferror(FILE *stream) { return stream == broken ? 1 : NEXT(ferror)(stream); }

int fclose(FILE *stream) {
    if (stream == broken) broken = NULL;
    return NEXT(fclose)(stream);
}

size_t fwrite(const void *bytes, size_t size, size_t count, FILE *stream) {
    if (!is_standard(stream) && fails(PLACE_fwrite)) return 0;
    return NEXT(fwrite)(bytes, size, count, stream);
}

int fflush(FILE *stream) {
    if (!is_standard(stream) && fails(PLACE_fflush)) return EOF;
    return NEXT(fflush)(stream);
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    if (descriptor > STDERR_FILENO && fails(PLACE_write)) return -1;
    return NEXT(write)(descriptor, bytes, count);
}

int fsync(int descriptor) { return fails(PLACE_fsync) ? -1 : NEXT(fsync)(descriptor); }

int rename(const char *from, const char *to) { return fails(PLACE_rename) ? -1 : NEXT(rename)(from, to); }

/* How much is free, where the environment says so. */
static bool free_bytes(unsigned long *bytes) {
    const char *text = getenv("FREE_BYTES");
    if (text != NULL) *bytes = strtoul(text, NULL, 10);
    return text != NULL;
}

int statvfs(const char *path, struct statvfs *disk) {
    const int status = NEXT(statvfs)(path, disk);
    if (status == 0 && free_bytes(&disk->f_bavail)) disk->f_frsize = 1;
    return status;
}

int statvfs64(const char *path, struct statvfs64 *disk) {
    const int status = NEXT(statvfs64)(path, disk);
    if (status == 0 && free_bytes(&disk->f_bavail)) disk->f_frsize = 1;
    return status;
}

void *aligned_alloc(size_t alignment, size_t bytes) {
    return fails(PLACE_aligned_alloc) ? NULL : NEXT(aligned_alloc)(alignment, bytes);
}

__attribute__((destructor)) static void tell_counts(void) {
    const char *path = getenv("FAULT_COUNTS");
    FILE *stream = path != NULL ? fopen(path, "w") : NULL;
    if (stream == NULL) return;
    for (int i = 0; i < PLACES; i++)
        fprintf(stream, "%s %ld\n", functions[i].name, counts[i]);
    fclose(stream);
}

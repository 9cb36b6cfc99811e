#define _DEFAULT_SOURCE /* flock */
#include "state/run_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/log.h"

#define HOST_BYTES 256

/* The file's two lines. */
#define PROCESS "process "
#define HOST "\nhost "

/* Who has or had the lock; pid 0: nobody is known. */
typedef struct Holder {
    long pid;
    char host[HOST_BYTES];
} Holder;

static Holder holder_self(void) {
    Holder self = {.pid = (long)getpid()};
    if (gethostname(self.host, sizeof self.host - 1) != 0) strcpy(self.host, "unknown");
    return self;
}

static Holder holder_read(int descriptor) {
    char text[HOST_BYTES + 64];
    Holder holder = {0};
    const ssize_t count = pread(descriptor, text, sizeof text - 1, 0);
    if (count <= 0) return holder;
    text[count] = '\0';
    char *host;
    if (strncmp(text, PROCESS, strlen(PROCESS)) != 0) return holder;
    const long pid = strtol(text + strlen(PROCESS), &host, 10);
    if (pid <= 0 || strncmp(host, HOST, strlen(HOST)) != 0) return holder;
    host += strlen(HOST);
    host[strcspn(host, "\n")] = '\0';
    holder.pid = pid;
    snprintf(holder.host, sizeof holder.host, "%.*s", HOST_BYTES - 1, host);
    return holder;
}

static Status holder_write(Context *ctx, int descriptor, const char *path) {
    const Holder self = holder_self();
    char text[HOST_BYTES + 64];
    const int length = snprintf(text, sizeof text, PROCESS "%ld" HOST "%s\n", self.pid, self.host);
    if (ftruncate(descriptor, 0) == 0 && pwrite(descriptor, text, (size_t)length, 0) == length) return SPICA_OK;
    return file_fail(ctx, "cannot write", path);
}

static bool is_alive(const Holder *holder) { return kill((pid_t)holder->pid, 0) == 0 || errno == EPERM; }

/* Without locks of the kernel a record is all there is. */
static bool may_be_held(const Holder *holder) {
    const Holder self = holder_self();
    if (holder->pid <= 0) return false;
    return strcmp(holder->host, self.host) != 0 || (holder->pid != self.pid && is_alive(holder));
}

static Status refuse(Context *ctx, const char *folder_path, const Holder *holder) {
    if (holder->pid <= 0)
        return context_fail(ctx, SPICA_ERROR_RUN, "%s: another process works on this run", folder_path);
    return context_fail(ctx, SPICA_ERROR_RUN, "%s: process %ld on %s works on this run", folder_path, holder->pid,
                        holder->host);
}

static Status refuse_record(Context *ctx, const char *path, const Holder *holder) {
    return context_fail(ctx, SPICA_ERROR_RUN,
                        "%s: process %ld on %s may work on this run (the file system has no locks): remove the file "
                        "if it does not",
                        path, holder->pid, holder->host);
}

/* Locks the open file. *locked false: it was removed by who had it, so that another file may stand there now. */
static Status lock_file(Context *ctx, const char *folder_path, const char *path, int descriptor, bool *locked) {
    struct stat own, present;
    const bool taken = flock(descriptor, LOCK_EX | LOCK_NB) == 0;
    const int code = errno;
    const Holder before = holder_read(descriptor);
    *locked = false;
    if (!taken && code == EWOULDBLOCK) return refuse(ctx, folder_path, &before);
    if (!taken && may_be_held(&before)) return refuse_record(ctx, path, &before);
    if (fstat(descriptor, &own) != 0) return file_fail(ctx, "cannot examine", path);
    if (stat(path, &present) != 0 || present.st_ino != own.st_ino || present.st_dev != own.st_dev) return SPICA_OK;
    *locked = true;
    if (before.pid > 0)
        log_info(ctx, "process %ld on %s, which worked on %s before, came to a sudden end", before.pid, before.host,
                 folder_path);
    return holder_write(ctx, descriptor, path);
}

static Status lock_path(Context *ctx, RunLock *lock, const char *folder_path) {
    for (bool locked = false; !locked;) {
        const int descriptor = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (descriptor < 0) return file_fail(ctx, "cannot create", lock->path);
        const Status status = lock_file(ctx, folder_path, lock->path, descriptor, &locked);
        if (status == SPICA_OK && locked)
            lock->descriptor = descriptor;
        else
            close(descriptor);
        TRY(status);
    }
    return SPICA_OK;
}

Status run_lock_take(Context *ctx, RunLock *lock, const char *folder_path) {
    *lock = (RunLock){0};
    TRY(path_join(ctx, &lock->path, folder_path, RUN_LOCK));
    const Status status = lock_path(ctx, lock, folder_path);
    if (status != SPICA_OK) FREE_ARRAY(ctx, &lock->path);
    return status;
}

void run_lock_release(Context *ctx, RunLock *lock) {
    if (lock->path == NULL) return;
    unlink(lock->path);
    close(lock->descriptor);
    FREE_ARRAY(ctx, &lock->path);
    *lock = (RunLock){0};
}

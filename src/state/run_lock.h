/* RUN/lock: one process at a time works on a run. The kernel's lock on the file counts, which ends with its process
 * however that ends; what stands in the file tells the others whom they met. */
#ifndef SPICA_STATE_RUN_LOCK_H
#define SPICA_STATE_RUN_LOCK_H

#include "state/run_folder.h"

/* Zeroed is no lock. */
typedef struct RunLock {
    char *path; /* owned; NULL: nothing is locked */
    int descriptor;
} RunLock;

/* Takes the lock of the folder at `folder_path`, which exists. SPICA_ERROR_RUN naming the process and the host that
 * have it. A file that a dead process left is taken over, and the log says so. On a file system without locks a live
 * process of this host and any process of another one count as having it. */
Status run_lock_take(Context *ctx, RunLock *lock, const char *folder_path);

/* Gives it back and removes the file. */
void run_lock_release(Context *ctx, RunLock *lock);

#endif

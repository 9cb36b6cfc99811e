/* How much room on the disk a run takes, told before it begins. */
#ifndef SPICA_RUN_DISK_NEED_H
#define SPICA_RUN_DISK_NEED_H

#include "run/run.h"

/* For a run that begins, in its folder: logs about how many bytes it will write at most at a time, checkpoints
 * included. SPICA_ERROR_IO where fewer are free. */
Status disk_need_check(Context *ctx, const Run *run);

#endif

/* Where the helper program spica-decode is. */
#ifndef SPICA_DATA_DECODE_PROGRAM_H
#define SPICA_DATA_DECODE_PROGRAM_H

#include "base/memory.h"

/* *path: the program that $SPICA_DECODE names; else the one that stands beside the running program, or in the libexec
 * folder beside its folder, or in the libexec folder that was configured. Owned by the caller. Errors: SPICA_ERROR_IO
 * where there is none. */
Status decode_program_find(Context *ctx, char **path);

#endif

#include "data/decode_program.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"

#define PROGRAM "spica-decode"

/* The folder of the running program, with a slash at its end; "" where it cannot be told. */
static void running_folder(char folder[PATH_MAX]) {
    const ssize_t length = readlink("/proc/self/exe", folder, PATH_MAX - 1);
    folder[length > 0 ? length : 0] = '\0';
    folder[path_name(folder) - folder] = '\0';
}

static bool is_program(const char *path) { return path_is_file(path) && access(path, X_OK) == 0; }

Status decode_program_find(Context *ctx, char **path) {
    const char *given = getenv("SPICA_DECODE");
    char folder[PATH_MAX], candidate[3][2 * PATH_MAX];
    *path = NULL;
    if (given != NULL && *given != '\0') {
        if (is_program(given)) return memory_copy_text(ctx, path, given);
        return context_fail(ctx, SPICA_ERROR_IO, "SPICA_DECODE = %s: there is no such program", given);
    }
    running_folder(folder);
    snprintf(candidate[0], sizeof candidate[0], "%s" PROGRAM, folder);
    snprintf(candidate[1], sizeof candidate[1], "%s../" SPICA_LIBEXEC "/" PROGRAM, folder);
    snprintf(candidate[2], sizeof candidate[2], SPICA_FULL_LIBEXEC "/" PROGRAM);
    for (size_t i = *folder != '\0' ? 0 : 2; i < 3; i++)
        if (is_program(candidate[i])) return memory_copy_text(ctx, path, candidate[i]);
    return context_fail(ctx, SPICA_ERROR_IO,
                        "the program " PROGRAM
                        ", which decodes pictures, is neither beside this program nor in " SPICA_FULL_LIBEXEC
                        "; SPICA_DECODE in the environment may name it");
}

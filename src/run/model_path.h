/* Which weights file a path means: a run folder's model, or the file itself. */
#ifndef SPICA_RUN_MODEL_PATH_H
#define SPICA_RUN_MODEL_PATH_H

#include "base/memory.h"

/* *weights: the file to read, owned by the caller: RUN/model.safetensors for a folder (RUN/backbone.safetensors while
 * the run is unfinished), else the path itself. SPICA_ERROR_RUN: a folder without either. */
Status model_path(Context *ctx, const char *path, char **weights);

#endif

/* What a data set is, and what spica_cluster would do with it. */
#ifndef SPICA_RUN_INSPECT_DATA_H
#define SPICA_RUN_INSPECT_DATA_H

#include "base/json_text.h"
#include "config/options.h"

/* Adds the facts of docs/formats.md to `object`. options: as for spica_cluster, without run.clusters; NULL: all at
 * their defaults. */
Status inspect_data(Context *ctx, const char *path, const Options *options, json_t *object);

#endif

/* What the public spica_options holds. */
#ifndef SPICA_RUN_OPTIONS_API_H
#define SPICA_RUN_OPTIONS_API_H

#include "config/options.h"

struct spica_options {
    Options options;
};

/* The context takes run.threads, where the options (may be NULL) have it. Returns how many threads it had, for the
 * caller to put back. */
int options_use_threads(Context *ctx, const spica_options *options);

#endif

/* What the public spica_options holds. */
#ifndef SPICA_RUN_OPTIONS_API_H
#define SPICA_RUN_OPTIONS_API_H

#include "config/options.h"

struct spica_options {
    Options options;
};

#endif

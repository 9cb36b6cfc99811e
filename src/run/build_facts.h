/* What the bits of a result depend on besides options and data: instruction set and libraries. */
#ifndef SPICA_RUN_BUILD_FACTS_H
#define SPICA_RUN_BUILD_FACTS_H

#include "state/run_folder.h"

#define BUILD_LIBRARIES 3

typedef struct BuildFacts {
    const char *instruction_set; /* "avx512", "avx2", "baseline" */
    RunFact libraries[BUILD_LIBRARIES];
    char onednn[32];
} BuildFacts;

void build_facts(BuildFacts *facts);

#endif

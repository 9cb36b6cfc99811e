#include "run/build_facts.h"

#include <cblas.h>
#include <stdio.h>

#include "nn/dnnl_shim.h"

static const char *instruction_set(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")) return "avx512";
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "avx2";
#endif
    return "baseline";
}

void build_facts(BuildFacts *facts) {
    *facts = (BuildFacts){.instruction_set = instruction_set()};
    shim_library_version(facts->onednn, sizeof facts->onednn);
    facts->libraries[0] = (RunFact){"spica", spica_version()};
    facts->libraries[1] = (RunFact){"oneDNN", facts->onednn};
    facts->libraries[2] = (RunFact){"OpenBLAS", openblas_get_config()};
}

/* What the machine can do at most: the two limits that the benchmarks are held against. Compiled with fused products
 * and sums (CMakeLists.txt). */
#include <math.h>

#include "base/log.h"
#include "base/simd.h"
#include "bench_parts.h"

#define CHAINS 10 /* more than the FMA's latency times the units */

/* Chains of fused products and sums in vectors of so many bytes: registers of every instruction set hold those of its
 * own size, and spill larger ones. */
#define DEFINE_CHAINS(bytes)                                                                                           \
    typedef float Wide##bytes __attribute__((vector_size(bytes)));                                                     \
    SIMD_VERSIONS static float chains_of_##bytes(long steps) {                                                         \
        Wide##bytes sum[CHAINS], factor = (Wide##bytes){0} + 0.999F;                                                   \
        _Pragma("GCC unroll 10") for (int i = 0; i < CHAINS; i++) sum[i] = factor * (float)i;                          \
        for (long step = 0; step < steps; step++)                                                                      \
            _Pragma("GCC unroll 10") for (int i = 0; i < CHAINS; i++) sum[i] = sum[i] * factor + factor;               \
        float total = 0.0F;                                                                                            \
        for (int i = 0; i < CHAINS; i++)                                                                               \
            total += sum[i][0];                                                                                        \
        return total;                                                                                                  \
    }
DEFINE_CHAINS(16)
DEFINE_CHAINS(32)
DEFINE_CHAINS(64)

#define CHAIN_STEPS 2000000L

/* GFLOP/s, the best of five. */
static double chains_rate(float (*chains)(long steps), size_t bytes) {
    double best = 0.0;
    volatile float sink = chains(CHAIN_STEPS / 10);
    for (int i = 0; i < 5; i++) {
        const double start = thread_seconds();
        sink = chains(CHAIN_STEPS);
        const double operations = 2.0 * CHAIN_STEPS * CHAINS * (double)bytes / (double)sizeof(float);
        best = fmax(best, operations / (thread_seconds() - start) / 1e9);
    }
    (void)sink;
    return best;
}

double fma_limit(void) {
    return fmax(chains_rate(chains_of_64, 64), fmax(chains_rate(chains_of_32, 32), chains_rate(chains_of_16, 16)));
}

#define MEMORY_FLOATS ((size_t)1 << 25) /* 128 MB: past every cache */

/* out = in * 2, the best of five. */
Status memory_limit(Context *ctx, double *limit) {
    float *in = NULL, *out = NULL;
    Status status = NEW_ZEROED(ctx, &in, MEMORY_FLOATS);
    if (status == SPICA_OK) status = NEW_ZEROED(ctx, &out, MEMORY_FLOATS);
    *limit = 0.0;
    for (int i = 0; status == SPICA_OK && i < 6; i++) {
        const double start = clock_seconds();
#pragma omp parallel for schedule(static) num_threads(ctx->threads)
        for (size_t j = 0; j < MEMORY_FLOATS; j++)
            out[j] = in[j] * 2.0F;
        const double rate = 2.0 * (double)(MEMORY_FLOATS * sizeof *in) / (clock_seconds() - start) / 1e9;
        if (i > 0 && rate > *limit) *limit = rate;
    }
    FREE_ARRAY(ctx, &in);
    FREE_ARRAY(ctx, &out);
    return status;
}

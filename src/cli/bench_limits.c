/* What the machine can do at most: the two limits that the benchmarks are held against. Compiled with fused products
 * and sums (CMakeLists.txt). */
#include "base/log.h"
#include "base/simd.h"
#include "bench_parts.h"

#define CHAINS 10 /* more than the FMA's latency times the units */

typedef float Wide __attribute__((vector_size(64)));

SIMD_VERSIONS static float fma_chains(long steps) {
    Wide sum[CHAINS], factor = (Wide){0} + 0.999F;
#pragma GCC unroll 10
    for (int i = 0; i < CHAINS; i++)
        sum[i] = factor * (float)i;
    for (long step = 0; step < steps; step++)
#pragma GCC unroll 10
        for (int i = 0; i < CHAINS; i++)
            sum[i] = sum[i] * factor + factor;
    float total = 0.0F;
    for (int i = 0; i < CHAINS; i++)
        total += sum[i][0];
    return total;
}

double fma_limit(void) {
    const long steps = 2000000;
    double best = 0.0;
    volatile float sink = fma_chains(steps / 10);
    for (int i = 0; i < 5; i++) {
        const double start = clock_seconds();
        sink = fma_chains(steps);
        const double rate = (double)steps * CHAINS * 16 * 2 / (clock_seconds() - start) / 1e9;
        if (rate > best) best = rate;
    }
    (void)sink;
    return best;
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
        const int threads = ctx->threads;
#pragma omp parallel for schedule(static) num_threads(threads)
        for (size_t j = 0; j < MEMORY_FLOATS; j++)
            out[j] = in[j] * 2.0F;
        const double rate = 2.0 * (double)(MEMORY_FLOATS * sizeof *in) / (clock_seconds() - start) / 1e9;
        if (i > 0 && rate > *limit) *limit = rate;
    }
    FREE_ARRAY(ctx, &in);
    FREE_ARRAY(ctx, &out);
    return status;
}

/* What the machine can do at most: the two limits that the benchmarks are held against. Compiled with fused products
 * and sums (CMakeLists.txt). */
#include <math.h>
#include <time.h>

#include <omp.h>

#include "base/log.h"
#include "base/simd.h"
#include "bench_parts.h"

double thread_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

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
#define SUMS ((size_t)8)
#define SUM_FLOATS ((size_t)16)

typedef float SumLanes __attribute__((vector_size(SUM_FLOATS * sizeof(float))));

/* `count` is a multiple of SUMS * SUM_FLOATS. */
SIMD_VERSIONS static float sum_floats(const float *in, size_t count) {
    const SumLanes *lanes = (const SumLanes *)(const void *)in;
    SumLanes sums[SUMS] = {{0}};
    for (size_t i = 0; i < count / SUM_FLOATS; i += SUMS)
        _Pragma("GCC unroll 8") for (size_t j = 0; j < SUMS; j++) sums[j] += lanes[i + j];
    for (size_t j = 1; j < SUMS; j++)
        sums[0] += sums[j];
    return sums[0][0];
}

/* out = in * 2, or without `out` a sum of `in`. */
static void walk_memory(float *out, const float *in, int threads) {
    volatile float sink;
#pragma omp parallel num_threads(threads)
    {
        const size_t workers = (size_t)omp_get_num_threads(), worker = (size_t)omp_get_thread_num();
        const size_t part = SUMS * SUM_FLOATS, parts = MEMORY_FLOATS / part;
        const size_t first = worker * parts / workers * part, last = (worker + 1) * parts / workers * part;
        if (out == NULL) sink = sum_floats(in + first, last - first);
        for (size_t j = first; out != NULL && j < last; j++)
            out[j] = in[j] * 2.0F;
    }
    (void)sink;
}

/* The best of five, after one that finds the pages. */
Status memory_limit(Context *ctx, bool reads_only, double *limit) {
    const double bytes = (reads_only ? 1.0 : 2.0) * (double)(MEMORY_FLOATS * sizeof(float));
    float *in = NULL, *out = NULL;
    Status status = bench_floats(ctx, &in, MEMORY_FLOATS); /* zeroed ones may all be one page */
    if (status == SPICA_OK && !reads_only) status = NEW_ZEROED(ctx, &out, MEMORY_FLOATS);
    *limit = 0.0;
    for (int i = 0; status == SPICA_OK && i < 6; i++) {
        const double start = clock_seconds();
        walk_memory(out, in, ctx->threads);
        if (i > 0) *limit = fmax(*limit, bytes / (clock_seconds() - start) / 1e9);
    }
    FREE_ARRAY(ctx, &in);
    FREE_ARRAY(ctx, &out);
    return status;
}

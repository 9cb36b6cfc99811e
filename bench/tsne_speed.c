/* Makes a t-SNE map for bench_tsne.py, which alternates it with scikit-learn's:
 *
 *     tsne_speed POINTS.npy MAP.npy THREADS [ITERATIONS]
 *
 * POINTS.npy: float32, N x D. Prints seconds and divergence. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/npy.h"
#include "cluster/tsne.h"

static Status map_make(Context *ctx, const char *input, const char *output, int iterations) {
    NpyArray points = {0};
    float *map = NULL;
    TsneSettings settings = tsne_default();
    double divergence = 0;
    Status status;
    if (iterations > 0) settings.iterations = iterations;
    TRY_GOTO(status, close, npy_read(ctx, input, &points));
    if (points.type != NPY_FLOAT32 || points.rank != 2) {
        status = context_fail(ctx, SPICA_ERROR_DATA, "%s: not a float32 matrix", input);
        goto close;
    }
    TRY_GOTO(status, close, NEW_ARRAY(ctx, &map, 2 * points.shape[0]));
    const double start = clock_seconds();
    TRY_GOTO(status, close, tsne_run(ctx, map, &settings, points.data, points.shape[0], points.shape[1], &divergence));
    printf("%.3f %.5f\n", clock_seconds() - start, divergence);
    status = npy_write_float(ctx, output, map, points.shape[0], 2);
close:
    FREE_ARRAY(ctx, &map);
    npy_close(ctx, &points);
    return status;
}

int main(int argc, char **argv) {
    Context *ctx;
    if (argc < 4 || argc > 5 || spica_context_open(&ctx, NULL) != SPICA_OK) {
        fprintf(stderr, "usage: tsne_speed POINTS.npy MAP.npy THREADS [ITERATIONS]\n");
        return 2;
    }
    const long threads = strtol(argv[3], NULL, 10), iterations = argc > 4 ? strtol(argv[4], NULL, 10) : 0;
    if (threads > 0) ctx->threads = (int)threads;
    const Status status = map_make(ctx, argv[1], argv[2], (int)iterations);
    if (status != SPICA_OK) fprintf(stderr, "tsne_speed: %s\n", spica_context_reason(ctx));
    spica_context_close(&ctx);
    return status != SPICA_OK;
}

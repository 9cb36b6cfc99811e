/* What the benchmarks of spica bench share. The files bench*.c are the ones of this room that include the rooms they
 * measure. */
#ifndef SPICA_CLI_BENCH_PARTS_H
#define SPICA_CLI_BENCH_PARTS_H

#include "augment/augment.h"
#include "data/dataset.h"
#include "nn/backbone.h"
#include "nn/model.h"

/* What one benchmark needs; the fields that its kind does not use stay zero. */
typedef struct Bench {
    const char *name, *unit;
    Status (*run)(Context *ctx, const struct Bench *bench, double *value); /* one repeat */
    const char *backbone;
    BackboneStem stem;
    int width, side, channels;
    int outputs, kernel, stride; /* convolutions, from `width` channels to `outputs` */
    int pass;                    /* ConvPass; -1: all three */
    PolicyKind policy;           /* augmentation */
    bool reads_only;             /* held against the limit of reading alone */
    size_t clusters;             /* k-means */
    size_t batch;
    int bank; /* stage 2: cached views; -1: the authors' scheme */
} Bench;

/* Pictures of random pixels: speed depends on sizes, not on contents. */
Status synthetic_dataset(Context *ctx, Dataset *dataset, size_t count, int side, int channels);

/* The model of the benchmark's backbone on its pictures. */
Status bench_spec(Context *ctx, const Bench *bench, ModelSpec *spec);

/* Calls `step` for about two seconds after two calls of warm-up; *rate: calls a second. */
Status time_calls(Context *ctx, Status (*step)(Context *ctx, void *state), void *state, double *rate);

/* Normally distributed; *values: the caller's. */
Status bench_floats(Context *ctx, float **values, size_t count);

/* bench_engine.c: pictures a second. */
Status bench_train(Context *ctx, const Bench *bench, double *value);
Status bench_infer(Context *ctx, const Bench *bench, double *value);

/* The same with convolutions computed again in backward; and what a training step holds, network, optimiser and input
 * included, in MB. */
Status bench_train_again(Context *ctx, const Bench *bench, double *value);
Status bench_memory_kept(Context *ctx, const Bench *bench, double *value);
Status bench_memory_again(Context *ctx, const Bench *bench, double *value);

/* What the convolutions of a whole training step reach, `pass` of them, in per cent of one thread's FMA limit. */
Status bench_convs(Context *ctx, const Bench *bench, double *value);

/* bench_methods.c: whole steps a second; the share of PICA's heads and loss; one epoch of stage 2's heads. */
Status bench_moco(Context *ctx, const Bench *bench, double *value);
Status bench_pica(Context *ctx, const Bench *bench, double *value);
Status bench_fixmatch(Context *ctx, const Bench *bench, double *value);
Status bench_pica_top(Context *ctx, const Bench *bench, double *value);
Status bench_head(Context *ctx, const Bench *bench, double *value);

/* bench_matrices.c: augmented pictures a second and core; seconds of one search and one map. */
Status bench_augment(Context *ctx, const Bench *bench, double *value);
Status bench_knn(Context *ctx, const Bench *bench, double *value);
Status bench_kmeans(Context *ctx, const Bench *bench, double *value);
Status bench_tsne(Context *ctx, const Bench *bench, double *value);

/* bench_convs.c: per cent of one thread's FMA limit. */
Status bench_conv(Context *ctx, const Bench *bench, double *value);

/* Measures the convolution algorithms over the table's shapes; the table of nn/conv_table.c on stdout, the rates on
 * stderr. */
Status bench_tune(Context *ctx);

/* bench_elementwise.c: per cent of the memory's bandwidth; and the limits of the two themselves. */
Status bench_combine(Context *ctx, const Bench *bench, double *value);
Status bench_statistics(Context *ctx, const Bench *bench, double *value);
Status bench_combine_backward(Context *ctx, const Bench *bench, double *value);
Status bench_norm_gradient(Context *ctx, const Bench *bench, double *value);
Status bench_max_pool(Context *ctx, const Bench *bench, double *value);
Status bench_max_pool_backward(Context *ctx, const Bench *bench, double *value);
Status bench_avg_pool(Context *ctx, const Bench *bench, double *value);
Status bench_avg_pool_backward(Context *ctx, const Bench *bench, double *value);
Status bench_fma(Context *ctx, const Bench *bench, double *value);
Status bench_memory(Context *ctx, const Bench *bench, double *value);

/* bench_limits.c: GFLOP/s of float32 FMA in registers, one thread; GB/s of all threads, read and written together or
 * read alone; and the processor time of this thread, to which others that want the processor do not count. */
double fma_limit(void);
Status memory_limit(Context *ctx, bool reads_only, double *limit);
double thread_seconds(void);

/* For qsort. */
int compare_doubles(const void *a, const void *b);

#endif

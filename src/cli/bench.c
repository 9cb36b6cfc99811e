/* spica bench: throughput of engine, augmentation, search, maps and the methods' stages. Every figure is the median of
 * several repeats after a warm-up; a picture is one picture once through the work that the name says. */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/random.h"
#include "bench_parts.h"
#include "command.h"
#include "nn/dnnl_shim.h"

#define REPEATS 5
#define SECONDS_PER_REPEAT 2.0

Status synthetic_dataset(Context *ctx, Dataset *dataset, size_t count, int side, int channels) {
    *dataset = (Dataset){.count = count, .height = side, .width = side, .channels = channels};
    const size_t bytes = count * (size_t)side * (size_t)side * (size_t)channels;
    TRY(NEW_ARRAY(ctx, &dataset->pixels, bytes));
    Random random = random_at(1, RANDOM_TEST, 0, 0, 0);
    for (size_t i = 0; i < bytes; i++)
        dataset->pixels[i] = (uint8_t)(random_word(&random) >> 24);
    return SPICA_OK;
}

Status bench_floats(Context *ctx, float **values, size_t count) {
    Random random = random_at(5, RANDOM_TEST, count, 0, 0);
    TRY(NEW_ARRAY(ctx, values, count));
    for (size_t i = 0; i < count; i++)
        (*values)[i] = random_normal(&random);
    return SPICA_OK;
}

Status bench_spec(Context *ctx, const Bench *bench, ModelSpec *spec) {
    *spec = (ModelSpec){
        .backbone = {.stem = bench->stem, .width = bench->width, .bn_momentum = 0.1f},
        .channels = bench->channels,
        .height = bench->side,
        .width = bench->side,
        .mean = {0.5f, 0.5f, 0.5f},
        .deviation = {0.25f, 0.25f, 0.25f},
    };
    return backbone_parse(ctx, bench->backbone, &spec->backbone);
}

Status time_calls(Context *ctx, Status (*step)(Context *ctx, void *state), void *state, double *rate) {
    TRY(step(ctx, state));
    TRY(step(ctx, state));
    const double start = clock_seconds();
    size_t calls = 0;
    double elapsed = 0.0;
    while (elapsed < SECONDS_PER_REPEAT) {
        TRY(step(ctx, state));
        calls++;
        elapsed = clock_seconds() - start;
    }
    *rate = (double)calls / elapsed;
    return SPICA_OK;
}

#define RESNET18(w, s) .backbone = "resnet18", .stem = STEM_CIFAR, .width = (w), .side = (s), .channels = 3
#define RESNET18_SMALL(w, b)                                                                                           \
    .backbone = "resnet18", .stem = STEM_SMALL, .width = (w), .side = 28, .channels = 1, .batch = (b)
#define RESNET18_STL(w) .backbone = "resnet18", .stem = STEM_STL, .width = (w), .side = 96, .channels = 3, .batch = 64
#define RESNET34_IMAGENET .backbone = "resnet34", .stem = STEM_IMAGENET, .width = 64, .side = 224, .channels = 3
#define WRN28_2 .backbone = "wrn28-2", .stem = STEM_CIFAR, .side = 32, .channels = 3
#define ENGINE(name, ...)                                                                                              \
    {"train." name, "pictures/s", bench_train, __VA_ARGS__}, { "infer." name, "pictures/s", bench_infer, __VA_ARGS__ }

#define FMA_SHARE "% of FMA limit"
#define MEMORY_SHARE "% of bandwidth"

/* The convolutions of a training step, all together and by pass. */
#define CONVS_PASS(name, p, ...)                                                                                       \
    { "convs" name, FMA_SHARE, bench_convs, .pass = (p), __VA_ARGS__ }
#define CONVS(name, ...)                                                                                               \
    CONVS_PASS("." name, -1, __VA_ARGS__), CONVS_PASS("-forward." name, CONV_FORWARD, __VA_ARGS__),                    \
        CONVS_PASS("-data." name, CONV_BACKWARD_DATA, __VA_ARGS__),                                                    \
        CONVS_PASS("-weights." name, CONV_BACKWARD_WEIGHTS, __VA_ARGS__)

/* The passes of a convolution from `c` channels to `o` on maps of s x s; FIRST: of pictures, which need no gradient. */
#define CONV_PASS(c, o, s, k, t, name, p)                                                                              \
    {                                                                                                                  \
        "conv." #c "-" #o "." #s "x" #s "." #k "x" #k "/" #t "." name, FMA_SHARE, bench_conv,                          \
            .width = (c), .outputs = (o), .side = (s), .kernel = (k), .stride = (t), .pass = (p)                       \
    }
#define FIRST(c, o, s, k, t)                                                                                           \
    CONV_PASS(c, o, s, k, t, "forward", CONV_FORWARD), CONV_PASS(c, o, s, k, t, "weights", CONV_BACKWARD_WEIGHTS)
#define CONV(c, o, s, k, t) FIRST(c, o, s, k, t), CONV_PASS(c, o, s, k, t, "data", CONV_BACKWARD_DATA)
#define STAGE(c, o, s) CONV(c, c, s, 3, 1), CONV(c, o, s, 3, 2), CONV(c, o, s, 1, 2)

/* 134 MB a tensor. */
#define BATCH_OF_MAPS .width = 64, .side = 32, .batch = 512

static const Bench benches[] = {
    {"limit.fma.one-thread", "GFLOP/s", bench_fma, .width = 0},
    {"limit.memory", "GB/s", bench_memory, .width = 0},
    {"limit.memory.read", "GB/s", bench_memory, .reads_only = true},
    ENGINE("resnet18.w64.32x32.b128", RESNET18(64, 32), .batch = 128),
    ENGINE("resnet18.w32.32x32.b128", RESNET18(32, 32), .batch = 128),
    ENGINE("resnet18.w16.32x32.b128", RESNET18(16, 32), .batch = 128),
    ENGINE("resnet18.w64.28x28x1.b256", RESNET18_SMALL(64, 256)),
    ENGINE("resnet18.w32.28x28x1.b256", RESNET18_SMALL(32, 256)),
    ENGINE("resnet18.w16.28x28x1.b256", RESNET18_SMALL(16, 256)),
    ENGINE("resnet18.w64.96x96.b64", RESNET18_STL(64)),
    ENGINE("resnet18.w32.96x96.b64", RESNET18_STL(32)),
    ENGINE("resnet18.w16.96x96.b64", RESNET18_STL(16)),
    ENGINE("resnet34.w64.32x32.b128", .backbone = "resnet34", .stem = STEM_CIFAR, .width = 64, .side = 32,
           .channels = 3, .batch = 128),
    ENGINE("wrn28-2.32x32.b128", WRN28_2, .batch = 128),
    ENGINE("resnet18.w64.32x32.b8", RESNET18(64, 32), .batch = 8),
    {"infer.resnet18.w64.32x32.b1", "pictures/s", bench_infer, RESNET18(64, 32), .batch = 1},
    {"train-again.resnet18.w64.32x32.b128", "pictures/s", bench_train_again, RESNET18(64, 32), .batch = 128},
    {"memory.resnet18.w64.32x32.b128", "MB", bench_memory_kept, RESNET18(64, 32), .batch = 128},
    {"memory.resnet18.w16.32x32.b128", "MB", bench_memory_kept, RESNET18(16, 32), .batch = 128},
    {"memory-again.resnet18.w64.32x32.b128", "MB", bench_memory_again, RESNET18(64, 32), .batch = 128},
    {"memory.resnet34.w64.224x224.b128", "MB", bench_memory_kept, RESNET34_IMAGENET, .batch = 128},
    {"memory-again.resnet34.w64.224x224.b128", "MB", bench_memory_again, RESNET34_IMAGENET, .batch = 128},
    {"moco.resnet18.w64.32x32.b128", "steps/s", bench_moco, RESNET18(64, 32), .batch = 128},
    {"moco.resnet18.w16.32x32.b128", "steps/s", bench_moco, RESNET18(16, 32), .batch = 128},
    {"pica.resnet18.w64.32x32.b64r3", "steps/s", bench_pica, RESNET18(64, 32), .batch = 64},
    {"pica.resnet18.w16.32x32.b64r3", "steps/s", bench_pica, RESNET18(16, 32), .batch = 64},
    {"pica.top.w64.32x32.b64r3", "% of a step", bench_pica_top, RESNET18(64, 32), .batch = 64},
    {"pica.top.w16.32x32.b64r3", "% of a step", bench_pica_top, RESNET18(16, 32), .batch = 64},
    {"fixmatch.resnet18.w16.28x28x1.b32r7", "steps/s", bench_fixmatch, RESNET18_SMALL(16, 32)},
    {"fixmatch.wrn28-2.32x32.b8r7", "steps/s", bench_fixmatch, WRN28_2, .batch = 8},
    {"augment.moco.32x32", "pictures/s/core", bench_augment, .policy = POLICY_MOCO, .side = 32, .channels = 3},
    {"augment.moco.28x28x1", "pictures/s/core", bench_augment, .policy = POLICY_MOCO, .side = 28, .channels = 1},
    {"augment.moco.96x96", "pictures/s/core", bench_augment, .policy = POLICY_MOCO, .side = 96, .channels = 3},
    {"augment.weak.32x32", "pictures/s/core", bench_augment, .policy = POLICY_WEAK, .side = 32, .channels = 3},
    {"augment.strong.32x32", "pictures/s/core", bench_augment, .policy = POLICY_STRONG, .side = 32, .channels = 3},
    {"augment.pica.32x32", "pictures/s/core", bench_augment, .policy = POLICY_PICA, .side = 32, .channels = 3},
    {"knn.60000x512.k100", "seconds", bench_knn, .batch = 60000, .width = 512},
    {"kmeans.60000x512.k10", "seconds", bench_kmeans, .batch = 60000, .width = 512, .clusters = 10},
    {"kmeans.60000x512.k1000", "seconds", bench_kmeans, .batch = 60000, .width = 512, .clusters = 1000},
    {"tsne.10000x512", "seconds", bench_tsne, .batch = 10000, .width = 512},
    {"head.epoch.authors", "s/10,000 pictures", bench_head, RESNET18(16, 32), .batch = 1000, .bank = -1},
    {"head.epoch.fresh", "s/10,000 pictures", bench_head, RESNET18(16, 32), .batch = 10000, .bank = 0},
    {"head.epoch.bank", "s/10,000 pictures", bench_head, RESNET18(16, 32), .batch = 10000, .bank = 2},
    CONVS("resnet18.w64.32x32.b128", RESNET18(64, 32), .batch = 128),
    CONVS("resnet18.w16.32x32.b128", RESNET18(16, 32), .batch = 128),
    CONVS("resnet18.w16.28x28x1.b256", RESNET18_SMALL(16, 256)),
    FIRST(3, 64, 32, 3, 1),
    STAGE(64, 128, 32),
    STAGE(128, 256, 16),
    STAGE(256, 512, 8),
    CONV(512, 512, 4, 3, 1),
    FIRST(3, 16, 32, 3, 1),
    STAGE(16, 32, 32),
    STAGE(32, 64, 16),
    STAGE(64, 128, 8),
    CONV(128, 128, 4, 3, 1),
    FIRST(1, 16, 28, 3, 2),
    STAGE(16, 32, 14),
    STAGE(32, 64, 7),
    STAGE(64, 128, 4),
    CONV(128, 128, 2, 3, 1),
    {"combine.64.32x32.b512", MEMORY_SHARE, bench_combine, BATCH_OF_MAPS},
    {"combine-backward.64.32x32.b512", MEMORY_SHARE, bench_combine_backward, BATCH_OF_MAPS, .reads_only = true},
    {"statistics.64.32x32.b512", MEMORY_SHARE, bench_statistics, BATCH_OF_MAPS, .reads_only = true},
    {"norm-gradient.64.32x32.b512", MEMORY_SHARE, bench_norm_gradient, BATCH_OF_MAPS},
    {"max-pool.64.32x32.b512", MEMORY_SHARE, bench_max_pool, BATCH_OF_MAPS},
    {"max-pool-backward.64.32x32.b512", MEMORY_SHARE, bench_max_pool_backward, BATCH_OF_MAPS},
    {"avg-pool.64.32x32.b512", MEMORY_SHARE, bench_avg_pool, BATCH_OF_MAPS, .reads_only = true},
    {"avg-pool-backward.64.32x32.b512", MEMORY_SHARE, bench_avg_pool_backward, BATCH_OF_MAPS},
};
#define BENCH_COUNT (sizeof benches / sizeof benches[0])

int compare_doubles(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_result(const Bench *bench, const double sorted[REPEATS], bool json, bool first) {
    if (json)
        printf(
            "%s\n {\"name\": \"%s\", \"value\": %.6g, \"unit\": \"%s\", \"repeats\": %d, \"min\": %.6g, \"max\": %.6g}",
            first ? "[" : ",", bench->name, sorted[REPEATS / 2], bench->unit, REPEATS, sorted[0], sorted[REPEATS - 1]);
    else
        printf("%-32s %12.5g %-18s (%.5g .. %.5g, %d repeats)\n", bench->name, sorted[REPEATS / 2], bench->unit,
               sorted[0], sorted[REPEATS - 1], REPEATS);
    fflush(stdout);
}

/* Whether the operands, shell patterns, ask for this benchmark; none asks for all. */
static bool bench_wanted(const Bench *bench, const Arguments *arguments) {
    for (int i = 0; i < arguments->operand_count; i++)
        if (fnmatch(arguments->operands[i], bench->name, 0) == 0) return true;
    return arguments->operand_count == 0;
}

static spica_status run(spica_context *context, Console *console, const Arguments *arguments) {
    (void)console;
    const long threads = strtol(spica_options_get(arguments->options, "run.threads"), NULL, 10);
    context_use_threads(context, threads);
    if (arguments->tune) return bench_tune(context);
    bool any = false;
    for (size_t i = 0; i < BENCH_COUNT; i++) {
        if (!bench_wanted(&benches[i], arguments)) continue;
        double values[REPEATS] = {0};
        for (int repeat = 0; repeat < REPEATS; repeat++)
            TRY(benches[i].run(context, &benches[i], &values[repeat]));
        qsort(values, REPEATS, sizeof values[0], compare_doubles);
        print_result(&benches[i], values, arguments->json, !any);
        any = true;
    }
    if (!any)
        return context_fail(context, SPICA_ERROR_OPTION, "bench: no benchmark is called '%s'", arguments->operands[0]);
    if (arguments->json) printf("\n]\n");
    return SPICA_OK;
}

const Command command_bench = {
    .name = "bench",
    .usage = "[NAME|PATTERN]... [--json] [--tune] [--threads N]",
    .summary = "measures throughput of engine, augmentation, search, maps and stages",
    .least = 0,
    .most = OPERANDS_MAX,
    .takes_json = true,
    .takes_tune = true,
    .run = run,
};

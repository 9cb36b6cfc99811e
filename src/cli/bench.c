/* spica bench: throughput of engine, augmentation, search, maps and the methods' stages. The one file of this room that
 * includes the rooms it measures. Every figure is the median of several repeats after a warm-up; a picture is one
 * picture once through the work that the name says. */
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "augment/augment.h"
#include "base/log.h"
#include "cluster/knn.h"
#include "cluster/tsne.h"
#include "command.h"
#include "methods/inference.h"
#include "methods/pica/pica.h"
#include "methods/spice/head.h"
#include "methods/spice/moco.h"
#include "nn/init.h"
#include "nn/losses.h"
#include "nn/plan.h"

#define REPEATS 5
#define SECONDS_PER_REPEAT 2.0

/* What one benchmark needs; the fields that its kind does not use stay zero. */
typedef struct Bench {
    const char *name, *unit;
    Status (*run)(Context *ctx, const struct Bench *bench, double *value); /* one repeat */
    const char *backbone;
    BackboneStem stem;
    int width, side, channels;
    size_t batch;
    int bank; /* stage 2: cached views; -1: the authors' scheme */
} Bench;

/* Pictures of smooth random blobs: speed depends on sizes, not on contents. */
static Status synthetic_dataset(Context *ctx, Dataset *dataset, size_t count, int side, int channels) {
    *dataset = (Dataset){.count = count, .height = side, .width = side, .channels = channels};
    const size_t bytes = count * (size_t)side * (size_t)side * (size_t)channels;
    TRY(NEW_ARRAY(ctx, &dataset->pixels, bytes));
    Random random = random_at(1, RANDOM_TEST, 0, 0, 0);
    for (size_t i = 0; i < bytes; i++)
        dataset->pixels[i] = (uint8_t)(random_word(&random) >> 24);
    return SPICA_OK;
}

static Status bench_spec(Context *ctx, const Bench *bench, ModelSpec *spec) {
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

/* Calls `step` for about SECONDS_PER_REPEAT after two calls of warm-up; *rate: calls a second. */
static Status time_calls(Context *ctx, Status (*step)(Context *ctx, void *state), void *state, double *rate) {
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

/* ---- engine: forward with batch statistics, backward, SGD-momentum update of Linear(D,128) on a backbone ---- */

typedef struct EngineState {
    Net *net;
    Plan *plan;
    Optimiser optimiser;
    float *input, *d_output;
} EngineState;

static Status engine_step(Context *ctx, void *opaque) {
    EngineState *state = opaque;
    TRY(plan_forward(ctx, state->plan, state->input));
    if (state->d_output == NULL) return SPICA_OK;
    const float *d_outputs[1] = {state->d_output};
    TRY(plan_backward(ctx, state->plan, d_outputs));
    optimiser_step(ctx, &state->optimiser, net_params(state->net), 1e-3f);
    return SPICA_OK;
}

static Status engine_open(Context *ctx, const Bench *bench, PlanKind kind, EngineState *state) {
    ModelSpec spec;
    ValueId features, output;
    TRY(bench_spec(ctx, bench, &spec));
    TRY(net_open(ctx, &state->net, spec.channels, spec.height, spec.width));
    TRY(backbone_build(ctx, state->net, &spec.backbone, "", &features, NULL));
    TRY(net_linear(ctx, state->net, features, "projection", 128, &output));
    TRY(net_finish(ctx, state->net));
    init_params(net_params(state->net), INIT_DEFAULT, 0, RANDOM_INIT_BACKBONE);
    params_changed(net_params(state->net));
    const PlanSettings settings = {.kind = kind,
                                   .batch = bench->batch,
                                   .outputs = {output},
                                   .output_count = 1,
                                   .update_running = kind == PLAN_TRAIN};
    TRY(plan_open(ctx, &state->plan, state->net, &settings));
    const OptimiserSettings sgd = {.kind = OPTIMISER_SGD, .momentum = 0.9f, .weight_decay = 1e-4f};
    TRY(optimiser_open(ctx, &state->optimiser, &sgd, net_params(state->net)));
    const size_t pixels = bench->batch * (size_t)(spec.height * spec.width * spec.channels);
    TRY(NEW_ARRAY(ctx, &state->input, pixels));
    Random random = random_at(2, RANDOM_TEST, 0, 0, 0);
    for (size_t i = 0; i < pixels; i++)
        state->input[i] = random_normal(&random);
    if (kind != PLAN_TRAIN) return SPICA_OK;
    TRY(NEW_ARRAY(ctx, &state->d_output, bench->batch * 128));
    for (size_t i = 0; i < bench->batch * 128; i++)
        state->d_output[i] = 1e-4f * random_normal(&random);
    return SPICA_OK;
}

static Status bench_engine(Context *ctx, const Bench *bench, PlanKind kind, double *value) {
    EngineState state = {0};
    Status status = engine_open(ctx, bench, kind, &state);
    if (status == SPICA_OK) status = time_calls(ctx, engine_step, &state, value);
    *value *= (double)bench->batch;
    FREE_ARRAY(ctx, &state.input);
    FREE_ARRAY(ctx, &state.d_output);
    optimiser_close(ctx, &state.optimiser);
    plan_close(ctx, &state.plan);
    net_close(ctx, &state.net);
    return status;
}

static Status bench_train(Context *ctx, const Bench *bench, double *value) {
    return bench_engine(ctx, bench, PLAN_TRAIN, value);
}

static Status bench_infer(Context *ctx, const Bench *bench, double *value) {
    return bench_engine(ctx, bench, PLAN_INFER, value);
}

/* ---- MoCo: whole steps, augmentation included ---- */

static Status moco_call(Context *ctx, void *opaque) {
    MocoTrainer **trainer = opaque;
    double loss, accuracy;
    return moco_step(ctx, *trainer, &loss, &accuracy);
}

static Status bench_moco(Context *ctx, const Bench *bench, double *value) {
    MocoSettings settings = {
        .steps = 100000,
        .batch = bench->batch,
        .queue = 32 * bench->batch,
        .temperature = 0.2f,
        .momentum = 0.999f,
        .bn_groups = 4,
        .optimiser = {.kind = OPTIMISER_SGD, .momentum = 0.9f, .weight_decay = 1e-4f},
        .learning_rate = 0.015f,
        .schedule = SCHEDULE_COSINE,
        .policy = policy_default(POLICY_MOCO, bench->channels),
    };
    Dataset dataset = {0};
    MocoTrainer *trainer = NULL;
    Status status = bench_spec(ctx, bench, &settings.model);
    settings.model.projection = 128;
    if (status == SPICA_OK) status = synthetic_dataset(ctx, &dataset, 64 * bench->batch, bench->side, bench->channels);
    if (status == SPICA_OK) status = moco_open(ctx, &trainer, &settings, &dataset, NULL);
    if (status == SPICA_OK) status = time_calls(ctx, moco_call, &trainer, value);
    moco_close(ctx, &trainer);
    dataset_close(ctx, &dataset);
    return status;
}

/* ---- PICA: whole steps, and what its loss and heads take of them ---- */

#define PICA_OVERCLUSTERS 70

static PicaSettings pica_bench_settings(const Bench *bench) {
    PicaSettings settings = {
        .epochs = 1e6,
        .turn = 1e-6, /* the heads take turns by steps */
        .batch = bench->batch,
        .repeats = 3,
        .entropy_weight = 2.0f,
        .optimiser = {.kind = OPTIMISER_ADAM},
        .learning_rate = 1e-4f,
        .original = policy_default(POLICY_NONE, bench->channels),
        .perturbed = policy_default(POLICY_PICA, bench->channels),
    };
    settings.original.sobel = 1;
    return settings;
}

static Status pica_call(Context *ctx, void *opaque) {
    PicaTrainer **trainer = opaque;
    PicaStep report;
    return pica_step(ctx, *trainer, &report);
}

static Status bench_pica(Context *ctx, const Bench *bench, double *value) {
    PicaSettings settings = pica_bench_settings(bench);
    Dataset dataset = {0};
    PicaTrainer *trainer = NULL;
    Status status = bench_spec(ctx, bench, &settings.model);
    settings.model.sobel = settings.model.head_linear = 1;
    settings.model.channels = 2;
    settings.model.clusters = 10;
    settings.model.overclusters = PICA_OVERCLUSTERS;
    if (status == SPICA_OK) status = synthetic_dataset(ctx, &dataset, 8 * bench->batch, bench->side, bench->channels);
    if (status == SPICA_OK) status = pica_open(ctx, &trainer, &settings, &dataset, NULL);
    if (status == SPICA_OK) status = time_calls(ctx, pica_call, &trainer, value);
    pica_close(ctx, &trainer);
    dataset_close(ctx, &dataset);
    return status;
}

/* Both heads on ready features, and the loss of the larger one: what a step does behind its backbone. */
typedef struct PicaTop {
    size_t rows, batch; /* originals and copies together; originals */
    Net *net;
    Plan *plan;
    Pui pui;
    float *features, *probabilities, *d_logits;
} PicaTop;

static Status pica_top_call(Context *ctx, void *opaque) {
    PicaTop *top = opaque;
    const size_t originals = top->batch * PICA_OVERCLUSTERS;
    const float *d_outputs[] = {NULL, top->d_logits};
    TRY(plan_forward(ctx, top->plan, top->features));
    softmax_rows(top->probabilities, plan_output(top->plan, 1), top->rows, PICA_OVERCLUSTERS, 1.0f);
    pui_loss(&top->pui, top->probabilities, top->probabilities + originals, 2.0f, top->d_logits,
             top->d_logits + originals);
    softmax_rows_backward(top->d_logits, top->d_logits, top->probabilities, top->rows, PICA_OVERCLUSTERS);
    return plan_backward(ctx, top->plan, d_outputs);
}

static Status pica_top_open(Context *ctx, PicaTop *top, int dimension) {
    PlanSettings plan = {.kind = PLAN_TRAIN, .batch = top->rows, .output_count = 2};
    TRY(net_open(ctx, &top->net, dimension, 1, 1));
    TRY(net_linear(ctx, top->net, net_input(top->net), "head.0", 10, &plan.outputs[0]));
    TRY(net_linear(ctx, top->net, net_input(top->net), "overclustering_head.0", PICA_OVERCLUSTERS, &plan.outputs[1]));
    TRY(net_finish(ctx, top->net));
    init_params(net_params(top->net), INIT_DEFAULT, 0, RANDOM_INIT_HEAD);
    params_changed(net_params(top->net));
    TRY(plan_open(ctx, &top->plan, top->net, &plan));
    TRY(pui_open(ctx, &top->pui, top->batch, top->rows / top->batch - 1, PICA_OVERCLUSTERS));
    TRY(NEW_ARRAY(ctx, &top->features, top->rows * (size_t)dimension));
    TRY(NEW_ARRAY(ctx, &top->probabilities, top->rows * PICA_OVERCLUSTERS));
    TRY(NEW_ARRAY(ctx, &top->d_logits, top->rows * PICA_OVERCLUSTERS));
    Random random = random_at(1, RANDOM_TEST, 0, 0, 0);
    for (size_t i = 0; i < top->rows * (size_t)dimension; i++)
        top->features[i] = random_uniform(&random);
    return SPICA_OK;
}

/* Per cent of a whole step. */
static Status bench_pica_top(Context *ctx, const Bench *bench, double *value) {
    PicaTop top = {.batch = bench->batch, .rows = 4 * bench->batch};
    double tops = 0.0, steps = 0.0;
    Status status = pica_top_open(ctx, &top, 8 * bench->width);
    if (status == SPICA_OK) status = time_calls(ctx, pica_top_call, &top, &tops);
    if (status == SPICA_OK) status = bench_pica(ctx, bench, &steps);
    *value = 100.0 * steps / tops;
    FREE_ARRAY(ctx, &top.features);
    FREE_ARRAY(ctx, &top.probabilities);
    FREE_ARRAY(ctx, &top.d_logits);
    pui_close(ctx, &top.pui);
    plan_close(ctx, &top.plan);
    net_close(ctx, &top.net);
    return status;
}

/* ---- augmentation ---- */

typedef struct AugmentState {
    Policy policy;
    Dataset dataset;
    int64_t rows[256];
    ViewKey key;
    float *output;
} AugmentState;

static Status augment_call(Context *ctx, void *opaque) {
    AugmentState *state = opaque;
    state->key.step++;
    return augment_batch(ctx, &state->policy, &state->dataset, state->rows, 256, state->key, state->output);
}

static Status bench_augment(Context *ctx, const Bench *bench, double *value) {
    AugmentState state = {.policy = policy_default(POLICY_MOCO, bench->channels), .key = {.purpose = RANDOM_TEST}};
    for (int i = 0; i < 256; i++)
        state.rows[i] = i;
    Status status = synthetic_dataset(ctx, &state.dataset, 256, bench->side, bench->channels);
    if (status == SPICA_OK)
        status = NEW_ARRAY(ctx, &state.output, 256 * (size_t)(bench->side * bench->side * bench->channels));
    const int threads = ctx->threads;
    ctx->threads = 1;
    if (status == SPICA_OK) status = time_calls(ctx, augment_call, &state, value);
    ctx->threads = threads;
    *value *= 256.0;
    FREE_ARRAY(ctx, &state.output);
    dataset_close(ctx, &state.dataset);
    return status;
}

/* ---- nearest neighbours: one search ---- */

static Status bench_knn(Context *ctx, const Bench *bench, double *value) {
    const size_t count = bench->batch, dim = (size_t)bench->width, k = 100;
    float *points = NULL;
    int32_t *neighbours = NULL;
    Status status = NEW_ARRAY(ctx, &points, count * dim);
    if (status == SPICA_OK) status = NEW_ARRAY(ctx, &neighbours, count * k);
    if (status == SPICA_OK) {
        Random random = random_at(3, RANDOM_TEST, 0, 0, 0);
        for (size_t i = 0; i < count * dim; i++)
            points[i] = random_normal(&random);
        normalize_rows(points, count, dim, NULL);
        const double start = clock_seconds();
        status = knn_search(ctx, neighbours, NULL, points, count, points, count, dim, k);
        *value = clock_seconds() - start;
    }
    FREE_ARRAY(ctx, &points);
    FREE_ARRAY(ctx, &neighbours);
    return status;
}

/* ---- t-SNE: one map of embeddings in 10 clouds ---- */

static Status bench_tsne(Context *ctx, const Bench *bench, double *value) {
    const size_t count = bench->batch, dim = (size_t)bench->width;
    const TsneSettings settings = tsne_default();
    float *points = NULL, *map = NULL;
    Status status = NEW_ARRAY(ctx, &points, count * dim);
    if (status == SPICA_OK) status = NEW_ARRAY(ctx, &map, 2 * count);
    for (size_t row = 0; status == SPICA_OK && row < count; row++) {
        Random noise = random_at(4, RANDOM_TEST, row, 0, 0), centre = random_at(4, RANDOM_TEST, row % 10, 1, 0);
        for (size_t d = 0; d < dim; d++)
            points[row * dim + d] = random_normal(&centre) + random_normal(&noise);
    }
    if (status == SPICA_OK) {
        normalize_rows(points, count, dim, NULL);
        const double start = clock_seconds();
        status = tsne_run(ctx, map, &settings, points, count, dim, NULL);
        *value = clock_seconds() - start;
    }
    FREE_ARRAY(ctx, &points);
    FREE_ARRAY(ctx, &map);
    return status;
}

/* ---- stage 2: one epoch of 10 heads ---- */

/* The authors' scheme: every head sends its own selected pictures through the backbone in every pass: 1 weak and
 * 10 x 8 strong passes per picture. Only the passes are timed; the heads' own work is left out in its favour. */
static Status authors_epoch(Context *ctx, Model *model, const Dataset *dataset, const HeadSettings *settings,
                            float *features) {
    for (uint32_t pass = 0; pass < 1 + 10 * 8; pass++) {
        const Policy *policy = pass == 0 ? &settings->weak : &settings->strong;
        const ViewKey key = {.purpose = RANDOM_TEST, .view = pass};
        TRY(infer_rows(ctx, model, dataset, NULL, dataset->count, policy, key, settings->inference_batch, NULL,
                       features, NULL));
    }
    return SPICA_OK;
}

/* One to warm up and three to measure: about 1.5 s each, where filling the bank takes ten times as long. */
#define BANK_EPOCHS 4

static HeadSettings head_bench_settings(const Bench *bench) {
    return (HeadSettings){
        .clusters = 10,
        .count = 10,
        .epochs = bench->bank > 0 ? BANK_EPOCHS : 1,
        .estep = 5000,
        .batch = 128,
        .passes = 8,
        .confident_ratio = 0.5,
        .overlap = true,
        .loss = CE_DOUBLE_SOFTMAX,
        .bank = bench->bank,
        .optimiser = {.kind = OPTIMISER_ADAM},
        .learning_rate = 0.005f,
        .weak = policy_default(POLICY_WEAK, bench->channels),
        .strong = policy_default(POLICY_STRONG, bench->channels),
        .plain = policy_default(POLICY_NONE, bench->channels),
        .inference_batch = 128,
    };
}

/* When the first and the latest epoch of a run ended. */
typedef struct EpochClock {
    double first, latest;
} EpochClock;

static Status note_epoch(Context *ctx, void *user, int64_t epoch, const float *const *logits, const HeadScore *scores) {
    EpochClock *epochs = user;
    (void)ctx, (void)logits, (void)scores;
    epochs->latest = clock_seconds();
    if (epoch == 0) epochs->first = epochs->latest;
    return SPICA_OK;
}

/* Seconds of one epoch of ours. Fresh views: a run of one epoch, from its beginning to its end. A bank of views: the
 * mean of the epochs behind the first; filling the bank is left out, since it is done once, and takes as long as the
 * fresh views of `bank` epochs. */
static Status our_epoch(Context *ctx, Model *model, const Dataset *dataset, const HeadSettings *settings,
                        const float *features, double *seconds) {
    HeadResult result = {0};
    EpochClock epochs = {0};
    const double start = clock_seconds();
    const Status status = head_train(ctx, settings, dataset, model, features, note_epoch, &epochs, &result);
    *seconds =
        settings->bank > 0 ? (epochs.latest - epochs.first) / (double)(settings->epochs - 1) : clock_seconds() - start;
    head_result_close(ctx, &result);
    return status;
}

/* Seconds per 10,000 pictures of one epoch. */
static Status time_head(Context *ctx, const Bench *bench, Model *model, const Dataset *dataset, float *features,
                        double *value) {
    const HeadSettings settings = head_bench_settings(bench);
    const ViewKey key = {0};
    if (bench->bank < 0) {
        const double start = clock_seconds();
        TRY(authors_epoch(ctx, model, dataset, &settings, features));
        *value = clock_seconds() - start;
    } else {
        TRY(infer_rows(ctx, model, dataset, NULL, dataset->count, &settings.plain, key, 128, NULL, features, NULL));
        TRY(our_epoch(ctx, model, dataset, &settings, features, value));
    }
    *value *= 10000.0 / (double)dataset->count;
    return SPICA_OK;
}

static Status bench_head(Context *ctx, const Bench *bench, double *value) {
    ModelSpec spec;
    Model model = {0};
    Dataset dataset = {0};
    float *features = NULL;
    Status status = bench_spec(ctx, bench, &spec);
    if (status == SPICA_OK) status = model_open(ctx, &model, &spec);
    if (status == SPICA_OK) {
        init_params(net_params(model.net), INIT_DEFAULT, 0, RANDOM_INIT_BACKBONE);
        params_changed(net_params(model.net));
        status = synthetic_dataset(ctx, &dataset, bench->batch, bench->side, bench->channels);
    }
    if (status == SPICA_OK) status = NEW_ARRAY(ctx, &features, dataset.count * (size_t)model.dimension);
    if (status == SPICA_OK) status = time_head(ctx, bench, &model, &dataset, features, value);
    FREE_ARRAY(ctx, &features);
    dataset_close(ctx, &dataset);
    model_close(ctx, &model);
    return status;
}

#define RESNET18(w, s) .backbone = "resnet18", .stem = STEM_CIFAR, .width = (w), .side = (s), .channels = 3

static const Bench benches[] = {
    {"train.resnet18.w64.32x32.b128", "pictures/s", bench_train, RESNET18(64, 32), .batch = 128},
    {"train.resnet18.w16.32x32.b128", "pictures/s", bench_train, RESNET18(16, 32), .batch = 128},
    {"infer.resnet18.w64.32x32.b128", "pictures/s", bench_infer, RESNET18(64, 32), .batch = 128},
    {"infer.resnet18.w16.32x32.b128", "pictures/s", bench_infer, RESNET18(16, 32), .batch = 128},
    {"moco.resnet18.w64.32x32.b128", "steps/s", bench_moco, RESNET18(64, 32), .batch = 128},
    {"moco.resnet18.w16.32x32.b128", "steps/s", bench_moco, RESNET18(16, 32), .batch = 128},
    {"pica.resnet18.w64.32x32.b64r3", "steps/s", bench_pica, RESNET18(64, 32), .batch = 64},
    {"pica.resnet18.w16.32x32.b64r3", "steps/s", bench_pica, RESNET18(16, 32), .batch = 64},
    {"pica.top.w64.32x32.b64r3", "% of a step", bench_pica_top, RESNET18(64, 32), .batch = 64},
    {"pica.top.w16.32x32.b64r3", "% of a step", bench_pica_top, RESNET18(16, 32), .batch = 64},
    {"augment.moco.32x32", "pictures/s/core", bench_augment, RESNET18(16, 32)},
    {"knn.60000x512.k100", "seconds", bench_knn, .batch = 60000, .width = 512},
    {"tsne.10000x512", "seconds", bench_tsne, .batch = 10000, .width = 512},
    {"head.epoch.authors", "s/10,000 pictures", bench_head, RESNET18(16, 32), .batch = 1000, .bank = -1},
    {"head.epoch.fresh", "s/10,000 pictures", bench_head, RESNET18(16, 32), .batch = 10000, .bank = 0},
    {"head.epoch.bank", "s/10,000 pictures", bench_head, RESNET18(16, 32), .batch = 10000, .bank = 2},
};
#define BENCH_COUNT (sizeof benches / sizeof benches[0])

static int compare_doubles(const void *a, const void *b) {
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
    if (threads > 0) context->threads = (int)threads; /* the option's bounds hold */
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
    .usage = "[NAME|PATTERN]... [--json] [--threads N]",
    .summary = "measures throughput of engine, augmentation, search, maps and stages",
    .least = 0,
    .most = OPERANDS_MAX,
    .takes_json = true,
    .run = run,
};

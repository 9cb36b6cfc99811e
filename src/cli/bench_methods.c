/* The methods under spica bench: whole steps of MoCo, PICA and FixMatch, an epoch of stage 2. */
#include "bench_parts.h"

#include "base/log.h"
#include "base/random.h"
#include "methods/inference.h"
#include "methods/pica/pica.h"
#include "methods/spice/head.h"
#include "methods/spice/joint.h"
#include "methods/spice/moco.h"
#include "nn/init.h"
#include "nn/losses.h"
#include "nn/plan.h"

/* ---- MoCo: whole steps, augmentation included ---- */

static Status moco_call(Context *ctx, void *opaque) {
    MocoTrainer **trainer = opaque;
    double loss, accuracy;
    return moco_step(ctx, *trainer, &loss, &accuracy);
}

Status bench_moco(Context *ctx, const Bench *bench, double *value) {
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
    /* a queue holds a quarter of the pictures at most */
    if (status == SPICA_OK) status = synthetic_dataset(ctx, &dataset, 4 * settings.queue, bench->side, bench->channels);
    if (status == SPICA_OK) status = moco_open(ctx, &trainer, &settings, &dataset, NULL);
    if (status == SPICA_OK) status = time_calls(ctx, moco_call, &trainer, value);
    moco_close(ctx, &trainer);
    dataset_close(ctx, &dataset);
    return status;
}

/* ---- FixMatch: whole steps of stage 3 ---- */

#define FIXMATCH_CLUSTERS 10

static Status fixmatch_call(Context *ctx, void *opaque) {
    JointTrainer **trainer = opaque;
    JointStep report;
    return joint_step(ctx, *trainer, &report);
}

static JointSettings fixmatch_settings(const Bench *bench) {
    return (JointSettings){
        .steps = 100000,
        .batch = bench->batch,
        .ratio = 7,
        .threshold = 0.95f,
        .unlabelled_weight = 1.0f,
        .bn_groups = 1,
        .ema = 0.999f,
        .optimiser = {.kind = OPTIMISER_SGD, .momentum = 0.9f, .nesterov = true, .weight_decay = 5e-4f},
        .learning_rate = 0.03f,
        .weak = policy_default(POLICY_WEAK, bench->channels),
        .strong = policy_default(POLICY_STRONG, bench->channels),
    };
}

Status bench_fixmatch(Context *ctx, const Bench *bench, double *value) {
    JointSettings settings = fixmatch_settings(bench);
    const size_t count = 64 * bench->batch;
    Dataset dataset = {0};
    JointTrainer *trainer = NULL;
    int32_t *reliable = NULL;
    Status status = bench_spec(ctx, bench, &settings.model);
    settings.model.clusters = FIXMATCH_CLUSTERS;
    if (status == SPICA_OK) status = synthetic_dataset(ctx, &dataset, count, bench->side, bench->channels);
    if (status == SPICA_OK) status = NEW_ARRAY(ctx, &reliable, count);
    for (size_t i = 0; status == SPICA_OK && i < count; i++)
        reliable[i] = (int32_t)(i % FIXMATCH_CLUSTERS);
    if (status == SPICA_OK) status = joint_open(ctx, &trainer, &settings, &dataset, reliable, NULL);
    if (status == SPICA_OK) status = time_calls(ctx, fixmatch_call, &trainer, value);
    joint_close(ctx, &trainer);
    FREE_ARRAY(ctx, &reliable);
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

Status bench_pica(Context *ctx, const Bench *bench, double *value) {
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
Status bench_pica_top(Context *ctx, const Bench *bench, double *value) {
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

Status bench_head(Context *ctx, const Bench *bench, double *value) {
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

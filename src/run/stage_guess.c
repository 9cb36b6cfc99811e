#include "run/stage_guess.h"

#include <math.h>

#include "base/log.h"
#include "methods/inference.h"
#include "run/predict.h"

/* In passes of the network in evaluation mode: forward with batch statistics, and with the backward direction and the
 * optimiser's step. Of resnet18 at widths 16 and 64 `spica bench` has 4.3 to 4.8 for the latter. */
#define FORWARD_PASSES 1.3
#define TRAIN_PASSES 4.5
/* The same of a clustering head, whose optimiser is a larger part. */
#define HEAD_TRAIN_PASSES 4.0

/* Pictures of a first, small batch and of a large one, and how many large ones there are at least. */
#define FEW_PICTURES ((size_t)32)
#define MANY_PICTURES ((size_t)128)
#define BATCHES_LEAST 3.0
/* Pictures that views are measured on. */
#define GUESS_VIEWS 256
/* Rows of a thread that a head is measured on at most, and multiplications: less is over before all threads are at
 * work. */
#define GUESS_ROWS ((size_t)4096)
#define GUESS_WORK ((size_t)1 << 27)

/* When the first batch of a pass was done, and the last: before the first one memory is touched and weights are laid
 * out. */
typedef struct BatchTimes {
    double first, last; /* clock */
} BatchTimes;

static Status note_time(Context *ctx, void *user, const Plan *plan, size_t first, size_t count) {
    BatchTimes *times = user;
    (void)ctx, (void)plan, (void)count;
    times->last = clock_seconds();
    if (first == 0) times->first = times->last;
    return SPICA_OK;
}

/* Seconds per picture of the batches behind the first. */
static Status time_batches(Context *ctx, Model *model, const Dataset *dataset, size_t batch, size_t count,
                           double *seconds) {
    BatchTimes times = {0};
    const InferTaker taker = {.values = {model->features}, .value_count = 1, .take = note_time, .user = &times};
    Policy policy;
    TRY(predict_policy(ctx, &model->spec, dataset, &policy));
    TRY(infer_values(ctx, model, dataset, NULL, count, &policy, (ViewKey){0}, batch, NULL, &taker));
    *seconds = (times.last - times.first) / (double)(count - batch);
    return SPICA_OK;
}

/* Two small batches and, where patience has not ended by then, large ones until it has. */
static Status time_picture(Context *ctx, Model *model, const Dataset *dataset, double patience, double *seconds) {
    const size_t few = dataset->count < 2 * FEW_PICTURES ? dataset->count / 2 : FEW_PICTURES;
    const size_t whole = dataset->count / MANY_PICTURES;
    TRY(time_batches(ctx, model, dataset, few, 2 * few, seconds));
    if (*seconds * (double)few > patience || (double)whole < BATCHES_LEAST) return SPICA_OK;
    const double wanted = 1.0 + patience / fmax(*seconds * (double)MANY_PICTURES, 1e-9);
    const double batches = floor(fmin(fmax(wanted, BATCHES_LEAST), (double)whole));
    return time_batches(ctx, model, dataset, MANY_PICTURES, (size_t)batches * MANY_PICTURES, seconds);
}

Status guess_pass(Context *ctx, const ModelSpec *spec, const Dataset *dataset, double patience, PassCost *pass) {
    Model model = {0};
    Status status = model_open(ctx, &model, spec); /* weights of zero: they cost the same whatever they are */
    if (status == SPICA_OK) status = time_picture(ctx, &model, dataset, patience, &pass->seconds);
    pass->dimension = (size_t)model.dimension;
    model_close(ctx, &model);
    return status;
}

/* Seconds per view under a policy, added to *seconds. */
static Status add_view(Context *ctx, const Policy *policy, const Dataset *dataset, double views, double *seconds) {
    const size_t count = dataset->count < GUESS_VIEWS ? dataset->count : GUESS_VIEWS;
    const size_t side = (size_t)policy->size;
    const size_t area = side > 0 ? side * side : (size_t)dataset->height * (size_t)dataset->width;
    int64_t *rows = NULL;
    float *output = NULL;
    Status status = NEW_ARRAY(ctx, &rows, count);
    if (status == SPICA_OK)
        status = NEW_ARRAY(ctx, &output, count * area * (size_t)policy_channels(policy, dataset->channels));
    for (size_t i = 0; status == SPICA_OK && i < count; i++)
        rows[i] = (int64_t)i;
    const double started = clock_seconds();
    if (status == SPICA_OK) status = augment_batch(ctx, policy, dataset, rows, count, (ViewKey){0}, output);
    *seconds += views * (clock_seconds() - started) / (double)count;
    FREE_ARRAY(ctx, &rows);
    FREE_ARRAY(ctx, &output);
    return status;
}

Status guess_features(Context *ctx, const MocoSettings *settings, const Dataset *dataset, const PassCost *pass,
                      StageRates *rates) {
    const double batch = (double)settings->batch, sides = settings->symmetric ? 2.0 : 1.0;
    rates->features_step = batch * sides * (TRAIN_PASSES + FORWARD_PASSES) * pass->seconds;
    return add_view(ctx, &settings->policy, dataset, 2.0 * batch, &rates->features_step);
}

/* Seconds per row of a head's forward direction, all threads at work. */
static Status time_head_row(Context *ctx, const HeadSettings *settings, size_t dim, double *seconds) {
    const size_t hidden = settings->hidden > 0 ? (size_t)settings->hidden : dim, clusters = settings->clusters;
    const size_t work = hidden * (dim + clusters); /* multiplications of a row */
    const size_t least = GUESS_WORK / work < GUESS_ROWS ? GUESS_WORK / work : GUESS_ROWS;
    const size_t rows = (least > 0 ? least : 1) * (size_t)ctx->threads;
    float *weights = NULL, *features = NULL, *logits = NULL;
    Status status = NEW_ZEROED(ctx, &weights, hidden * (dim + 1) + clusters * (hidden + 1));
    if (status == SPICA_OK) status = NEW_ZEROED(ctx, &features, rows * dim);
    if (status == SPICA_OK) status = NEW_ARRAY(ctx, &logits, rows * clusters);
    /* The first call warms up. */
    for (int call = 0; status == SPICA_OK && call < 2; call++) {
        const double started = clock_seconds();
        status = head_apply(ctx, weights, features, rows, dim, hidden, clusters, logits);
        *seconds = (clock_seconds() - started) / (double)rows;
    }
    FREE_ARRAY(ctx, &weights);
    FREE_ARRAY(ctx, &features);
    FREE_ARRAY(ctx, &logits);
    return status;
}

/* Of one weak and one strong view of every picture. */
static Status time_head_views(Context *ctx, const HeadSettings *settings, const Dataset *dataset, const PassCost *pass,
                              double *seconds) {
    *seconds = (1.0 + (settings->train_bn ? FORWARD_PASSES : 1.0)) * pass->seconds;
    if (settings->train_backbone) *seconds += (double)settings->passes * TRAIN_PASSES * pass->seconds;
    TRY(add_view(ctx, &settings->weak, dataset, 1.0, seconds));
    TRY(add_view(ctx, &settings->strong, dataset, 1.0, seconds));
    *seconds *= (double)dataset->count;
    return SPICA_OK;
}

Status guess_head(Context *ctx, const HeadSettings *settings, const Dataset *dataset, const PassCost *pass,
                  StageRates *rates) {
    const double heads = (double)settings->count, pictures = (double)dataset->count;
    const bool moves = settings->train_bn || settings->train_backbone;
    double row, views;
    TRY(time_head_row(ctx, settings, pass->dimension, &row));
    TRY(time_head_views(ctx, settings, dataset, pass, &views));
    /* Labelling, training, and judging on the untouched pictures. */
    rates->head_epoch = heads * pictures * row * (1.0 + HEAD_TRAIN_PASSES * (double)settings->passes + 1.0);
    if (moves) rates->head_epoch += pictures * pass->seconds; /* the untouched pictures once more */
    if (settings->bank > 0 && !moves)
        rates->head_start = (double)settings->bank * views;
    else
        rates->head_epoch += views;
    return SPICA_OK;
}

Status guess_joint(Context *ctx, const JointSettings *settings, const Dataset *dataset, const PassCost *pass,
                   StageRates *rates) {
    const double labelled = (double)settings->batch, unlabelled = labelled * (double)settings->ratio;
    const double weak = settings->one_forward ? TRAIN_PASSES : FORWARD_PASSES;
    rates->joint_step = ((labelled + unlabelled) * TRAIN_PASSES + unlabelled * weak) * pass->seconds;
    TRY(add_view(ctx, &settings->weak, dataset, labelled + unlabelled, &rates->joint_step));
    return add_view(ctx, &settings->strong, dataset, unlabelled, &rates->joint_step);
}

Status guess_scan(Context *ctx, const ScanSettings *settings, const Dataset *dataset, const PassCost *pass,
                  StageRates *rates) {
    const double views = 2.0 * (double)settings->batch;
    rates->scan_step = views * TRAIN_PASSES * pass->seconds;
    return add_view(ctx, &settings->strong, dataset, views, &rates->scan_step);
}

Status guess_self_label(Context *ctx, const SelfLabelSettings *settings, const Dataset *dataset, const PassCost *pass,
                        StageRates *rates) {
    const double batch = (double)settings->batch;
    rates->label_step = batch * (FORWARD_PASSES + TRAIN_PASSES) * pass->seconds;
    return add_view(ctx, &settings->strong, dataset, batch, &rates->label_step);
}

Status guess_pica(Context *ctx, const PicaSettings *settings, const Dataset *dataset, const PassCost *pass,
                  StageRates *rates) {
    const double originals = (double)settings->batch, copies = originals * (double)settings->repeats;
    rates->pica_step = (originals + copies) * TRAIN_PASSES * pass->seconds;
    TRY(add_view(ctx, &settings->original, dataset, originals, &rates->pica_step));
    return add_view(ctx, &settings->perturbed, dataset, copies, &rates->pica_step);
}

#include "run/stage_rates.h"

#include "base/log.h"
#include "methods/partition/partition_input.h"
#include "nn/init.h"

/* Steps before the clock starts: memory is touched, weights are laid out. */
#define WARM_UP 2
/* No more is needed for a mean. */
#define STEPS_MOST 200

/* Seconds per call of `step`. The trainers are measured at a learning rate of 0: it costs the same, and steps beyond
 * the end of a short schedule cannot diverge. */
static Status time_steps(Context *ctx, Status (*step)(Context *ctx, void *trainer), void *trainer, double patience,
                         double *seconds) {
    for (int i = 0; i < WARM_UP; i++)
        TRY(step(ctx, trainer));
    const double started = clock_seconds();
    double elapsed = 0.0;
    int steps = 0;
    while (steps < 2 || (elapsed < patience && steps < STEPS_MOST)) {
        TRY(context_check_cancel(ctx));
        TRY(step(ctx, trainer));
        steps++;
        elapsed = clock_seconds() - started;
    }
    *seconds = elapsed / steps;
    return SPICA_OK;
}

static Status moco_call(Context *ctx, void *trainer) {
    double loss, accuracy;
    return moco_step(ctx, trainer, &loss, &accuracy);
}

Status rate_features(Context *ctx, const MocoSettings *settings, const Dataset *dataset, const Dataset *auxiliary,
                     double patience, StageRates *rates) {
    MocoTrainer *trainer = NULL;
    MocoSettings still = *settings;
    still.learning_rate = 0.0f;
    Status status = moco_open(ctx, &trainer, &still, dataset, auxiliary);
    if (status == SPICA_OK) status = time_steps(ctx, moco_call, trainer, patience, &rates->features_step);
    moco_close(ctx, &trainer);
    return status;
}

static Status joint_call(Context *ctx, void *trainer) {
    JointStep report;
    return joint_step(ctx, trainer, &report);
}

Status rate_joint(Context *ctx, const JointSettings *settings, const Dataset *dataset, double patience,
                  StageRates *rates) {
    JointTrainer *trainer = NULL;
    JointSettings still = *settings;
    still.learning_rate = 0.0f;
    int32_t *labels;
    TRY(NEW_ARRAY(ctx, &labels, dataset->count));
    /* Any labels cost the same. */
    for (size_t i = 0; i < dataset->count; i++)
        labels[i] = (int32_t)(i % (size_t)settings->model.clusters);
    Status status = joint_open(ctx, &trainer, &still, dataset, labels, NULL);
    if (status == SPICA_OK) status = time_steps(ctx, joint_call, trainer, patience, &rates->joint_step);
    joint_close(ctx, &trainer);
    FREE_ARRAY(ctx, &labels);
    return status;
}

/* Weights cost the same whatever they are. */
static Status open_random(Context *ctx, Model *model, const ModelSpec *spec) {
    TRY(model_open(ctx, model, spec));
    init_params(net_params(model->net), INIT_DEFAULT, 0, RANDOM_INIT_BACKBONE);
    params_changed(net_params(model->net));
    return SPICA_OK;
}

static Status scan_call(Context *ctx, void *trainer) {
    ScanLoss loss;
    return scan_step(ctx, trainer, &loss);
}

Status rate_scan(Context *ctx, const ScanSettings *settings, const Dataset *dataset, double patience,
                 StageRates *rates) {
    ScanTrainer *trainer = NULL;
    ScanSettings still = *settings;
    ModelSpec backbone = settings->model;
    Model features = {0};
    int32_t *neighbours;
    still.learning_rate = 0.0f;
    backbone.clusters = 0;
    TRY(NEW_ARRAY(ctx, &neighbours, dataset->count));
    for (size_t i = 0; i < dataset->count; i++)
        neighbours[i] = (int32_t)i; /* any of them costs the same */
    Status status = open_random(ctx, &features, &backbone);
    if (status == SPICA_OK) status = scan_open(ctx, &trainer, &still, dataset, neighbours, 1, &features);
    if (status == SPICA_OK) status = time_steps(ctx, scan_call, trainer, patience, &rates->scan_step);
    scan_close(ctx, &trainer);
    model_close(ctx, &features);
    FREE_ARRAY(ctx, &neighbours);
    return status;
}

static Status label_call(Context *ctx, void *trainer) {
    SelfLabelStep report;
    return self_label_step(ctx, trainer, &report);
}

Status rate_self_label(Context *ctx, const SelfLabelSettings *settings, const Dataset *dataset, double patience,
                       StageRates *rates) {
    SelfLabelTrainer *trainer = NULL;
    SelfLabelSettings still = *settings;
    Model start = {0};
    still.learning_rate = 0.0f;
    still.threshold = 0.0f; /* every picture is sure: a step has its whole cost */
    Status status = open_random(ctx, &start, &settings->model);
    if (status == SPICA_OK) status = self_label_open(ctx, &trainer, &still, dataset, &start);
    if (status == SPICA_OK) status = time_steps(ctx, label_call, trainer, patience, &rates->label_step);
    self_label_close(ctx, &trainer);
    model_close(ctx, &start);
    return status;
}

/* More would take long where the cost is of the square of their number. */
#define PARTITION_PICTURES 1000

/* rows[count x dim] from pixels[count x values]: evenly spaced columns, some of them several times. */
static void rows_resample(float *rows, const float *pixels, size_t count, size_t values, size_t dim) {
    for (size_t row = 0; row < count; row++)
        for (size_t d = 0; d < dim; d++)
            rows[row * dim + d] = pixels[row * values + d * values / dim];
}

static Status time_partition(Context *ctx, const PartitionSettings *settings, const float *rows, size_t count,
                             size_t dim, double *seconds) {
    PartitionModel model = {0};
    PartitionReport report = {0};
    int32_t *labels;
    TRY(NEW_ARRAY(ctx, &labels, count));
    const Status status = partition_fit(ctx, settings, rows, count, dim, labels, &model, &report);
    *seconds = report.seconds;
    partition_model_close(ctx, &model);
    FREE_ARRAY(ctx, &labels);
    return status;
}

Status rate_partition(Context *ctx, const PartitionSettings *settings, const Dataset *dataset, size_t dim,
                      StageRates *rates) {
    const size_t values = (size_t)dataset->height * (size_t)dataset->width * (size_t)dataset->channels;
    const bool quadratic = !partition_assigns(settings->kind); /* pairs of pictures */
    Dataset part = *dataset;
    PartitionSettings timed = *settings;
    float *pixels = NULL, *rows = NULL;
    if (part.count > PARTITION_PICTURES) part.count = PARTITION_PICTURES;
    if (timed.clusters > part.count / 4 + 2) timed.clusters = part.count / 4 + 2;
    if (timed.clusters > dim) timed.clusters = dim; /* NMF's components */
    if (timed.clusters > part.count) timed.clusters = part.count;
    Status status = partition_pixels(ctx, &part, &pixels);
    if (status == SPICA_OK) status = NEW_ARRAY(ctx, &rows, part.count * dim);
    if (status == SPICA_OK) rows_resample(rows, pixels, part.count, values, dim);
    if (status == SPICA_OK) status = time_partition(ctx, &timed, rows, part.count, dim, &rates->partition);
    FREE_ARRAY(ctx, &pixels);
    FREE_ARRAY(ctx, &rows);
    const double scale = (double)dataset->count / (double)part.count;
    rates->partition *= (quadratic ? scale * scale : scale) * (double)settings->clusters / (double)timed.clusters;
    return status;
}

static Status pica_call(Context *ctx, void *trainer) {
    PicaStep report;
    return pica_step(ctx, trainer, &report);
}

Status rate_pica(Context *ctx, const PicaSettings *settings, const Dataset *dataset, const Dataset *auxiliary,
                 double patience, StageRates *rates) {
    PicaTrainer *trainer = NULL;
    PicaSettings still = *settings;
    still.learning_rate = 0.0f;
    Status status = pica_open(ctx, &trainer, &still, dataset, auxiliary);
    if (status == SPICA_OK) status = time_steps(ctx, pica_call, trainer, patience, &rates->pica_step);
    pica_close(ctx, &trainer);
    return status;
}

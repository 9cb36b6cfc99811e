#include "methods/spice/labelled_head.h"

#include <math.h>

#include "cluster/blas_threads.h"
#include "methods/order_walk.h"
#include "methods/spice/head_mlp.h"
#include "nn/init.h"

/* Zeroed may be closed. */
typedef struct LabelledHead {
    HeadBlock block; /* of one head */
    Optimiser optimiser;
    HeadStepWork step;
    OrderWalk walk;
    int32_t *rows; /* labelled rows, in order */
    size_t labelled, batch;
    int64_t *places;      /* batch: of a step's rows within `rows` */
    int32_t *step_rows;   /* batch */
    int32_t *step_labels; /* batch */
} LabelledHead;

static Status list_rows(Context *ctx, LabelledHead *head, const int32_t *labels, size_t count) {
    for (size_t i = 0; i < count; i++)
        head->labelled += labels[i] >= 0;
    if (head->labelled == 0) return context_fail(ctx, SPICA_ERROR_INTERNAL, "head: no row has a label");
    TRY(NEW_ARRAY(ctx, &head->rows, head->labelled));
    for (size_t i = 0, next = 0; i < count; i++)
        if (labels[i] >= 0) head->rows[next++] = (int32_t)i;
    return SPICA_OK;
}

static Status labelled_open(Context *ctx, LabelledHead *head, const LabelledHeadSettings *settings, size_t dim,
                            const int32_t *labels, size_t count) {
    const HeadShape shape = {.dim = dim, .hidden = settings->hidden, .clusters = settings->clusters};
    TRY(list_rows(ctx, head, labels, count));
    head->batch = settings->batch > 0 && settings->batch < head->labelled ? settings->batch : head->labelled;
    TRY(head_block_open(ctx, &head->block, shape, 1));
    init_params(&head->block.all, INIT_DEFAULT, settings->seed, RANDOM_INIT_HEAD);
    TRY(optimiser_open(ctx, &head->optimiser, &settings->optimiser, &head->block.heads[0]));
    TRY(head_step_work_open(ctx, &head->step, shape, head->batch));
    TRY(order_walk_open(ctx, &head->walk, settings->seed, RANDOM_ORDER_KNOWN, head->labelled));
    TRY(NEW_ARRAY(ctx, &head->places, head->batch));
    TRY(NEW_ARRAY(ctx, &head->step_rows, head->batch));
    return NEW_ARRAY(ctx, &head->step_labels, head->batch);
}

static void labelled_close(Context *ctx, LabelledHead *head) {
    head_block_close(ctx, &head->block);
    optimiser_close(ctx, &head->optimiser);
    head_step_work_close(ctx, &head->step);
    order_walk_close(ctx, &head->walk);
    FREE_ARRAY(ctx, &head->rows);
    FREE_ARRAY(ctx, &head->places);
    FREE_ARRAY(ctx, &head->step_rows);
    FREE_ARRAY(ctx, &head->step_labels);
}

static double take_step(Context *ctx, LabelledHead *head, const LabelledHeadSettings *settings, const float *features,
                        const int32_t *labels, uint64_t step) {
    const HeadLoss loss = {.kind = CE_PLAIN, .temperature = 1.0f};
    order_walk_take(&head->walk, step * head->batch, head->batch, head->places);
    for (size_t i = 0; i < head->batch; i++) {
        head->step_rows[i] = head->rows[head->places[i]];
        head->step_labels[i] = labels[head->step_rows[i]];
    }
    const double value =
        head_gradients(&head->block, 0, &loss, features, head->step_rows, head->step_labels, head->batch, &head->step);
    optimiser_step(ctx, &head->optimiser, &head->block.heads[0], settings->learning_rate);
    return value;
}

static Status train(Context *ctx, LabelledHead *head, const LabelledHeadSettings *settings, const float *features,
                    const int32_t *labels, double *loss) {
    const uint64_t epoch_steps = (head->labelled + head->batch - 1) / head->batch;
    for (int64_t epoch = 0; epoch < settings->epochs; epoch++) {
        TRY(context_check_cancel(ctx));
        *loss = 0.0;
        for (uint64_t s = 0; s < epoch_steps; s++)
            *loss += take_step(ctx, head, settings, features, labels, (uint64_t)epoch * epoch_steps + s);
        *loss /= (double)epoch_steps;
        if (!isfinite(*loss))
            return context_fail(ctx, SPICA_ERROR_NUMERIC, "head: the loss is not finite in epoch %lld",
                                (long long)epoch);
    }
    return SPICA_OK;
}

Status labelled_head_train(Context *ctx, const LabelledHeadSettings *settings, const float *features, size_t count,
                           size_t dim, const int32_t *labels, float **weights, double *loss) {
    LabelledHead head = {0};
    Status status;
    *weights = NULL;
    *loss = NAN;
    TRY_GOTO(status, close, labelled_open(ctx, &head, settings, dim, labels, count));
    const int threads = blas_threads_set(1); /* its sums shall not depend on their number */
    status = train(ctx, &head, settings, features, labels, loss);
    blas_threads_restore(threads);
    if (status != SPICA_OK) goto close;
    TRY_GOTO(status, close, NEW_ARRAY(ctx, weights, head_compact_count(head.block.shape)));
    head_block_compact(&head.block, 0, *weights);
close:
    labelled_close(ctx, &head);
    return status;
}

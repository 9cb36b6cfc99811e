#include "methods/spice/head_views.h"

#include <string.h>

#include "base/log.h"
#include "methods/inference.h"
#include "methods/schedule_limits.h"

/* The views of the two kinds, and the choice from the bank, in the random counter. */
enum { VIEW_WEAK = 0, VIEW_STRONG = 1, VIEW_CHOICE = 2 };

size_t head_even_batch(size_t count, size_t batch) {
    if (batch == 0 || batch >= count) return count;
    const size_t passes = (count + batch - 1) / batch;
    return (count + passes - 1) / passes;
}

static ViewKey view_key(const HeadViews *views, uint64_t step, uint32_t view) {
    return (ViewKey){.seed = views->settings->seed, .purpose = RANDOM_AUGMENT_HEAD, .step = step, .view = view};
}

static Status fill_bank(Context *ctx, HeadViews *views, float *bank, const Policy *policy, uint32_t view,
                        const char *stage) {
    const size_t count = views->dataset->count;
    for (int v = 0; v < views->settings->bank; v++)
        TRY(infer_rows(ctx, views->backbone, views->dataset, NULL, count, policy, view_key(views, (uint64_t)v, view),
                       head_even_batch(count, views->settings->inference_batch), stage,
                       bank + (size_t)v * count * views->dim, NULL));
    return SPICA_OK;
}

static Status open_bank(Context *ctx, HeadViews *views) {
    const size_t floats = (size_t)views->settings->bank * views->dataset->count * views->dim;
    log_info(ctx, "head: the bank keeps %d weak and %d strong views of every picture, %.0f MB", views->settings->bank,
             views->settings->bank, 2.0 * (double)(floats * sizeof(float)) / 1e6);
    TRY(NEW_ARRAY(ctx, &views->weak_bank, floats));
    TRY(NEW_ARRAY(ctx, &views->strong_bank, floats));
    TRY(fill_bank(ctx, views, views->weak_bank, &views->settings->weak, VIEW_WEAK, "weak views"));
    return fill_bank(ctx, views, views->strong_bank, &views->settings->strong, VIEW_STRONG, "strong views");
}

/* The strong views' batch statistics are those of a training step's pictures, as in the authors' program. */
static Status open_training(Context *ctx, HeadViews *views) {
    const HeadSettings *settings = views->settings;
    const ModelSpec *spec = &views->backbone->spec;
    const size_t batch = settings->batch > 0 ? settings->batch : settings->inference_batch;
    const PlanSettings plan = {.kind = PLAN_TRAIN_FORWARD,
                               .batch = head_even_batch(views->estep, batch),
                               .outputs = {views->backbone->features},
                               .output_count = 1,
                               .update_running = true,
                               .seed = settings->seed};
    views->training_batch = plan.batch;
    TRY(NEW_ARRAY(ctx, &views->training_input,
                  plan.batch * (size_t)spec->height * (size_t)spec->width * (size_t)spec->channels));
    return plan_open(ctx, &views->training_plan, views->backbone->net, &plan);
}

Status head_views_open(Context *ctx, HeadViews *views, const HeadSettings *settings, const Dataset *dataset,
                       Model *backbone) {
    *views = (HeadViews){.settings = settings,
                         .dataset = dataset,
                         .backbone = backbone,
                         .dim = (size_t)backbone->dimension,
                         .estep = settings->estep};
    TRY(check_view_shape(ctx, "head", &backbone->spec, &settings->weak, dataset));
    TRY(check_view_shape(ctx, "head", &backbone->spec, &settings->strong, dataset));
    TRY(NEW_ARRAY(ctx, &views->weak, views->estep * views->dim));
    TRY(NEW_ARRAY(ctx, &views->strong, views->estep * views->dim));
    if (settings->train_bn && !settings->train_backbone) return open_training(ctx, views);
    return settings->bank > 0 ? open_bank(ctx, views) : SPICA_OK;
}

void head_views_close(Context *ctx, HeadViews *views) {
    FREE_ARRAY(ctx, &views->weak);
    FREE_ARRAY(ctx, &views->strong);
    FREE_ARRAY(ctx, &views->weak_bank);
    FREE_ARRAY(ctx, &views->strong_bank);
    FREE_ARRAY(ctx, &views->training_input);
    if (views->training_plan != NULL) plan_close(ctx, &views->training_plan);
}

/* Which of the bank's views a picture shows in this step. */
static void choose_views(HeadViews *views, const int64_t *rows, uint64_t step) {
    const size_t count = views->dataset->count, dim = views->dim;
    const uint32_t bank = (uint32_t)views->settings->bank;
    for (size_t i = 0; i < views->estep; i++) {
        const size_t row = (size_t)rows[i];
        Random random = random_at(views->settings->seed, RANDOM_AUGMENT_HEAD, step, row, VIEW_CHOICE);
        const size_t weak = random_below(&random, bank), strong = random_below(&random, bank);
        memcpy(views->weak + i * dim, views->weak_bank + (weak * count + row) * dim, dim * sizeof(float));
        memcpy(views->strong + i * dim, views->strong_bank + (strong * count + row) * dim, dim * sizeof(float));
    }
}

/* In full batches: the last one reaches back over pictures that another has had already. */
static Status fill_training(Context *ctx, HeadViews *views, const int64_t *rows, uint64_t step) {
    const size_t batch = views->training_batch;
    const size_t batches = (views->estep + batch - 1) / batch;
    for (size_t b = 0; b < batches; b++) {
        const size_t first = b + 1 < batches ? b * batch : views->estep - batch;
        ViewKey key = view_key(views, step, VIEW_STRONG);
        key.first = first;
        TRY(augment_batch(ctx, &views->settings->strong, views->dataset, rows + first, batch, key,
                          views->training_input));
        TRY(plan_forward(ctx, views->training_plan, views->training_input));
        memcpy(views->strong + first * views->dim, plan_output(views->training_plan, 0),
               batch * views->dim * sizeof(float));
    }
    params_changed(net_params(views->backbone->net)); /* its running statistics: other plans hold folded copies */
    return SPICA_OK;
}

Status head_views_fill(Context *ctx, HeadViews *views, const int64_t *rows, uint64_t step) {
    const HeadSettings *settings = views->settings;
    const size_t batch = head_even_batch(views->estep, settings->inference_batch);
    if (views->weak_bank != NULL) {
        choose_views(views, rows, step);
        return SPICA_OK;
    }
    TRY(infer_rows(ctx, views->backbone, views->dataset, rows, views->estep, &settings->weak,
                   view_key(views, step, VIEW_WEAK), batch, NULL, views->weak, NULL));
    if (settings->train_backbone) return SPICA_OK; /* the M-step draws its own strong views */
    if (views->training_plan != NULL) return fill_training(ctx, views, rows, step);
    return infer_rows(ctx, views->backbone, views->dataset, rows, views->estep, &settings->strong,
                      view_key(views, step, VIEW_STRONG), batch, NULL, views->strong, NULL);
}

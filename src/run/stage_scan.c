/* SCAN's second step on the features of stage 1: neighbours belong together. */
#include <math.h>

#include "base/files.h"
#include "base/log.h"
#include "cluster/knn_inverted.h"
#include "methods/scan/scan.h"
#include "run/model_files.h"
#include "run/predict.h"
#include "run/quality.h"
#include "run/run.h"
#include "run/stage_keeper.h"
#include "run/stage_plan.h"

/* Neighbours of a picture, itself among them, over which an epoch's loss is taken: the authors' program has as many of
 * its validation pictures. */
#define MEASURED_NEIGHBOURS 6

/* Behind the last step: its evaluation, the final predictions, and half as much for what is written. */
#define PASSES_TO_COME 2.5

/* What the training's steps and evaluations need. */
typedef struct ScanRun {
    Run *run;
    ScanSettings settings;
    ScanTrainer *trainer;
    StageKeeper keeper;
    StepLog log;
    int32_t *neighbours; /* N x each, best first */
    size_t each;
    float *probabilities; /* N x K: of the last evaluation */
    int32_t *predicted;   /* N */
    int64_t steps;        /* done */
    int64_t evaluated;    /* steps done at the last evaluation */
    int64_t kept_step;    /* after which the model that is kept stood */
    double kept_loss;
} ScanRun;

static Status state_of(Context *ctx, void *user, StateParts *parts) {
    ScanRun *s = user;
    TRY(STATE_VALUE(ctx, parts, &s->steps, "steps"));
    TRY(STATE_VALUE(ctx, parts, &s->evaluated, "evaluated"));
    TRY(STATE_VALUE(ctx, parts, &s->kept_step, "kept_step"));
    TRY(STATE_VALUE(ctx, parts, &s->kept_loss, "kept_loss"));
    TRY(step_log_state(ctx, &s->log, parts));
    return scan_state(ctx, s->trainer, parts);
}

/* ---- evaluations ---- */

/* Labels are read for this line alone. */
static Status log_evaluation(Context *ctx, const ScanRun *s, const ScanLoss *loss) {
    json_t *line;
    TRY(json_new_object(ctx, &line));
    Status status = json_add_text(ctx, line, "stage", STAGE_SCAN);
    if (status == SPICA_OK) status = json_add_integer(ctx, line, "step", s->steps);
    if (status == SPICA_OK) status = json_add_real(ctx, line, "all_loss", loss->total);
    if (status == SPICA_OK) status = json_add_real(ctx, line, "all_consistency", loss->consistency);
    if (status == SPICA_OK) status = json_add_real(ctx, line, "all_entropy", loss->entropy);
    if (status == SPICA_OK) status = run_add_quality(ctx, s->run, s->predicted, line);
    if (status == SPICA_OK) status = run_folder_log(ctx, &s->run->folder, line);
    json_decref(line);
    return status;
}

/* The model as it is, which is kept where its loss over all pictures is the least so far. */
static Status evaluate(Context *ctx, ScanRun *s) {
    const size_t count = s->run->dataset.count, clusters = (size_t)s->settings.model.clusters;
    const double started = clock_seconds();
    TRY(predict_dataset(ctx, scan_model(s->trainer), &s->run->dataset, NULL, NULL, s->probabilities));
    plan_note_pass(s->run, clock_seconds() - started, PASSES_TO_COME);
    predict_clusters(s->probabilities, count, clusters, s->predicted, NULL);
    const ScanLoss loss = scan_measure(ctx, s->probabilities, count, clusters, s->neighbours, s->each,
                                       s->each < MEASURED_NEIGHBOURS ? s->each : MEASURED_NEIGHBOURS);
    TRY(log_evaluation(ctx, s, &loss));
    s->evaluated = s->steps;
    if (s->kept_step > 0 && !(loss.total < s->kept_loss)) return SPICA_OK;
    s->kept_step = s->steps;
    s->kept_loss = loss.total;
    return model_file_write(ctx, s->run, RUN_SCAN, scan_model(s->trainer), MODEL_BACKBONE | MODEL_HEAD);
}

/* ---- training ---- */

/* An evaluation that was interrupted is made up for before the next step. */
static Status take_steps(Context *ctx, ScanRun *s) {
    const int64_t planned = scan_steps(&s->settings, s->run->dataset.count);
    const int64_t epoch_steps = scan_epoch_steps(&s->settings, s->run->dataset.count);
    Progress progress;
    double total = NAN;
    progress_start(&progress, ctx, STAGE_SCAN, "step", (double)planned);
    for (;;) {
        ScanLoss loss;
        if (s->steps % epoch_steps == 0 && s->evaluated != s->steps) TRY(evaluate(ctx, s));
        if (!plan_epochs_go_on(s->run, "scan.epochs", planned, s->steps)) break;
        TRY(keeper_between(ctx, &s->keeper));
        TRY(scan_step(ctx, s->trainer, &loss));
        const double figures[STEP_LOG_FIGURES] = {loss.total, loss.consistency, loss.entropy};
        TRY(step_log_add(ctx, s->run, &s->log, s->steps, figures));
        s->steps++;
        total = loss.total;
        progress.total = plan_expected(s->run, "scan.epochs", planned, s->steps, progress.started);
        progress_update(&progress, (double)s->steps, total);
    }
    progress_finish(&progress, (double)s->steps, total);
    return s->evaluated == s->steps ? SPICA_OK : evaluate(ctx, s);
}

static Status find_neighbours(Context *ctx, ScanRun *s) {
    const size_t count = s->run->dataset.count;
    float *embeddings = NULL;
    size_t dimension = 0;
    s->each = (size_t)options_integer(&s->run->options, "scan.neighbours") + 1;
    if (s->each > count) s->each = count;
    TRY(run_folder_read_matrix(ctx, &s->run->folder, RUN_EMBEDDINGS, count, &dimension, &embeddings));
    Status status = NEW_ARRAY(ctx, &s->neighbours, count * s->each);
    if (status == SPICA_OK) status = knn_neighbours(ctx, s->neighbours, embeddings, count, dimension, s->each);
    FREE_ARRAY(ctx, &embeddings);
    return status;
}

static Status open_training(Context *ctx, ScanRun *s) {
    const size_t count = s->run->dataset.count;
    Model features = {0};
    TRY(settings_scan(ctx, &s->run->options, &s->run->dataset, &s->run->features, &s->settings));
    TRY(find_neighbours(ctx, s));
    TRY(NEW_ARRAY(ctx, &s->probabilities, count * (size_t)s->settings.model.clusters));
    TRY(NEW_ARRAY(ctx, &s->predicted, count));
    Status status = run_open_features_model(ctx, s->run, &s->run->features, &features);
    if (status == SPICA_OK)
        status = scan_open(ctx, &s->trainer, &s->settings, &s->run->dataset, s->neighbours, s->each, &features);
    model_close(ctx, &features);
    return status;
}

static Status train(Context *ctx, ScanRun *s, json_t *facts) {
    const double pictures = (double)s->run->dataset.count;
    bool resumed;
    TRY(open_training(ctx, s));
    TRY(keeper_resume(ctx, &s->keeper, &resumed));
    plan_scan_start(s->run);
    TRY(keeper_interrupt(ctx, &s->keeper, take_steps(ctx, s)));
    s->run->kept = 0.0;
    const double epochs = (double)s->steps * (double)s->settings.batch / pictures;
    TRY(plan_epochs_done(ctx, s->run, "scan.epochs", scan_steps(&s->settings, s->run->dataset.count), s->steps,
                         epochs));
    TRY(json_add_integer(ctx, facts, "steps", s->steps));
    TRY(json_add_real(ctx, facts, "epochs", epochs));
    TRY(json_add_integer(ctx, facts, "selected_step", s->kept_step));
    return json_add_real(ctx, facts, "selected_loss", s->kept_loss);
}

/* The clusters of the model that was kept. */
static Status add_kept_quality(Context *ctx, ScanRun *s, json_t *facts) {
    Model model = {0};
    Status status = model_file_read(ctx, s->run, RUN_SCAN, &model);
    if (status == SPICA_OK) status = predict_dataset(ctx, &model, &s->run->dataset, NULL, NULL, s->probabilities);
    model_close(ctx, &model);
    TRY(status);
    predict_clusters(s->probabilities, s->run->dataset.count, (size_t)s->settings.model.clusters, s->predicted, NULL);
    return run_add_quality(ctx, s->run, s->predicted, facts);
}

static Status compute_scan(Context *ctx, Run *run, json_t *facts) {
    static const char *const files[] = {RUN_SCAN, NULL};
    ScanRun s = {.run = run, .log = {.stage = STAGE_SCAN, .names = {"loss", "consistency", "entropy"}}};
    Status status = keeper_open(ctx, &s.keeper, run, STAGE_SCAN);
    s.keeper.state = state_of;
    s.keeper.user = &s;
    if (status == SPICA_OK) status = train(ctx, &s, facts);
    if (status == SPICA_OK) status = add_kept_quality(ctx, &s, facts);
    if (status == SPICA_OK) status = keeper_record(ctx, &s.keeper, files, facts);
    scan_close(ctx, &s.trainer);
    keeper_close(ctx, &s.keeper);
    FREE_ARRAY(ctx, &s.neighbours);
    FREE_ARRAY(ctx, &s.probabilities);
    FREE_ARRAY(ctx, &s.predicted);
    return status;
}

Status stage_scan(Context *ctx, Run *run) {
    bool done;
    json_t *facts = NULL;
    TRY(run_stage_find(ctx, &run->folder, STAGE_SCAN, &done, NULL));
    if (done) return SPICA_OK;
    TRY(json_new_object(ctx, &facts));
    const Status status = compute_scan(ctx, run, facts);
    json_decref(facts);
    return status;
}

Status stage_keep_scan(Context *ctx, Run *run) {
    char *from = NULL, *to = NULL;
    Status status = run_folder_path(ctx, &run->folder, RUN_SCAN, &from);
    if (status == SPICA_OK) status = run_folder_path(ctx, &run->folder, RUN_MODEL, &to);
    if (status == SPICA_OK) status = file_copy(ctx, from, to);
    FREE_ARRAY(ctx, &from);
    FREE_ARRAY(ctx, &to);
    return status;
}

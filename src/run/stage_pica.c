/* PICA's one stage: backbone and heads by partition confidence maximisation. */
#include <math.h>

#include "base/log.h"
#include "run/pica_records.h"
#include "run/predict.h"
#include "run/quality.h"
#include "run/run.h"
#include "run/stage_keeper.h"
#include "run/stage_plan.h"

/* What the training's steps and evaluations need. */
typedef struct PicaRun {
    Run *run;
    PicaSettings settings;
    PicaTrainer *trainer;
    PicaRecords records;
    StepLog logs[2];      /* of the clustering head and of the other one */
    float *probabilities; /* N x K: of the last evaluation */
    int64_t predicted;    /* steps of the model whose they are; -1: none in this command */
    double epoch_steps;
    double evaluate_steps; /* between two evaluations */
    int64_t planned;       /* steps */
    int64_t steps;         /* done */
} PicaRun;

/* ---- evaluations ---- */

/* Behind the last step: its evaluation, the embeddings, the final predictions, and half as much for what is written. */
#define PASSES_TO_COME 3.5

static Status add_evaluation_facts(Context *ctx, PicaRun *p, const PicaEvaluation *evaluation, const int32_t *predicted,
                                   json_t *line) {
    const size_t clusters = p->records.clusters;
    Quality quality;
    TRY(json_add_text(ctx, line, "stage", STAGE_PICA));
    TRY(json_add_integer(ctx, line, "step", evaluation->step));
    TRY(json_add_real(ctx, line, "epoch", evaluation->epoch));
    TRY(json_add_real(ctx, line, "mean_confidence", evaluation->mean_confidence));
    Status status = quality_measure(ctx, &quality, predicted, p->run->dataset.count, clusters, p->run->dataset.labels,
                                    p->run->dataset.class_count);
    if (status == SPICA_OK) status = json_add_integer(ctx, line, "clusters", (int64_t)quality.metrics.clusters);
    if (status == SPICA_OK && quality.confusion != NULL) status = quality_add_scores(ctx, line, &quality.metrics);
    quality_close(ctx, &quality);
    return status;
}

static Status log_evaluation(Context *ctx, PicaRun *p) {
    const size_t count = p->run->dataset.count;
    json_t *line = NULL;
    int32_t *predicted;
    TRY(NEW_ARRAY(ctx, &predicted, count));
    predict_clusters(p->probabilities, count, p->records.clusters, predicted, NULL);
    Status status = json_new_object(ctx, &line);
    if (status == SPICA_OK)
        status = add_evaluation_facts(ctx, p, &p->records.evaluations[p->records.count - 1], predicted, line);
    if (status == SPICA_OK) status = run_folder_log(ctx, &p->run->folder, line);
    json_decref(line);
    FREE_ARRAY(ctx, &predicted);
    return status;
}

/* A step that diverges has a finite loss yet. */
static Status check_predictions(Context *ctx, const PicaRun *p) {
    const size_t count = p->run->dataset.count * p->records.clusters;
    for (size_t i = 0; i < count; i++)
        if (!isfinite(p->probabilities[i]))
            return context_fail(ctx, SPICA_ERROR_NUMERIC,
                                "pica: the predictions after step %lld are not finite: a smaller pica.learning_rate "
                                "may help",
                                (long long)p->steps);
    return SPICA_OK;
}

static Status predict(Context *ctx, PicaRun *p) {
    const double started = clock_seconds();
    TRY(predict_dataset(ctx, pica_model(p->trainer), &p->run->dataset, NULL, NULL, p->probabilities));
    TRY(check_predictions(ctx, p));
    plan_note_pass(p->run, clock_seconds() - started, PASSES_TO_COME);
    p->predicted = p->steps;
    return SPICA_OK;
}

/* The confidences and predictions of the model as it is, recorded. Labels are read for the log alone. */
static Status evaluate(Context *ctx, PicaRun *p) {
    TRY(predict(ctx, p));
    TRY(pica_records_add(ctx, &p->records, p->probabilities, p->run->dataset.count, (double)p->steps / p->epoch_steps,
                         p->steps));
    TRY(pica_records_write(ctx, &p->records, &p->run->folder));
    return log_evaluation(ctx, p);
}

/* ---- training ---- */

/* Steps before the first evaluation: running statistics that no batch has moved would make its confidences senseless.
 */
#define FIRST_EVALUATION 20.0

/* The figures of the two heads apart: a line of the log has one head's. */
static Status log_loss(Context *ctx, PicaRun *p, bool overclustering, const PuiLoss *loss) {
    const double figures[STEP_LOG_FIGURES] = {loss->total, loss->uncertainty, loss->imbalance};
    return step_log_add(ctx, p->run, &p->logs[overclustering], p->steps, figures);
}

static Status take_step(Context *ctx, PicaRun *p, double *loss) {
    PicaStep report;
    TRY(pica_step(ctx, p->trainer, &report));
    TRY(log_loss(ctx, p, report.overclustering, &report.loss));
    if (report.both) TRY(log_loss(ctx, p, true, &report.beside));
    if (!report.overclustering) *loss = report.loss.total;
    p->steps++;
    return SPICA_OK;
}

/* Steps of the last evaluation; -1: there is none. */
static int64_t evaluated_steps(const PicaRun *p) {
    return p->records.count > 0 ? p->records.evaluations[p->records.count - 1].step : -1;
}

static bool evaluation_is_due(const PicaRun *p) {
    const double steps = (double)p->steps, last = (double)evaluated_steps(p);
    if (last < 0.0) return steps >= fmin(FIRST_EVALUATION, p->evaluate_steps);
    return steps >= p->evaluate_steps * floor(last / p->evaluate_steps + 1.0);
}

static Status training_state(Context *ctx, void *user, StateParts *parts) {
    PicaRun *p = user;
    TRY(STATE_VALUE(ctx, parts, &p->steps, "steps"));
    TRY(step_log_state(ctx, &p->logs[0], parts));
    TRY(step_log_state(ctx, &p->logs[1], parts));
    TRY(pica_records_state(ctx, &p->records, parts));
    return pica_state(ctx, p->trainer, parts);
}

static Status train_steps(Context *ctx, PicaRun *p, StageKeeper *keeper) {
    Progress progress;
    double loss = NAN;
    progress_start(&progress, ctx, STAGE_PICA, "step", (double)p->planned);
    progress.begun = (double)p->steps;
    while (plan_epochs_go_on(p->run, "pica.epochs", p->planned, p->steps) || !pica_turns_are_even(p->trainer)) {
        TRY(keeper_between(ctx, keeper));
        if (evaluation_is_due(p)) TRY(evaluate(ctx, p));
        TRY(take_step(ctx, p, &loss));
        progress.total = plan_expected(p->run, "pica.epochs", p->planned, p->steps, progress.started);
        progress_update(&progress, (double)p->steps, loss);
    }
    progress_finish(&progress, (double)p->steps, loss);
    if (evaluated_steps(p) != p->steps) return evaluate(ctx, p);
    return p->predicted == p->steps ? SPICA_OK : predict(ctx, p);
}

static Status write_embeddings(Context *ctx, const Run *run, Model *model) {
    const size_t dimension = (size_t)model->dimension;
    float *embeddings;
    TRY(NEW_ARRAY(ctx, &embeddings, run->dataset.count * dimension));
    Status status = predict_dataset(ctx, model, &run->dataset, "embed", embeddings, NULL);
    if (status == SPICA_OK)
        status = run_folder_write_matrix(ctx, &run->folder, RUN_EMBEDDINGS, embeddings, run->dataset.count, dimension);
    FREE_ARRAY(ctx, &embeddings);
    return status;
}

static Status write_files(Context *ctx, PicaRun *p) {
    const Run *run = p->run;
    Model *model = pica_model(p->trainer);
    char *path = NULL;
    TRY(run_folder_path(ctx, &run->folder, RUN_MODEL, &path));
    const Status status = model_write(ctx, path, model, MODEL_BACKBONE | MODEL_HEAD, NULL, 0);
    FREE_ARRAY(ctx, &path);
    TRY(status);
    TRY(write_embeddings(ctx, run, model));
    return pica_cases_write(ctx, &run->folder, &run->dataset, p->probabilities, p->records.clusters);
}

static Status open_training(Context *ctx, PicaRun *p) {
    const Run *run = p->run;
    const Options *options = &run->options;
    TRY(settings_pica(ctx, options, &run->dataset, &p->settings));
    p->epoch_steps = (double)pica_steps_per_epoch(&p->settings, run->dataset.count, run->auxiliary.count);
    p->planned = pica_steps(&p->settings, run->dataset.count, run->auxiliary.count);
    p->evaluate_steps = fmax(options_real(options, "pica.evaluate_every") * p->epoch_steps, 1.0);
    TRY(pica_open(ctx, &p->trainer, &p->settings, &run->dataset, run_auxiliary(run)));
    TRY(pica_records_open(ctx, &p->records, (size_t)options_integer(options, "pica.snapshot"), run->dataset.count,
                          (size_t)p->settings.model.clusters, p->settings.seed));
    return NEW_ARRAY(ctx, &p->probabilities, run->dataset.count * p->records.clusters);
}

static Status add_facts(Context *ctx, const PicaRun *p, json_t *facts) {
    TRY(json_add_real(ctx, facts, "epochs", (double)p->steps / p->epoch_steps));
    TRY(json_add_integer(ctx, facts, "steps", p->steps));
    return json_add_real(ctx, facts, "mean_confidence", p->records.evaluations[p->records.count - 1].mean_confidence);
}

static Status train(Context *ctx, PicaRun *p, StageKeeper *keeper) {
    bool resumed;
    if (keeper->found) TRY(pica_records_make_room(ctx, &p->records, &keeper->checkpoint));
    TRY(keeper_resume(ctx, keeper, &resumed));
    TRY(train_steps(ctx, p, keeper));
    TRY(plan_epochs_done(ctx, p->run, "pica.epochs", p->planned, p->steps, (double)p->steps / p->epoch_steps));
    return write_files(ctx, p);
}

static Status compute_pica(Context *ctx, Run *run, json_t *facts) {
    /* What later commands need. The records are not among them: a run that lost one is not trained again for it. */
    static const char *const files[] = {RUN_MODEL, RUN_EMBEDDINGS, NULL};
    StageKeeper keeper;
    PicaRun p = {
        .run = run,
        .predicted = -1,
        .logs = {{.stage = STAGE_PICA, .names = {"loss", "uncertainty", "imbalance"}},
                 {.stage = STAGE_PICA,
                  .names = {"overclustering_loss", "overclustering_uncertainty", "overclustering_imbalance"}}}};
    TRY(keeper_open(ctx, &keeper, run, STAGE_PICA));
    keeper.state = training_state;
    keeper.user = &p;
    Status status = open_training(ctx, &p);
    if (status == SPICA_OK) status = keeper_interrupt(ctx, &keeper, train(ctx, &p, &keeper));
    if (status == SPICA_OK) status = add_facts(ctx, &p, facts);
    pica_close(ctx, &p.trainer);
    pica_records_close(ctx, &p.records);
    FREE_ARRAY(ctx, &p.probabilities);
    if (status == SPICA_OK) status = keeper_record(ctx, &keeper, files, facts);
    keeper_close(ctx, &keeper);
    return status;
}

Status stage_pica(Context *ctx, Run *run) {
    bool done;
    json_t *facts = NULL;
    TRY(run_stage_find(ctx, &run->folder, STAGE_PICA, &done, NULL));
    if (done) return SPICA_OK;
    TRY(json_new_object(ctx, &facts));
    const Status status = compute_pica(ctx, run, facts);
    json_decref(facts);
    return status;
}

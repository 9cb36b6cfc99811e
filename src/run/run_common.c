/* What the stages of a run share. */
#include <string.h>

#include "base/files.h"
#include "run/quality.h"
#include "run/run.h"

/* How pictures that are files are read. */
static void picture_settings(const Options *options, DataSettings *settings) {
    settings->size = (int)options_integer(options, "data.size");
    settings->letterbox = strcmp(options_text(options, "data.fit"), "letterbox") == 0;
    settings->grey = strcmp(options_text(options, "data.colour"), "grey") == 0;
    settings->strict = options_boolean(options, "data.strict");
    settings->max_pixels = (uint64_t)options_integer(options, "data.max_pixels");
    settings->decode_seconds = options_real(options, "data.decode_seconds");
}

Status run_open_dataset(Context *ctx, const Options *options, const char *path, Dataset *dataset) {
    static const char *const splits[] = {"whole", "train", "test"};
    const char *split = options_text(options, "data.split"), *classes = options_text(options, "data.classes");
    DataSettings settings = {.labels = options_text(options, "data.labels")};
    settings.limit = (size_t)options_integer(options, "data.limit");
    settings.paths = options_text(options, "data.paths");
    picture_settings(options, &settings);
    if (strcmp(classes, "fine") == 0)
        settings.classes = CLASSES_FINE;
    else if (strcmp(classes, "coarse") != 0)
        settings.subset = classes;
    for (int i = 0; i < 3; i++)
        if (strcmp(split, splits[i]) == 0) settings.split = (DataSplit)i;
    return dataset_open(ctx, dataset, path, &settings);
}

Status run_open_auxiliary(Context *ctx, const Options *options, Dataset *auxiliary) {
    const char *path = options_text(options, "data.auxiliary");
    DataSettings settings = {.split = SPLIT_UNLABELLED, .labels = "none"};
    picture_settings(options, &settings);
    if (path[0] == '\0') return SPICA_OK;
    TRY(dataset_open(ctx, auxiliary, path, &settings));
    return dataset_require_pictures(ctx, auxiliary, "data.auxiliary");
}

const Dataset *run_auxiliary(const Run *run) { return run->auxiliary.count > 0 ? &run->auxiliary : NULL; }

size_t run_feature_pictures(const Run *run) { return run->dataset.count + run->auxiliary.count; }

const int32_t *run_scored_labels(const Run *run) { return run->scored != NULL ? run->scored : run->dataset.labels; }

Status run_write_reliable(Context *ctx, const Run *run, const int32_t *reliable) {
    const size_t count = run->dataset.count;
    const int32_t mark = (int32_t)options_integer(&run->options, "reliable.mark");
    int32_t *written;
    TRY(NEW_ARRAY(ctx, &written, count));
    for (size_t i = 0; i < count; i++)
        written[i] = reliable[i] >= 0 ? reliable[i] : mark;
    const Status status = run_folder_write_labels(ctx, &run->folder, RUN_RELIABLE, written, count);
    FREE_ARRAY(ctx, &written);
    return status;
}

Status run_add_quality(Context *ctx, const Run *run, const int32_t *predicted, json_t *facts) {
    if (run->dataset.labels == NULL) return SPICA_OK;
    Quality quality;
    Status status = quality_measure(ctx, &quality, predicted, run->dataset.count,
                                    (size_t)options_integer(&run->options, "run.clusters"), run_scored_labels(run),
                                    run->dataset.class_count);
    if (status == SPICA_OK) status = quality_add_scores(ctx, facts, &quality.metrics);
    quality_close(ctx, &quality);
    return status;
}

Status run_write_options(Context *ctx, const Run *run) {
    char *text = NULL, *path = NULL;
    Status status = options_write(ctx, &run->options, &text);
    if (status == SPICA_OK) status = run_folder_path(ctx, &run->folder, RUN_CONFIG, &path);
    if (status == SPICA_OK) status = file_replace(ctx, path, text, strlen(text));
    FREE_ARRAY(ctx, &path);
    FREE_ARRAY(ctx, &text);
    return status;
}

static Status step_log_line(Context *ctx, const StepLog *log, int64_t step, json_t *line) {
    TRY(json_add_text(ctx, line, "stage", log->stage));
    TRY(json_add_integer(ctx, line, "step", step + 1));
    for (int i = 0; i < STEP_LOG_FIGURES && log->names[i] != NULL; i++)
        TRY(json_add_real(ctx, line, log->names[i], log->sums[i] / (double)log->steps));
    return SPICA_OK;
}

Status step_log_add(Context *ctx, const Run *run, StepLog *log, int64_t step, const double figures[STEP_LOG_FIGURES]) {
    for (int i = 0; i < STEP_LOG_FIGURES; i++)
        log->sums[i] += figures[i];
    if (++log->steps < STEP_LOG_INTERVAL) return SPICA_OK;
    json_t *line;
    TRY(json_new_object(ctx, &line));
    Status status = step_log_line(ctx, log, step, line);
    if (status == SPICA_OK) status = run_folder_log(ctx, &run->folder, line);
    json_decref(line);
    memset(log->sums, 0, sizeof log->sums);
    log->steps = 0;
    return status;
}

Status step_log_state(Context *ctx, StepLog *log, StateParts *parts) {
    TRY(STATE_VALUE(ctx, parts, &log->sums, "log.%s.sums", log->names[0]));
    return STATE_VALUE(ctx, parts, &log->steps, "log.%s.steps", log->names[0]);
}

#include "report/pica_figures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/npy.h"
#include "base/number.h"
#include "run/pica_records.h"

/* Evaluations that are drawn: the first, the last, and some between. */
#define EVALUATIONS_SHOWN 4

static const double pi = 3.14159265358979323846;

/* The i-th of `shown` out of `count`, evenly. */
static size_t evenly(size_t i, size_t shown, size_t count) {
    return shown > 1 ? i * (count - 1) / (shown - 1) : count - 1;
}

/* *path: the record's, NULL where the run has none. */
static Status find_record(const ReportPage *page, const char *name, char **path) {
    TRY(run_folder_path(page->ctx, &page->report->folder, name, path));
    if (!path_exists(*path)) FREE_ARRAY(page->ctx, path);
    return SPICA_OK;
}

/* ---- Fig. 3: confidences ---- */

/* One row of pica-confidence.csv. */
static Status add_histogram(ReportPage *page, const CsvTable *table, size_t row, size_t number) {
    char title[64], file[32];
    double bins[PICA_BINS], epoch = 0.0;
    TextBuffer svg = {.ctx = page->ctx};
    number_parse_real(csv_cell(table, row, 0), &epoch);
    for (size_t bin = 0; bin < PICA_BINS; bin++) {
        bins[bin] = 0.0;
        number_parse_real(csv_cell(table, row, table->columns - PICA_BINS + bin), &bins[bin]);
    }
    snprintf(title, sizeof title, "Confidences at epoch %.3g", epoch);
    snprintf(file, sizeof file, "pica-confidence-%zu", number);
    const Plot plot = {.title = title,
                       .x_title = "largest probability",
                       .y_title = "pictures",
                       .x_low = 0.0,
                       .x_high = 1.0,
                       .width = 300,
                       .height = 200};
    plot_histogram(&svg, &plot, bins, PICA_BINS, 0);
    const Status status = page_add_plot(page, file, &svg);
    text_close(&svg);
    return status;
}

static Status add_confidences(ReportPage *page) {
    char *path = NULL;
    CsvTable table = {0};
    TRY(find_record(page, PICA_CONFIDENCE, &path));
    if (path == NULL) return SPICA_OK;
    Status status = csv_read(page->ctx, path, &table);
    FREE_ARRAY(page->ctx, &path);
    const size_t shown = table.rows < EVALUATIONS_SHOWN ? table.rows : EVALUATIONS_SHOWN;
    if (status == SPICA_OK && shown > 0 && table.columns > PICA_BINS) {
        text_add(&page->html, "<h3>Confidences in the course of training</h3>\n<div class=\"plots small\">\n");
        for (size_t i = 0; status == SPICA_OK && i < shown; i++)
            status = add_histogram(page, &table, evenly(i, shown, table.rows), i + 1);
        text_add(&page->html, "</div>\n");
    }
    csv_close(page->ctx, &table);
    return status;
}

/* ---- Fig. 4: predictions ---- */

/* Each picture between the corners of a polygon of K, drawn to each by the probability that it has for it. */
static void place_predictions(const float *probabilities, size_t count, size_t clusters, float *xy) {
    for (size_t i = 0; i < count; i++) {
        double x = 0.0, y = 0.0;
        for (size_t k = 0; k < clusters; k++) {
            const double angle = 2.0 * pi * (double)k / (double)clusters;
            x += (double)probabilities[i * clusters + k] * sin(angle);
            y += (double)probabilities[i * clusters + k] * cos(angle);
        }
        xy[2 * i] = (float)x;
        xy[2 * i + 1] = (float)y;
    }
}

/* Pictures of one cluster, which is their largest probability's. */
static size_t gather(const float *probabilities, const float *xy, size_t count, size_t clusters, size_t cluster,
                     float *gathered) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        size_t best = 0;
        for (size_t k = 1; k < clusters; k++)
            if (probabilities[i * clusters + k] > probabilities[i * clusters + best]) best = k;
        if (best != cluster) continue;
        gathered[2 * found] = xy[2 * i];
        gathered[2 * found + 1] = xy[2 * i + 1];
        found++;
    }
    return found;
}

/* What drawing one snapshot after the other needs. */
typedef struct SnapshotWork {
    float *xy, *gathered; /* count x 2 each */
    PlotPoints *groups;   /* clusters */
} SnapshotWork;

static Status snapshot_work_open(Context *ctx, SnapshotWork *work, size_t count, size_t clusters) {
    TRY(NEW_ARRAY(ctx, &work->xy, 2 * count));
    TRY(NEW_ARRAY(ctx, &work->gathered, 2 * count));
    return NEW_ZEROED(ctx, &work->groups, clusters);
}

static void snapshot_work_close(Context *ctx, SnapshotWork *work) {
    FREE_ARRAY(ctx, &work->xy);
    FREE_ARRAY(ctx, &work->gathered);
    FREE_ARRAY(ctx, &work->groups);
}

static Status add_snapshot(ReportPage *page, const NpyArray *array, size_t snapshot, size_t number,
                           SnapshotWork *work) {
    const size_t count = array->shape[1], clusters = array->shape[2];
    const float *probabilities = (const float *)array->data + snapshot * count * clusters;
    char title[80], file[32];
    size_t used = 0;
    TextBuffer svg = {.ctx = page->ctx};
    snprintf(title, sizeof title, "Predictions, evaluation %zu of %zu", snapshot + 1, array->shape[0]);
    snprintf(file, sizeof file, "pica-predictions-%zu", number);
    place_predictions(probabilities, count, clusters, work->xy);
    for (size_t k = 0; k < clusters; k++) {
        float *gathered = work->gathered + 2 * used;
        const size_t found = gather(probabilities, work->xy, count, clusters, k, gathered);
        work->groups[k] = (PlotPoints){.xy = gathered, .count = found, .colour = k};
        used += found;
    }
    const Plot plot = {
        .title = title, .x_low = -1.05, .x_high = 1.05, .y_low = -1.05, .y_high = 1.05, .width = 300, .height = 320};
    plot_points(&svg, &plot, work->groups, clusters);
    const Status status = page_add_plot(page, file, &svg);
    text_close(&svg);
    return status;
}

static Status draw_snapshots(ReportPage *page, const NpyArray *array) {
    const size_t snapshots = array->shape[0];
    const size_t shown = snapshots < EVALUATIONS_SHOWN ? snapshots : EVALUATIONS_SHOWN;
    SnapshotWork work = {0};
    Status status = snapshot_work_open(page->ctx, &work, array->shape[1], array->shape[2]);
    text_print(&page->html,
               "<h3>Predictions in the course of training</h3>\n<p>%zu pictures between the corners of a polygon, a "
               "corner for each cluster: a picture lies the nearer to a corner, the more probable that cluster is. "
               "Undecided ones lie in the middle.</p>\n<div class=\"plots small\">\n",
               array->shape[1]);
    for (size_t i = 0; status == SPICA_OK && i < shown; i++)
        status = add_snapshot(page, array, evenly(i, shown, snapshots), i + 1, &work);
    text_add(&page->html, "</div>\n");
    snapshot_work_close(page->ctx, &work);
    return status;
}

static Status add_snapshots(ReportPage *page) {
    char *path = NULL;
    NpyArray array = {0};
    TRY(find_record(page, PICA_SNAPSHOTS, &path));
    if (path == NULL) return SPICA_OK;
    Status status = npy_read(page->ctx, path, &array);
    FREE_ARRAY(page->ctx, &path);
    if (status == SPICA_OK && array.type == NPY_FLOAT32 && array.rank == 3 && array.count > 0)
        status = draw_snapshots(page, &array);
    npy_close(page->ctx, &array);
    return status;
}

Status pica_figures_add(ReportPage *page) {
    TRY(add_confidences(page));
    return add_snapshots(page);
}

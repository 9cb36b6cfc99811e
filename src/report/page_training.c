/* Did training go well? Losses, scores, heads, throughput, and PICA's own figures. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "config/method_stages.h"
#include "report/log_series.h"
#include "report/pica_figures.h"
#include "report/report_page.h"
#include "report/spice_figures.h"

/* ---- curves ---- */

/* One plot of figures in log.jsonl, a row for each. */
typedef struct CurvePlot {
    const char *file; /* of the plot */
    const char *stage, *x_key;
    const char *keys[4], *names[4]; /* figures, NULL-ended, and what they are called; a name NULL: no legend */
    Plot plot;
} CurvePlot;

static const CurvePlot curve_plots[] = {
    {"features-loss",
     STAGE_FEATURES,
     "step",
     {"loss"},
     {NULL},
     {.title = "Stage 1: loss of the contrast", .x_title = "step", .y_title = "loss (nats)"}},
    {"features-accuracy",
     STAGE_FEATURES,
     "step",
     {"accuracy"},
     {NULL},
     {.title = "Stage 1: positives ranked first", .x_title = "step", .y_title = "share of queries"}},
    {"joint-loss",
     STAGE_JOINT,
     "step",
     {"labelled_loss", "unlabelled_loss"},
     {"reliable pictures", "all pictures"},
     {.title = "Stage 3: losses", .x_title = "step", .y_title = "loss (nats)"}},
    {"joint-used",
     STAGE_JOINT,
     "step",
     {"used"},
     {NULL},
     {.title = "Stage 3: weak views above the threshold", .x_title = "step", .y_title = "share of views"}},
    {"pica-loss",
     STAGE_PICA,
     "step",
     {"loss", "overclustering_loss"},
     {"clustering head", "over-clustering head"},
     {.title = "PICA: loss", .x_title = "step", .y_title = "loss (nats)"}},
    {"pica-imbalance",
     STAGE_PICA,
     "step",
     {"imbalance"},
     {NULL},
     {.title = "PICA: imbalance of the clusters", .x_title = "step", .y_title = "log K less entropy (nats)"}},
    {"pica-scores",
     STAGE_PICA,
     "epoch",
     {"acc", "nmi", "ari", "mean_confidence"},
     {"ACC", "NMI", "ARI", "mean confidence"},
     {.title = "PICA: scores against the labels", .x_title = "epoch", .y_title = "score (0 to 1)"}},
    {"scan-loss",
     STAGE_SCAN,
     "step",
     {"consistency", "entropy"},
     {"consistency with neighbours", "entropy of the clusters"},
     {.title = "SCAN: terms of the loss", .x_title = "step", .y_title = "nats"}},
    {"self-label-loss",
     STAGE_SELF_LABEL,
     "step",
     {"loss"},
     {NULL},
     {.title = "Self-labelling: loss", .x_title = "step", .y_title = "loss (nats)"}},
    {"self-label-used",
     STAGE_SELF_LABEL,
     "step",
     {"used"},
     {NULL},
     {.title = "Self-labelling: pictures sure enough", .x_title = "step", .y_title = "share of pictures"}},
    {"learning-rate-features",
     STAGE_FEATURES,
     "step",
     {"learning_rate"},
     {NULL},
     {.title = "Stage 1: learning rate", .x_title = "step", .y_title = "learning rate"}},
    {"learning-rate-joint",
     STAGE_JOINT,
     "step",
     {"learning_rate"},
     {NULL},
     {.title = "Stage 3: learning rate", .x_title = "step", .y_title = "learning rate"}},
};

#define CURVES_MOST (sizeof curve_plots[0].keys / sizeof curve_plots[0].keys[0])

static Status add_curves(ReportPage *page, const CurvePlot *curves) {
    LogSeries series[CURVES_MOST] = {{0}};
    PlotLine lines[CURVES_MOST];
    TextBuffer svg = {.ctx = page->ctx};
    Status status = SPICA_OK;
    size_t count = 0;
    for (size_t i = 0; status == SPICA_OK && i < CURVES_MOST && curves->keys[i] != NULL; i++) {
        LogSeries *next = &series[count];
        status = log_series_open(page->ctx, next, page->report, curves->stage, curves->x_key, curves->keys[i]);
        lines[count] =
            (PlotLine){.name = curves->names[i], .x = next->x, .y = next->y, .count = next->count, .colour = i};
        if (next->count > 0)
            count++;
        else
            log_series_close(page->ctx, next);
    }
    if (status == SPICA_OK && count > 0) {
        plot_lines(&svg, &curves->plot, lines, count);
        status = page_add_plot(page, curves->file, &svg);
    }
    text_close(&svg);
    for (size_t i = 0; i < CURVES_MOST; i++)
        log_series_close(page->ctx, &series[i]);
    return status;
}

/* ---- stages ---- */

#define STAGES_MOST 8

/* The run's stages that metrics.json tells of. */
static size_t list_stages(const ReportData *report, const char *stages[STAGES_MOST]) {
    size_t count = 0;
    for (const char *const *stage = method_stages(&report->options); *stage != NULL && count < STAGES_MOST; stage++)
        if (isfinite(report_metric(report, *stage, "seconds"))) stages[count++] = *stage;
    return count;
}

static Status add_stage_scores(ReportPage *page, const char *const *stages, size_t count) {
    static const char *const keys[] = {"acc", "nmi", "ari"}, *const names[] = {"ACC", "NMI", "ARI"};
    const Plot plot = {.title = "Scores after each stage",
                       .x_title = "stage",
                       .y_title = "score (0 to 1)",
                       .y_low = 0.0,
                       .y_high = 1.0};
    double values[3 * STAGES_MOST];
    TextBuffer svg = {.ctx = page->ctx};
    if (page->report->labels == NULL) return SPICA_OK;
    for (size_t s = 0; s < count; s++)
        for (size_t i = 0; i < 3; i++)
            values[3 * s + i] = report_metric(page->report, stages[s], keys[i]);
    const PlotBars bars = {.groups = stages, .group_count = count, .bars = names, .bar_count = 3, .values = values};
    plot_bars(&svg, &plot, &bars);
    const Status status = page_add_plot(page, "scores", &svg);
    text_close(&svg);
    return status;
}

static Status add_throughput(ReportPage *page, const char *const *stages, size_t count) {
    const Plot plot = {.title = "Throughput of the stages", .x_title = "stage", .y_title = "pictures a second"};
    double values[STAGES_MOST];
    TextBuffer svg = {.ctx = page->ctx};
    for (size_t s = 0; s < count; s++)
        values[s] = report_metric(page->report, stages[s], "epochs") * (double)page->report->count /
                    report_metric(page->report, stages[s], "seconds");
    const PlotBars bars = {.groups = stages, .group_count = count, .bar_count = 1, .values = values};
    plot_bars(&svg, &plot, &bars);
    const Status status = page_add_plot(page, "throughput", &svg);
    text_close(&svg);
    return status;
}

/* How many of the reliable pseudo-labels are right, and how many there are. */
static void add_pseudo_labels(ReportPage *page) {
    const double right = report_metric(page->report, STAGE_JOINT, "reliable_acc");
    const double count = report_metric(page->report, STAGE_JOINT, "reliable");
    if (!isfinite(count)) return;
    text_add(&page->html, "<p>Joint training began with <b>");
    html_count(&page->html, (int64_t)count);
    text_add(&page->html, "</b> reliable pseudo-labels");
    if (isfinite(right)) {
        text_add(&page->html, ", of which <b>");
        html_percent(&page->html, right);
        text_add(&page->html, "</b> are right");
    }
    text_add(&page->html, ".</p>\n");
}

/* ---- confusion ---- */

static size_t read_confusion(const json_t *confusion, size_t columns, double *values) {
    for (size_t row = 0; row < json_array_size(confusion); row++)
        for (size_t column = 0; column < columns; column++)
            values[row * columns + column] =
                (double)json_integer_value(json_array_get(json_array_get(confusion, row), column));
    return json_array_size(confusion);
}

static Status draw_confusion(ReportPage *page, const json_t *confusion, const json_t *classes, TextBuffer *svg) {
    const size_t rows = json_array_size(confusion), columns = json_array_size(classes);
    const Plot plot = {.title = "Clusters and labels",
                       .x_title = "label",
                       .y_title = "cluster",
                       .width = columns > 12 ? 860 : 560,
                       .height = rows > 12 ? 760 : 420};
    double *values = NULL;
    const char **names = NULL, **numbers = NULL;
    char(*texts)[24] = NULL;
    Status status = NEW_ARRAY(page->ctx, &values, rows * columns);
    if (status == SPICA_OK) status = NEW_ARRAY(page->ctx, &names, columns);
    if (status == SPICA_OK) status = NEW_ARRAY(page->ctx, &numbers, rows);
    if (status == SPICA_OK) status = NEW_ARRAY(page->ctx, &texts, rows);
    if (status == SPICA_OK) {
        for (size_t c = 0; c < columns; c++)
            names[c] = json_string_value(json_array_get(classes, c));
        for (size_t r = 0; r < rows; r++) {
            snprintf(texts[r], sizeof texts[r], "%zu", r);
            numbers[r] = texts[r];
        }
        read_confusion(confusion, columns, values);
        const PlotMatrix matrix = {
            .rows = numbers, .columns = names, .row_count = rows, .column_count = columns, .values = values};
        plot_matrix(svg, &plot, &matrix);
    }
    FREE_ARRAY(page->ctx, &texts);
    FREE_ARRAY(page->ctx, &numbers);
    FREE_ARRAY(page->ctx, &names);
    FREE_ARRAY(page->ctx, &values);
    return status;
}

/* More cells are no picture. */
#define CONFUSION_SHOWN 250

static Status add_confusion(ReportPage *page) {
    const json_t *confusion = json_object_get(page->report->metrics, "confusion");
    const json_t *classes = json_object_get(page->report->metrics, "class_names");
    TextBuffer svg = {.ctx = page->ctx};
    if (json_array_size(confusion) == 0 || json_array_size(classes) == 0) return SPICA_OK;
    if (json_array_size(confusion) > CONFUSION_SHOWN || json_array_size(classes) > CONFUSION_SHOWN) return SPICA_OK;
    Status status = draw_confusion(page, confusion, classes, &svg);
    text_add(&page->html, "<h3>Confusion</h3>\n<div class=\"plots\">\n");
    if (status == SPICA_OK) status = page_add_plot(page, "confusion", &svg);
    text_add(&page->html, "</div>\n");
    text_close(&svg);
    return status;
}

/* ---- the section ---- */

static Status add_plots(ReportPage *page) {
    const char *stages[STAGES_MOST];
    const size_t count = list_stages(page->report, stages);
    for (size_t s = 0; s < count; s++) {
        for (size_t i = 0; i < sizeof curve_plots / sizeof curve_plots[0]; i++)
            if (strcmp(curve_plots[i].stage, stages[s]) == 0) TRY(add_curves(page, &curve_plots[i]));
        if (strcmp(stages[s], STAGE_HEAD) == 0) TRY(spice_figures_add_heads(page));
        if (strcmp(stages[s], STAGE_JOINT) == 0) TRY(spice_figures_add_labels(page));
    }
    TRY(add_stage_scores(page, stages, count));
    return add_throughput(page, stages, count);
}

Status page_add_training(ReportPage *page) {
    page_begin_section(page, "training", "Training");
    add_pseudo_labels(page);
    text_add(&page->html, "<div class=\"plots\">\n");
    TRY(add_plots(page));
    text_add(&page->html, "</div>\n");
    TRY(pica_figures_add(page));
    TRY(add_confusion(page));
    page_end_section(page);
    return page->html.status;
}

#include "report/spice_figures.h"

#include <math.h>

#include "base/csv.h"
#include "base/number.h"
#include "run/head_records.h"
#include "run/reliable_record.h"

/* A record of the run; one that it does not have has no rows. */
static Status read_record(const ReportPage *page, const char *name, CsvTable *table) {
    char *path;
    *table = (CsvTable){0};
    TRY(run_folder_path(page->ctx, &page->report->folder, name, &path));
    const Status status = path_exists(path) ? csv_read(page->ctx, path, table) : SPICA_OK;
    FREE_ARRAY(page->ctx, &path);
    return status;
}

static double cell_number(const CsvTable *table, size_t row, size_t column) {
    double value;
    return number_parse_real(csv_cell(table, row, column), &value) ? value : (double)NAN;
}

static Status end_plot(ReportPage *page, const char *file, TextBuffer *svg) {
    const Status status = page_add_plot(page, file, svg);
    text_close(svg);
    return status;
}

/* ---- Fig. 6: heads ---- */

/* heads.csv by head: figures[heads x epochs] over epochs[epochs]. */
typedef struct HeadCurves {
    size_t heads, epochs, selected;
    double *x, *losses, *accuracies; /* owned */
    bool labelled;
} HeadCurves;

static void curves_close(Context *ctx, HeadCurves *curves) {
    FREE_ARRAY(ctx, &curves->x);
    FREE_ARRAY(ctx, &curves->losses);
    FREE_ARRAY(ctx, &curves->accuracies);
}

/* A table of a row at least; the rows are ordered by epoch, and all epochs have the same heads. */
static Status curves_read(Context *ctx, const CsvTable *table, HeadCurves *curves) {
    size_t epoch, head, loss, acc, selected;
    TRY(csv_require(ctx, table, "epoch", &epoch));
    TRY(csv_require(ctx, table, "head", &head));
    TRY(csv_require(ctx, table, "loss", &loss));
    TRY(csv_require(ctx, table, "acc", &acc));
    TRY(csv_require(ctx, table, "selected", &selected));
    do
        curves->heads++;
    while (curves->heads < table->rows && cell_number(table, curves->heads, epoch) == cell_number(table, 0, epoch));
    curves->epochs = table->rows / curves->heads;
    TRY(NEW_ARRAY(ctx, &curves->x, curves->epochs));
    TRY(NEW_ARRAY(ctx, &curves->losses, table->rows));
    TRY(NEW_ARRAY(ctx, &curves->accuracies, table->rows));
    for (size_t e = 0; e < curves->epochs; e++) {
        curves->x[e] = cell_number(table, e * curves->heads, epoch);
        for (size_t h = 0; h < curves->heads; h++) {
            const size_t row = e * curves->heads + h, place = h * curves->epochs + e;
            curves->losses[place] = cell_number(table, row, loss);
            curves->accuracies[place] = cell_number(table, row, acc);
            curves->labelled = curves->labelled || isfinite(curves->accuracies[place]);
            if (cell_number(table, row, selected) == 1.0) curves->selected = h;
        }
    }
    return SPICA_OK;
}

/* values[heads x epochs] */
static Status add_curves(ReportPage *page, const char *file, const Plot *plot, const HeadCurves *curves,
                         const double *values) {
    const size_t other = curves->selected == 0 ? 1 : 0; /* the one in whose name the others stand in the legend */
    PlotLine *lines;
    TextBuffer svg = {.ctx = page->ctx};
    TRY(NEW_ARRAY(page->ctx, &lines, curves->heads));
    for (size_t h = 0; h < curves->heads; h++) {
        const bool own = h == curves->selected;
        lines[h] = (PlotLine){.name = own          ? "selected head"
                                      : h == other ? "other heads"
                                                   : NULL,
                              .x = curves->x,
                              .y = values + h * curves->epochs,
                              .count = curves->epochs,
                              .colour = 1,
                              .faint = !own};
    }
    plot_lines(&svg, plot, lines, curves->heads);
    FREE_ARRAY(page->ctx, &lines);
    return end_plot(page, file, &svg);
}

static Status draw_heads(ReportPage *page, const CsvTable *table) {
    static const Plot losses = {
        .title = "Stage 2: loss of every head", .x_title = "epoch", .y_title = "loss that selects (nats)"};
    static const Plot accuracies = {
        .title = "Stage 2: accuracy of every head", .x_title = "epoch", .y_title = "ACC (0 to 1)"};
    HeadCurves curves = {0};
    Status status = curves_read(page->ctx, table, &curves);
    if (status == SPICA_OK) status = add_curves(page, "heads-loss", &losses, &curves, curves.losses);
    if (status == SPICA_OK && curves.labelled)
        status = add_curves(page, "heads-accuracy", &accuracies, &curves, curves.accuracies);
    curves_close(page->ctx, &curves);
    return status;
}

Status spice_figures_add_heads(ReportPage *page) {
    CsvTable table;
    Status status = read_record(page, HEAD_RECORDS, &table);
    if (status == SPICA_OK && table.rows > 0) status = draw_heads(page, &table);
    csv_close(page->ctx, &table);
    return status;
}

/* ---- Fig. 7: reliable labels ---- */

#define LABEL_ROWS 2 /* of reliable.csv: all, reliable */
#define LABEL_SCORES 3

static Status draw_labels(ReportPage *page, const CsvTable *table) {
    static const char *const keys[LABEL_SCORES] = {"acc", "nmi", "ari"}, *const names[] = {"ACC", "NMI", "ARI"};
    static const char *const groups[LABEL_ROWS] = {"all", "reliable"};
    const Plot plot = {.title = "Stage 3: the pseudo-labels it begins with",
                       .x_title = "labels of stage 2",
                       .y_title = "score (0 to 1)",
                       .y_low = 0.0,
                       .y_high = 1.0};
    double values[LABEL_ROWS * LABEL_SCORES];
    TextBuffer svg = {.ctx = page->ctx};
    for (size_t i = 0; i < LABEL_SCORES; i++) {
        size_t column;
        TRY(csv_require(page->ctx, table, keys[i], &column));
        for (size_t row = 0; row < LABEL_ROWS; row++)
            values[row * LABEL_SCORES + i] = cell_number(table, row, column);
    }
    const PlotBars bars = {
        .groups = groups, .group_count = LABEL_ROWS, .bars = names, .bar_count = LABEL_SCORES, .values = values};
    plot_bars(&svg, &plot, &bars);
    return end_plot(page, "pseudo-labels", &svg);
}

Status spice_figures_add_labels(ReportPage *page) {
    CsvTable table;
    Status status = read_record(page, RELIABLE_RECORD, &table);
    if (status == SPICA_OK && table.rows == LABEL_ROWS) status = draw_labels(page, &table);
    csv_close(page->ctx, &table);
    return status;
}

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "command.h"

static const struct { const char *name, *heading; } scores[] = {{"acc", "ACC"}, {"nmi", "NMI"}, {"ari", "ARI"}};
#define SCORE_COUNT (sizeof scores / sizeof scores[0])

/* "0.651 +- 0.012", without the deviation of a single run, "-" without labels. */
static void score_text(char text[48], const json_t *score) {
    const json_t *mean = json_object_get(score, "mean"), *deviation = json_object_get(score, "deviation");
    snprintf(text, 48, "-");
    if (json_is_number(mean)) snprintf(text, 48, "%.3f", json_number_value(mean));
    if (json_is_number(deviation))
        snprintf(text, 48, "%.3f +- %.3f", json_number_value(mean), json_number_value(deviation));
}

/* What the means do not tell. */
static void notes_text(char text[128], const json_t *row) {
    const long long runs = json_integer_value(json_object_get(row, "runs"));
    const long long empty = json_integer_value(json_object_get(row, "empty_clusters"));
    const long long failed = json_integer_value(json_object_get(row, "failed"));
    int used = 0;
    text[0] = '\0';
    if (empty > 0) used = snprintf(text, 128, "  empty clusters in %lld of %lld", empty, runs);
    if (failed > 0) snprintf(text + used, 128 - (size_t)used, "  %lld of %lld failed", failed, runs + failed);
}

static int name_width(const json_t *tables) {
    size_t width = strlen("variant"), t, r;
    const json_t *table, *row;
    json_array_foreach(tables, t, table) {
        json_array_foreach(json_object_get(table, "rows"), r, row) {
            const size_t length = json_string_length(json_object_get(row, "name"));
            if (length > width) width = length;
        }
    }
    return (int)width;
}

static void print_row(const char *name, int width, const char *const cells[SCORE_COUNT], const char *notes) {
    printf("  %-*s", width, name);
    for (size_t s = 0; s < SCORE_COUNT; s++)
        printf("  %-*s", s + 1 < SCORE_COUNT || notes[0] != '\0' ? 14 : 0, cells[s]);
    puts(notes);
}

static void print_table(const json_t *table, int width, long long seeds) {
    const char *headings[SCORE_COUNT];
    size_t r;
    const json_t *row;
    for (size_t s = 0; s < SCORE_COUNT; s++)
        headings[s] = scores[s].heading;
    printf("%s ", json_string_value(json_object_get(table, "title")));
    printf(seeds > 1 ? "(mean +- deviation of %lld seeds)\n" : "(one seed)\n", seeds);
    print_row("variant", width, headings, "");
    json_array_foreach(json_object_get(table, "rows"), r, row) {
        char texts[SCORE_COUNT][48], notes[128];
        const char *cells[SCORE_COUNT];
        for (size_t s = 0; s < SCORE_COUNT; s++) {
            score_text(texts[s], json_object_get(row, scores[s].name));
            cells[s] = texts[s];
        }
        notes_text(notes, row);
        print_row(json_string_value(json_object_get(row, "name")), width, cells, notes);
    }
    putchar('\n');
}

/* Whether a finished run had no labels to be compared with. */
static int lacks_labels(const json_t *runs) {
    size_t i;
    const json_t *run;
    json_array_foreach(runs, i, run) {
        if (json_object_get(run, "reason") == NULL && json_is_null(json_object_get(run, "acc"))) return 1;
    }
    return 0;
}

static void print_tables(const char *text, const char *folder) {
    json_t *record = json_loads(text, 0, NULL);
    const json_t *tables = json_object_get(record, "tables"), *runs = json_object_get(record, "runs");
    const long long seeds = json_integer_value(json_object_get(record, "seeds"));
    const int width = name_width(tables);
    size_t t;
    const json_t *table;
    json_array_foreach(tables, t, table) print_table(table, width, seeds);
    if (lacks_labels(runs)) puts("The data have no labels to compare the clusters with.");
    printf("%zu runs: %s/ablation.csv\n", json_array_size(runs), folder);
    json_decref(record);
}

static spica_status run(spica_context *context, Console *console, const Arguments *arguments) {
    char *json = NULL;
    const spica_status status = spica_ablate(context, arguments->options, arguments->operands[0],
                                             arguments->operands[1], arguments->output, arguments->seeds, &json);
    if (status != SPICA_OK) return status;
    console_clear(console);
    if (arguments->json)
        puts(json);
    else
        print_tables(json, arguments->output);
    spica_text_free(context, &json);
    return SPICA_OK;
}

static void list_ablations(void) {
    puts("NAME:");
    for (size_t i = 0; spica_ablation_name(i) != NULL; i++)
        printf("  %-24s %s\n", spica_ablation_name(i), spica_ablation_summary(i));
    puts("\nA budget is of all runs together; the same command goes on where it was stopped.\n");
}

const Command command_ablate = {
    .name = "ablate",
    .usage = "NAME DATA -k K -o FOLDER [--seeds N] [OPTIONS]",
    .summary = "reruns the ablation tables of a paper; runs and results in FOLDER",
    .least = 2,
    .most = 2,
    .output_needed = "FOLDER, for the runs and their table",
    .takes_output = true,
    .takes_json = true,
    .takes_recipe = true,
    .takes_seeds = true,
    .takes_all_options = true,
    .help = list_ablations,
    .run = run,
};

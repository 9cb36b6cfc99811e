#include <stdio.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "command.h"

/* The path of a file of RUN. */
static void run_file(char path[4096], const char *run, const char *name) { snprintf(path, 4096, "%s/%s", run, name); }

/* Copies a file of RUN to stdout. */
static void print_file(Console *console, const char *run, const char *name) {
    char path[4096], block[4096];
    run_file(path, run, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        console_error(console, "%s cannot be opened", path);
        return;
    }
    for (size_t bytes; (bytes = fread(block, 1, sizeof block, file)) > 0;)
        fwrite(block, 1, bytes, stdout);
    fclose(file);
}

void print_metrics(Console *console, const char *run) { print_file(console, run, "metrics.json"); }

void print_clusters(const spica_quality *quality, const char *run) {
    printf("%llu pictures in %llu clusters: %s/clusters.csv\n", (unsigned long long)quality->pictures,
           (unsigned long long)quality->clusters, run);
    print_quality(quality);
    print_label_free(quality);
}

/* "0.651 +- 0.012", without the deviation of a single run; false where there is nothing to tell. */
static bool spread_text(char text[48], const json_t *metrics, const char *name) {
    const json_t *spread = json_object_get(metrics, name);
    const json_t *mean = json_object_get(spread, "mean"), *deviation = json_object_get(spread, "deviation");
    if (!json_is_number(mean)) return false;
    snprintf(text, 48, "%.4f", json_number_value(mean));
    if (json_is_number(deviation))
        snprintf(text, 48, "%.4f +- %.4f", json_number_value(mean), json_number_value(deviation));
    return true;
}

/* Means and deviations, how far the trials agree, and which one is shown. */
static void print_trials(const char *run) {
    static const struct {
        const char *name, *heading;
    } rows[] = {{"acc", "ACC"},
                {"nmi", "NMI"},
                {"ari", "ARI"},
                {"purity", "purity"},
                {"macro_f1", "macro-F1"},
                {"silhouette", "silhouette"},
                {"mean_confidence", "mean confidence"},
                {"calibration_error", "calibration error"},
                {"smallest_share", "smallest share"},
                {"largest_share", "largest share"}};
    char path[4096], text[48];
    run_file(path, run, "trials.json");
    json_t *record = json_load_file(path, 0, NULL);
    const json_t *metrics = json_object_get(record, "metrics"), *stability = json_object_get(record, "stability");
    printf("%lld trials (mean +- deviation): %s/trials.csv\n",
           (long long)json_integer_value(json_object_get(record, "trials")), run);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (spread_text(text, metrics, rows[i].name)) printf("  %-18s %s\n", rows[i].heading, text);
    if (json_is_number(stability)) printf("stability: mean ARI of all pairs %.4f\n", json_number_value(stability));
    printf("shown: the trial of seed %lld, which agrees best with the others\n",
           (long long)json_integer_value(json_object_get(record, "chosen")));
    json_decref(record);
}

/* Pictures on the map for every second of the run: the map then takes a few per cent of its time. */
#define MAP_POINTS_A_SECOND 40.0
#define MAP_POINTS_LEAST 500.0

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

spica_status cluster_and_report(spica_context *context, Console *console, const Arguments *arguments,
                                PrintResult *print) {
    const double started = seconds_now();
    spica_quality quality;
    const spica_status status = spica_cluster(context, arguments->options, arguments->operands[0], arguments->output,
                                              arguments->overwrite, &quality);
    if (status != SPICA_OK) return status;
    console_clear(console);
    print(console, arguments, &quality);
    fflush(stdout);
    if (arguments->no_report) return SPICA_OK;
    const double points = MAP_POINTS_A_SECOND * (seconds_now() - started);
    const spica_report_settings settings = {
        .data = arguments->operands[0],
        .map_points = (size_t)(points < MAP_POINTS_LEAST ? MAP_POINTS_LEAST : points),
    };
    return spica_report(context, arguments->output, &settings, arguments->options);
}

static void print_result(Console *console, const Arguments *arguments, const spica_quality *quality) {
    const bool trials = strcmp(spica_options_get(arguments->options, "run.trials"), "1") != 0;
    if (arguments->json) {
        print_file(console, arguments->output, trials ? "trials.json" : "metrics.json");
        return;
    }
    if (trials) print_trials(arguments->output);
    print_clusters(quality, arguments->output);
}

static spica_status run(spica_context *context, Console *console, const Arguments *arguments) {
    return cluster_and_report(context, console, arguments, print_result);
}

const Command command_cluster = {
    .name = "cluster",
    .usage = "DATA -k K -o RUN [OPTIONS]",
    .summary = "groups the pictures of DATA into K clusters; results in the folder RUN",
    .least = 1,
    .most = 1,
    .output_needed = "RUN, the folder for the results",
    .takes_output = true,
    .takes_json = true,
    .takes_overwrite = true,
    .takes_no_report = true,
    .takes_recipe = true,
    .takes_all_options = true,
    .run = run,
};

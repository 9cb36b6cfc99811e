#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "command.h"

/* How many labels were learnt from, and how well the clusters' names fit all other pictures. */
static void print_known(const char *run) {
    char path[4096];
    snprintf(path, sizeof path, "%s/metrics.json", run);
    json_t *metrics = json_load_file(path, 0, NULL);
    const json_t *accuracy = json_object_get(metrics, "acc_named");
    printf("%lld pictures had a known label and count in no score\n",
           (long long)json_integer_value(json_object_get(metrics, "known")));
    if (json_is_number(accuracy)) printf("accuracy by the clusters' names %.4f\n", json_number_value(accuracy));
    json_decref(metrics);
}

/* The command is a method of its own; an option or a recipe may have named another one. */
static spica_status set_method(spica_context *context, Console *console, spica_options *options) {
    const char *method = spica_options_get(options, "run.method");
    if (strcmp(method, "spice") == 0 || strcmp(method, "semi") == 0)
        return spica_options_set(context, options, "run.method", "semi");
    console_error(console, "run.method = %s: semi is another method", method);
    return SPICA_ERROR_OPTION;
}

static void print_result(Console *console, const Arguments *arguments, const spica_quality *quality) {
    if (arguments->json) {
        print_metrics(console, arguments->output);
        return;
    }
    print_clusters(quality, arguments->output);
    print_known(arguments->output);
}

static spica_status run(spica_context *context, Console *console, const Arguments *arguments) {
    const spica_status status = set_method(context, console, arguments->options);
    return status == SPICA_OK ? cluster_and_report(context, console, arguments, print_result) : status;
}

const Command command_semi = {
    .name = "semi",
    .usage = "DATA --known FILE.csv [-k K] -o RUN [OPTIONS]",
    .summary = "as cluster, with labels for some of the pictures: clusters get their names; FILE.csv is path,label",
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

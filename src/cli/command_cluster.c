#include <stdio.h>

#include "command.h"

/* Copies RUN/metrics.json to stdout. */
static void print_metrics(Console *console, const char *run) {
    char path[4096], block[4096];
    snprintf(path, sizeof path, "%s/metrics.json", run);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        console_error(console, "%s cannot be opened", path);
        return;
    }
    for (size_t bytes; (bytes = fread(block, 1, sizeof block, file)) > 0;)
        fwrite(block, 1, bytes, stdout);
    fclose(file);
}

static spica_status run(spica_context *context, Console *console, const Arguments *arguments) {
    spica_quality quality;
    const spica_status status = spica_cluster(context, arguments->options, arguments->operands[0], arguments->output,
                                              arguments->overwrite, &quality);
    if (status != SPICA_OK) return status;
    console_clear(console);
    if (arguments->json) {
        print_metrics(console, arguments->output);
        return SPICA_OK;
    }
    printf("%llu pictures in %llu clusters: %s/clusters.csv\n", (unsigned long long)quality.pictures,
           (unsigned long long)quality.clusters, arguments->output);
    print_quality(&quality);
    return SPICA_OK;
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
    .takes_recipe = true,
    .takes_all_options = true,
    .run = run,
};

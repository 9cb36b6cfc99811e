#include <stdio.h>

#include <jansson.h>

#include "command.h"

/* The sizes and the confusion matrix of metrics as a table: a row per cluster, a column per class. */
static void print_confusion(const json_t *metrics) {
    const json_t *sizes = json_object_get(metrics, "sizes"), *confusion = json_object_get(metrics, "confusion");
    const json_t *classes = json_object_get(metrics, "class_names");
    printf("%7s %8s", "cluster", "size");
    for (size_t c = 0; c < json_array_size(classes); c++)
        printf(" %9.9s", json_string_value(json_array_get(classes, c)));
    putchar('\n');
    for (size_t k = 0; k < json_array_size(sizes); k++) {
        printf("%7zu %8lld", k, (long long)json_integer_value(json_array_get(sizes, k)));
        const json_t *row = json_array_get(confusion, k);
        for (size_t c = 0; c < json_array_size(row); c++)
            printf(" %9lld", (long long)json_integer_value(json_array_get(row, c)));
        putchar('\n');
    }
}

static spica_status run(spica_context *context, Console *console, const Arguments *arguments) {
    const char *data = arguments->operand_count > 1 ? arguments->operands[1] : NULL;
    const char *labels = arguments->labels_given ? spica_options_get(arguments->options, "data.labels") : NULL;
    spica_quality quality;
    char *json = NULL;
    const spica_status status =
        spica_evaluate(context, arguments->operands[0], data, labels, arguments->options, &quality, &json);
    if (status != SPICA_OK) return status;
    console_clear(console);
    if (arguments->json) {
        puts(json);
    } else {
        printf("%llu pictures in %llu clusters\n", (unsigned long long)quality.pictures,
               (unsigned long long)quality.clusters);
        print_quality(&quality);
        json_t *metrics = json_loads(json, 0, NULL);
        print_confusion(metrics);
        json_decref(metrics);
    }
    spica_text_free(context, &json);
    return SPICA_OK;
}

const Command command_eval = {
    .name = "eval",
    .usage = "RUN [DATA] | CSV [--labels FILE] [OPTIONS]",
    .summary = "compares clusters with labels: ACC NMI ARI purity, sizes, confusion",
    .least = 1,
    .most = 2,
    .takes_json = true,
    .run = run,
};

#include <stdio.h>

#include <jansson.h>

#include "command.h"

static void print_probes(const char *text) {
    json_t *answer = json_loads(text, 0, NULL);
    const json_t *probes = json_object_get(answer, "probes");
    printf("%lld labelled pictures, %lld of them held out from the linear classifier\n",
           (long long)json_integer_value(json_object_get(answer, "pictures")),
           (long long)json_integer_value(json_object_get(answer, "held_out")));
    for (size_t i = 0; i < json_array_size(probes); i++) {
        const json_t *probe = json_array_get(probes, i);
        printf("%-22s linear %.4f  neighbours %.4f\n", json_string_value(json_object_get(probe, "weights")),
               json_number_value(json_object_get(probe, "linear")),
               json_number_value(json_object_get(probe, "neighbours")));
    }
    json_decref(answer);
}

static spica_status run(spica_context *context, Console *console, const Arguments *arguments) {
    const char *data = arguments->operand_count > 1 ? arguments->operands[1] : NULL;
    const char *labels = arguments->labels_given ? spica_options_get(arguments->options, "data.labels") : NULL;
    char *json = NULL;
    const spica_status status = spica_probe(context, arguments->operands[0], data, labels, arguments->options, &json);
    if (status != SPICA_OK) return status;
    console_clear(console);
    if (arguments->json)
        puts(json);
    else
        print_probes(json);
    spica_text_free(context, &json);
    return SPICA_OK;
}

const Command command_probe = {
    .name = "probe",
    .usage = "RUN [DATA] [--labels FILE] [OPTIONS]",
    .summary = "what a run's features know: accuracy of a linear classifier and of nearest neighbours on labels",
    .least = 1,
    .most = 2,
    .takes_json = true,
    .run = run,
};

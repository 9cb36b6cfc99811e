#include "config/method_stages.h"

#include <string.h>

#define STAGES_MOST 3

/* The names of the methods are run.method's choices (option_table.c). */
static const struct {
    const char *method, *stages[STAGES_MOST + 1];
} methods[] = {
    {"spice", {STAGE_FEATURES, STAGE_HEAD, STAGE_JOINT}},
    {"spice-self", {STAGE_FEATURES, STAGE_HEAD}},
    {"pica", {STAGE_PICA}},
    {"scan", {STAGE_FEATURES, STAGE_SCAN, STAGE_SELF_LABEL}},
    {"scan-star", {STAGE_FEATURES, STAGE_SCAN}},
    {"semi", {STAGE_FEATURES, STAGE_KNOWN, STAGE_JOINT}},
    {"kmeans", {STAGE_PARTITION}},
    {"spherical-kmeans", {STAGE_PARTITION}},
    {"spectral", {STAGE_PARTITION}},
    {"agglomerative", {STAGE_PARTITION}},
    {"nmf", {STAGE_PARTITION}},
    {"gmm", {STAGE_PARTITION}},
    {"moco-kmeans", {STAGE_FEATURES, STAGE_PARTITION}},
};

/* A classic algorithm learns features first where it is to cluster embeddings. */
static const char *const embeddings_stages[] = {STAGE_FEATURES, STAGE_PARTITION, NULL};

static bool wants_embeddings(const Options *options, const char *const *stages) {
    return strcmp(stages[0], STAGE_PARTITION) == 0 && strcmp(options_text(options, "partition.on"), "embeddings") == 0;
}

const char *const *method_stages(const Options *options) {
    static const char *const none[] = {NULL};
    const char *method = options_text(options, "run.method");
    for (size_t m = 0; m < sizeof methods / sizeof methods[0]; m++)
        if (strcmp(method, methods[m].method) == 0)
            return wants_embeddings(options, methods[m].stages) ? embeddings_stages : methods[m].stages;
    return none;
}

bool method_has_stage(const Options *options, const char *stage) {
    for (const char *const *s = method_stages(options); *s != NULL; s++)
        if (strcmp(*s, stage) == 0) return true;
    return false;
}

bool method_features_given(const Options *options) {
    return options_text(options, "features.from")[0] != '\0' || options_text(options, "features.weights")[0] != '\0';
}

/* Rules that bind several options. */
#include "config/method_stages.h"
#include "config/partition_on.h"

#include <stdio.h>
#include <string.h>

static const char *value_of(const Options *options, const char *key) { return options->texts[option_find(key)]; }

static Status rule_fail(Context *ctx, const Options *options, const char *key, const char *other, const char *rule) {
    return context_fail(ctx, SPICA_ERROR_OPTION, "%s = %s with %s = %s: %s", key, value_of(options, key), other,
                        value_of(options, other), rule);
}

/* Every "X_min" of the table is followed by its "X_max". */
static Status check_ranges(Context *ctx, const Options *options) {
    for (size_t i = 0; i + 1 < option_count; i++) {
        const char *low = option_table[i].key, *high = option_table[i + 1].key;
        const size_t length = strlen(low);
        if (length < 4 || strcmp(low + length - 4, "_min") != 0) continue;
        if (options_real(options, low) > options_real(options, high))
            return rule_fail(ctx, options, low, high, "the minimum exceeds the maximum");
    }
    return SPICA_OK;
}

static Status check_start(Context *ctx, const Options *options) {
    const bool same = strcmp(options_text(options, "joint.backbone"), "same") == 0;
    if (same || strcmp(options_text(options, "joint.start"), "fresh") == 0) return SPICA_OK;
    return rule_fail(ctx, options, "joint.start", "joint.backbone",
                     "only the same backbone can start from the weights of stages 1 and 2");
}

/* Cached views are features of running statistics. */
static Status check_bank(Context *ctx, const Options *options) {
    if (options_integer(options, "head.bank") == 0 || strcmp(options_text(options, "head.bn"), "eval") == 0)
        return SPICA_OK;
    return rule_fail(ctx, options, "head.bank", "head.bn", "kept views need head.bn = eval");
}

/* So are features of a backbone that stays. */
static Status check_frozen(Context *ctx, const Options *options) {
    if (options_integer(options, "head.bank") == 0 || !options_boolean(options, "head.train_backbone")) return SPICA_OK;
    return rule_fail(ctx, options, "head.bank", "head.train_backbone", "kept views need a backbone that stays");
}

/* A head that over-clusters has more clusters than the one that it helps. */
static Status check_overclusters(Context *ctx, const Options *options) {
    const int64_t overclusters = options_integer(options, "pica.overclusters");
    if (!method_has_stage(options, STAGE_PICA) || overclusters == 0) return SPICA_OK;
    if (overclusters >= options_integer(options, "run.clusters")) return SPICA_OK;
    return rule_fail(ctx, options, "pica.overclusters", "run.clusters",
                     "the over-clustering head needs at least as many clusters (0: no such head)");
}

static Status check_auxiliary(Context *ctx, const Options *options) {
    const bool together = method_has_stage(options, STAGE_PICA) && options_boolean(options, "pica.together");
    if (options_text(options, "data.auxiliary")[0] != '\0' && together)
        return rule_fail(ctx, options, "data.auxiliary", "pica.together",
                         "auxiliary pictures need steps of the over-clustering head alone");
    if (options_text(options, "data.auxiliary")[0] == '\0' || method_has_stage(options, STAGE_PICA) ||
        method_has_stage(options, STAGE_FEATURES))
        return SPICA_OK;
    return rule_fail(ctx, options, "data.auxiliary", "run.method", "nothing in it learns from more pictures");
}

/* Known labels and the method that learns from them come together. */
static Status check_known(Context *ctx, const Options *options) {
    const bool given = options_text(options, "semi.known")[0] != '\0', needed = method_has_stage(options, STAGE_KNOWN);
    if (given == needed) return SPICA_OK;
    return needed ? context_fail(ctx, SPICA_ERROR_OPTION,
                                 "run.method = semi needs semi.known (--known FILE), the labels to learn from")
                  : rule_fail(ctx, options, "semi.known", "run.method", "only semi learns from known labels");
}

/* What the classic algorithms cluster. */
static Status check_partition(Context *ctx, const Options *options) {
    PartitionOn on;
    size_t components;
    const char *text = options_text(options, "partition.on"), *method = options_text(options, "run.method");
    if (!partition_on_parse(text, &on, &components))
        return context_fail(ctx, SPICA_ERROR_OPTION,
                            "partition.on = %s: pixels, embeddings, pca:N (N components) or auto is expected", text);
    const bool moco = method_has_stage(options, STAGE_FEATURES) && on != PARTITION_ON_EMBEDDINGS;
    if (method_has_stage(options, STAGE_PARTITION) && moco && strcmp(text, "auto") != 0)
        return rule_fail(ctx, options, "run.method", "partition.on", "it clusters embeddings");
    if (strcmp(method, "nmf") == 0 && on == PARTITION_ON_COMPONENTS)
        return rule_fail(ctx, options, "run.method", "partition.on",
                         "components are negative too, and NMF takes numbers from 0 alone");
    return SPICA_OK;
}

/* Stage 1 of another run, for a method that has one. */
static Status check_features_from(Context *ctx, const Options *options) {
    if (options_text(options, "features.from")[0] == '\0') return SPICA_OK;
    if (options_text(options, "features.weights")[0] != '\0')
        return rule_fail(ctx, options, "features.from", "features.weights", "stage 1 comes from one of them");
    if (method_has_stage(options, STAGE_FEATURES)) return SPICA_OK;
    return rule_fail(ctx, options, "features.from", "run.method",
                     method_has_stage(options, STAGE_PARTITION)
                         ? "only with partition.on = embeddings is there a stage 1"
                         : "this method has no stage 1");
}

/* What the clustering head and joint training leave is the features'. */
static Status check_split(Context *ctx, const Options *options) {
    const double sum = options_real(options, "run.split_head") + options_real(options, "run.split_joint");
    if (sum >= 1.0)
        return context_fail(ctx, SPICA_ERROR_OPTION,
                            "run.split_head and run.split_joint add up to %.4g: less than 1 is expected", sum);
    return SPICA_OK;
}

Status options_check(Context *ctx, const Options *options) {
    if (options_integer(options, "run.clusters") < 2)
        return context_fail(ctx, SPICA_ERROR_OPTION, "run.clusters (--clusters, -k) must be given, and be at least 2");
    TRY(check_ranges(ctx, options));
    TRY(check_start(ctx, options));
    TRY(check_bank(ctx, options));
    TRY(check_frozen(ctx, options));
    TRY(check_overclusters(ctx, options));
    TRY(check_auxiliary(ctx, options));
    TRY(check_known(ctx, options));
    TRY(check_partition(ctx, options));
    TRY(check_features_from(ctx, options));
    return check_split(ctx, options);
}

#include "run/ablations.h"

#include <stdio.h>
#include <string.h>

/* Huang, Gong, Zhu: Deep Semantic Clustering by Partition Confidence Maximisation, CVPR 2020, section 4.2. */
static const AblationVariant pica_variants[] = {
    {"full", {NULL}},
    {"no-entropy", {"pica.entropy_weight=0"}},
    {"no-overclustering", {"pica.overclusters=0"}},
    {"no-perturbation", {"pica.augment.policy=none"}},
    {"gaussian", {"pica.initialisation=gaussian"}},
    {"xavier", {"pica.initialisation=xavier"}},
    {"kaiming", {"pica.initialisation=kaiming"}},
    {NULL, {NULL}},
};

static const AblationTable pica_tables[] = {
    {"Table 2: entropy of the cluster sizes, against under-clustering",
     {{"without entropy", "no-entropy"}, {"with entropy", "full"}}},
    {"Table 3: over-clustering", {{"without over-clustering", "no-overclustering"}, {"with over-clustering", "full"}}},
    {"Table 4: robustness to perturbation",
     {{"without perturbation", "no-perturbation"}, {"with perturbation", "full"}}},
    {"Table 5: initialisation",
     {{"default", "full"}, {"Gaussian", "gaussian"}, {"Xavier", "xavier"}, {"Kaiming", "kaiming"}}},
    {NULL, {{NULL, NULL}}},
};

const Ablation ablations[] = {
    {"pica",
     "PICA's Tables 2 to 5: entropy, over-clustering, perturbation, initialisation",
     {"run.method=pica"},
     pica_variants,
     pica_tables},
    {NULL, NULL, {NULL}, NULL, NULL},
};

const Ablation *ablation_find(const char *name) {
    for (const Ablation *ablation = ablations; ablation->name != NULL; ablation++)
        if (strcmp(ablation->name, name) == 0) return ablation;
    return NULL;
}

const AblationVariant *ablation_variant(const Ablation *ablation, const char *name) {
    for (const AblationVariant *variant = ablation->variants; variant->name != NULL; variant++)
        if (strcmp(variant->name, name) == 0) return variant;
    return NULL;
}

size_t ablation_variant_count(const Ablation *ablation) {
    size_t count = 0;
    while (ablation->variants[count].name != NULL)
        count++;
    return count;
}

/* KEY=VALUE; *value points behind the equals sign. */
static Status setting_split(Context *ctx, const char *setting, char key[64], const char **value) {
    *value = NULL;
    const char *equals = strchr(setting, '=');
    const size_t length = equals != NULL ? (size_t)(equals - setting) : 64;
    if (length >= 64) return context_fail(ctx, SPICA_ERROR_INTERNAL, "%s: KEY=VALUE is expected", setting);
    memcpy(key, setting, length);
    key[length] = '\0';
    *value = equals + 1;
    return SPICA_OK;
}

static Status settings_set(Context *ctx, const char *const *settings, Options *options) {
    for (; *settings != NULL; settings++) {
        char key[64];
        const char *value;
        TRY(setting_split(ctx, *settings, key, &value));
        TRY(options_set(ctx, options, key, value, SOURCE_USER));
    }
    return SPICA_OK;
}

/* What the user has set is compared after it has been set again: as canonical text. */
static Status shared_set(Context *ctx, const Ablation *ablation, Options *options) {
    for (const char *const *setting = ablation->settings; *setting != NULL; setting++) {
        char key[64], before[256];
        const char *value, *const one[] = {*setting, NULL};
        TRY(setting_split(ctx, *setting, key, &value));
        const long row = option_find(key);
        const bool users = row >= 0 && options->sources[row] == SOURCE_USER;
        if (users) snprintf(before, sizeof before, "%s", options->texts[row]);
        TRY(settings_set(ctx, one, options));
        if (users && strcmp(before, options->texts[row]) != 0)
            return context_fail(ctx, SPICA_ERROR_OPTION, "%s = %s: the ablation %s is of %s = %s", key, before,
                                ablation->name, key, options->texts[row]);
    }
    return SPICA_OK;
}

Status ablation_apply(Context *ctx, const Ablation *ablation, const AblationVariant *variant, Options *options) {
    TRY(shared_set(ctx, ablation, options));
    return settings_set(ctx, variant->settings, options);
}

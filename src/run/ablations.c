#include "run/ablations.h"

#include <stdio.h>
#include <string.h>

/* Huang, Gong, Zhu: Deep Semantic Clustering by Partition Confidence Maximisation, CVPR 2020, section 4.2. */
static const AblationVariant pica_variants[] = {
    {"full", {NULL}, NULL},
    {"no-entropy", {"pica.entropy_weight=0"}, NULL},
    {"no-overclustering", {"pica.overclusters=0"}, NULL},
    {"no-perturbation", {"pica.augment.policy=none", "pica.enlarge=1"}, NULL},
    {"gaussian", {"pica.initialisation=gaussian"}, NULL},
    {"xavier", {"pica.initialisation=xavier"}, NULL},
    {"kaiming", {"pica.initialisation=kaiming"}, NULL},
    {NULL, {NULL}, NULL},
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

/* Niu, Shan, Wang: SPICE, IEEE TIP 31 (2022), section IV-F. Stage 2 on one stage 1. The weight of the entropy is not
 * given. */
static const AblationVariant spice_variants[] = {
    {"full", {NULL}, NULL},
    {"non-overlap", {"head.overlap=false"}, "full"},
    {"joint-sh", {"head.train_backbone=true", "head.bank=0", "head.count=1"}, "full"},
    {"joint-mh", {"head.train_backbone=true", "head.bank=0"}, "full"},
    {"entropy", {"head.entropy_weight=1"}, "full"},
    {"ce", {"head.loss=plain"}, "full"},
    {"tce", {"head.loss=temperature"}, "full"},
    {"weak-weak", {"head.strong=head.weak"}, "full"},
    {"strong-weak", {"head.weak=head.strong", "head.strong=head.weak"}, "full"},
    {"strong-strong", {"head.weak=head.strong"}, "full"},
    {NULL, {NULL}, NULL},
};

static const AblationTable spice_tables[] = {
    {"Table VII: components of stage 2",
     {{"Non-overlap", "non-overlap"},
      {"Joint-SH", "joint-sh"},
      {"Joint-MH", "joint-mh"},
      {"Entropy", "entropy"},
      {"CE", "ce"},
      {"TCE", "tce"},
      {"SPICEs", "full"}}},
    {"Table VIII: augmentation of the second and of the third branch (Aug1, Aug2)",
     {{"Weak Weak", "weak-weak"},
      {"Strong Weak", "strong-weak"},
      {"Strong Strong", "strong-strong"},
      {"Weak Strong", "full"}}},
    {NULL, {{NULL, NULL}}},
};

/* The same, stage 3. A picture is its own neighbour, so that every label has a share above 0. */
static const AblationVariant reliable_variants[] = {
    {"full", {NULL}, NULL},
    {"all-labels",
     {"reliable.consistency=0", "reliable.inclusive=true", "reliable.confidence=0", "reliable.balanced=false"},
     "full"},
    {NULL, {NULL}, NULL},
};

static const AblationTable reliable_tables[] = {
    {"Fig. 7: labels of joint training", {{"all labels", "all-labels"}, {"reliable labels", "full"}}},
    {NULL, {{NULL, NULL}}},
};

const Ablation ablations[] = {
    {"pica",
     "PICA's Tables 2 to 5: entropy, over-clustering, perturbation, initialisation",
     {"run.method=pica"},
     pica_variants,
     pica_tables,
     false},
    {"spice",
     "SPICE's Tables VII and VIII: assignment, loss and augmentation of stage 2",
     {"run.method=spice-self"},
     spice_variants,
     spice_tables,
     true},
    {"spice-reliable",
     "SPICE's Fig. 7: joint training on reliable labels, and on all",
     {"run.method=spice"},
     reliable_variants,
     reliable_tables,
     false},
    {NULL, NULL, {NULL}, NULL, NULL, false},
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

double ablation_run_weight(const Ablation *ablation, double share) {
    double weight = 0.0;
    for (const AblationVariant *variant = ablation->variants; variant->name != NULL; variant++)
        weight += variant->features_of != NULL ? share : 1.0;
    return weight;
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

/* The name of an option behind "SECTION.", or NULL. */
static const char *name_in_section(const char *key, const char *section) {
    const size_t length = strlen(section);
    if (strncmp(key, section, length) != 0 || key[length] != '.') return NULL;
    return strchr(key + length + 1, '.') == NULL ? key + length + 1 : NULL;
}

/* The options of `section` get the values that those of `source` have in `before`. */
static Status section_copy(Context *ctx, const char *section, const char *source, const Options *before,
                           Options *options) {
    for (size_t i = 0; i < option_count; i++) {
        char key[128];
        const char *name = name_in_section(option_table[i].key, source);
        if (name == NULL) continue;
        snprintf(key, sizeof key, "%s.%s", section, name);
        TRY(options_set(ctx, options, key, before->texts[i], SOURCE_USER));
    }
    return SPICA_OK;
}

static Status settings_apply(Context *ctx, const char *const *settings, const Options *before, Options *options) {
    for (; *settings != NULL; settings++) {
        char key[64];
        const char *value;
        TRY(setting_split(ctx, *settings, key, &value));
        TRY(option_find(key) >= 0 ? options_set(ctx, options, key, value, SOURCE_USER)
                                  : section_copy(ctx, key, value, before, options));
    }
    return SPICA_OK;
}

/* Sections are copied as they were before: two may change places. */
static Status settings_set(Context *ctx, const char *const *settings, Options *options) {
    Options before = {0};
    Status status = options_open(ctx, &before);
    if (status == SPICA_OK) status = options_copy(ctx, &before, options);
    if (status == SPICA_OK) status = settings_apply(ctx, settings, &before, options);
    options_close(ctx, &before);
    return status;
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

/* The ablations of the papers, as data: what is left out of the full method, and in which tables it is told. */
#ifndef SPICA_RUN_ABLATIONS_H
#define SPICA_RUN_ABLATIONS_H

#include "config/options.h"

#define ABLATION_SETTINGS_MOST 8
#define ABLATION_ROWS_MOST 8

/* The method with something changed. Tables share variants; each is run once for every seed. A setting is KEY=VALUE, or
 * SECTION=SECTION: all keys of the first get the values that those of the second had ("head.weak=head.strong"). */
typedef struct AblationVariant {
    const char *name;                                 /* of its folder; NULL ends a list */
    const char *settings[ABLATION_SETTINGS_MOST + 1]; /* what differs from the full method; NULL-ended */
    const char *features_of; /* an earlier variant, which differs in later stages alone: its stage 1 serves here too,
                                and the stages have the lengths that it had; NULL: none */
} AblationVariant;

typedef struct AblationRow {
    const char *name;    /* in words; NULL ends a list */
    const char *variant; /* AblationVariant's name */
} AblationRow;

typedef struct AblationTable {
    const char *title; /* "Table 2: ..."; NULL ends a list */
    AblationRow rows[ABLATION_ROWS_MOST + 1];
} AblationTable;

typedef struct Ablation {
    const char *name;                                 /* "pica"; NULL ends the list */
    const char *summary;                              /* one line */
    const char *settings[ABLATION_SETTINGS_MOST + 1]; /* of all its variants */
    const AblationVariant *variants;                  /* in the order that they are run */
    const AblationTable *tables;
    bool gradient_ratios; /* gradient_ratio.h's file belongs to it */
} Ablation;

extern const Ablation ablations[];

/* NULL when there is none of that name. */
const Ablation *ablation_find(const char *name);
const AblationVariant *ablation_variant(const Ablation *ablation, const char *name);
size_t ablation_variant_count(const Ablation *ablation);

/* How many runs' time the ablation takes with one seed: a variant that trains all its stages counts as 1, one that goes
 * on from another's stage 1 as `share`. */
double ablation_run_weight(const Ablation *ablation, double share);

/* Makes a user's options those of the variant. SPICA_ERROR_OPTION: the user has set one of the settings that all
 * variants share to something else. */
Status ablation_apply(Context *ctx, const Ablation *ablation, const AblationVariant *variant, Options *options);

#endif

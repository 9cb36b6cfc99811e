/* The recipe of a run that names none. */
#ifndef SPICA_RUN_RECIPE_CHOICE_H
#define SPICA_RUN_RECIPE_CHOICE_H

#include "config/options.h"
#include "data/dataset.h"

/* Why a run has its recipe. */
typedef struct RecipeReason {
    char text[128];
} RecipeReason;

/* Opens the data set that the options under data.* describe and, where the options hold no recipe, chooses one: that of
 * the recognised data set ("fashion-mnist", or "spice-NAME"), else `auto`, a fixed table by the number and the size of
 * the pictures, meant for about an hour on two cores. What the user has set stays. Where the recipe says of the data
 * what was not known when it was opened (data.split, data.size of pictures that are files), it is opened once more: a
 * run that is repeated by its config.ini reads the same pictures. *reason: why; where it is NULL, the log tells what
 * was chosen. */
Status recipe_choose_and_open(Context *ctx, Options *options, const char *path, Dataset *dataset, RecipeReason *reason);

#endif

/* The recipe of a run that names none. */
#ifndef SPICA_RUN_RECIPE_CHOICE_H
#define SPICA_RUN_RECIPE_CHOICE_H

#include "config/options.h"
#include "data/dataset.h"

/* Where the options hold no recipe: that of the recognised data set ("fashion-mnist", or "spice-NAME"), else `auto`, a
 * fixed table by the number and the size of the pictures, meant for about an hour on two cores. What the user has set
 * stays. Logs what was chosen. */
Status recipe_choose(Context *ctx, Options *options, const Dataset *dataset);

#endif

/* How right the reliable labels are beside all labels of stage 2 (SPICE's Fig. 7): reliable.csv and members of stage
 * 3's record. True labels are read for these alone. */
#ifndef SPICA_RUN_RELIABLE_RECORD_H
#define SPICA_RUN_RELIABLE_RECORD_H

#include "run/run.h"

#define RELIABLE_RECORD "reliable.csv"

/* predicted[N]: clusters; reliable[N]: those that are reliable, else -1. Adds all_acc and reliable_acc to the facts and
 * writes the file; nothing where the data set has no labels. */
Status reliable_record_write(Context *ctx, const Run *run, const int32_t *predicted, const int32_t *reliable,
                             json_t *facts);

#endif

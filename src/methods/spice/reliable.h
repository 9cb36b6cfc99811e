/* SPICE's reliable pseudo-labels (Eq. 6-7). */
#ifndef SPICA_METHODS_SPICE_RELIABLE_H
#define SPICA_METHODS_SPICE_RELIABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"

typedef struct ReliableSettings {
    size_t clusters;
    size_t neighbours;  /* Ns */
    double consistency; /* lambda: r_i > (paper) or >= (program) this */
    bool inclusive;     /* >= */
    double confidence;  /* max p_i > this; 0: no condition (paper) */
    bool balanced;      /* cut every cluster at random to the smallest (program) */
    size_t minimum;     /* pictures that every non-empty cluster must keep, at least 1 */
    uint64_t seed;
} ReliableSettings;

typedef struct ReliableReport {
    size_t selected;    /* pictures with a reliable label */
    double consistency; /* the thresholds used: lowered where a cluster would have come out empty */
    double confidence;
    bool lowered;
    size_t empty_clusters; /* clusters to which no picture at all is assigned */
} ReliableReport;

/* Fits the settings to `count` pictures and logs what changed: Ns at most half the mean cluster size (at least 2),
 * since more neighbours than a cluster has pictures cannot agree. */
void reliable_settings_clip(Context *ctx, ReliableSettings *settings, size_t count);

/* neighbours[count x Ns] with the picture itself among them; labels[count] 0..K-1; probabilities[count x K].
 * reliable[count]: the label or -1. Where the thresholds would lose a cluster that has pictures, the highest ones that
 * keep every cluster are chosen (the consistency as high as possible, then the confidence), log_warning says so, and
 * the report holds it: the same comparison with the reported values gives the same choice. */
Status reliable_select(Context *ctx, const ReliableSettings *settings, const int32_t *neighbours, const int32_t *labels,
                       const float *probabilities, size_t count, int32_t *reliable, ReliableReport *report);

#endif

#include "cluster/calibration.h"

#include <math.h>

#define BINS 15

/* A bin holds its upper end, as in the paper: ((m - 1) / BINS, m / BINS]. */
static size_t bin_of(double confidence) {
    const double bin = ceil(confidence * BINS) - 1.0;
    return bin < 0.0 ? 0 : bin > BINS - 1 ? BINS - 1 : (size_t)bin;
}

double calibration_error(const float *confidences, const int32_t *predicted, const int32_t *labels, size_t count,
                         const int64_t *class_of) {
    double gaps[BINS] = {0}; /* right ones less the sum of the confidences */
    size_t labelled = 0;
    for (size_t i = 0; i < count; i++) {
        if (labels[i] < 0) continue;
        const double right = class_of[predicted[i]] == labels[i] ? 1.0 : 0.0;
        gaps[bin_of((double)confidences[i])] += right - (double)confidences[i];
        labelled++;
    }
    double sum = 0.0;
    for (size_t bin = 0; bin < BINS; bin++)
        sum += fabs(gaps[bin]);
    return labelled > 0 ? sum / (double)labelled : (double)NAN;
}

#include "methods/pseudo_labels.h"

size_t pseudo_labels(int32_t *labels, const float *probabilities, size_t rows, size_t clusters, float threshold,
                     bool inclusive) {
    size_t passed = 0;
    for (size_t i = 0; i < rows; i++) {
        const float *p = probabilities + i * clusters;
        size_t best = 0;
        for (size_t k = 1; k < clusters; k++)
            if (p[k] > p[best]) best = k;
        const bool sure = inclusive ? p[best] >= threshold : p[best] > threshold;
        labels[i] = sure ? (int32_t)best : -1;
        passed += sure;
    }
    return passed;
}

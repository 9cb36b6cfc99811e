/* Whether confidences are what they say: the share of pictures that are right. */
#ifndef SPICA_CLUSTER_CALIBRATION_H
#define SPICA_CLUSTER_CALIBRATION_H

#include <stddef.h>
#include <stdint.h>

/* The expected calibration error (Guo et al. 2017, arXiv:1706.04599, Eq. 5) over 15 bins of equal width: the mean over
 * the pictures of |share of right ones - mean confidence| in their bin. A picture is right where its label is the class
 * that is matched to its cluster, class_of[cluster]. Pictures without a label (below 0) do not count; NaN where none
 * has one. confidences[count] lie within 0 .. 1. */
double calibration_error(const float *confidences, const int32_t *predicted, const int32_t *labels, size_t count,
                         const int64_t *class_of);

#endif

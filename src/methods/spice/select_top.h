/* The k largest of a list, in one order whatever the machine. */
#ifndef SPICA_METHODS_SPICE_SELECT_TOP_H
#define SPICA_METHODS_SPICE_SELECT_TOP_H

#include <stddef.h>
#include <stdint.h>

/* chosen[k]: the indices of the k largest of values[0], values[stride], ... values[(count - 1) * stride], in ascending
 * order; of equal values those of smaller index; NaN is smaller than all numbers. Entries whose byte of excluded[count]
 * (may be NULL) is nonzero cannot be chosen. Returns how many were: k, or all that can be. keys: count words of work.
 * Cost: five passes over the list, whatever k (a radix selection). */
size_t select_top(int32_t *chosen, size_t k, const float *values, size_t count, size_t stride, const uint8_t *excluded,
                  uint32_t *keys);

#endif

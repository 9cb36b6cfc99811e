#include "base/nearest.h"

#include <stdint.h>
#include <string.h>

#define WORD_MAX 127

static size_t minimum(size_t a, size_t b) { return a < b ? a : b; }

/* Optimal string alignment distance: three rows of the usual table. Costs the product of the lengths. */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length) {
    size_t rows[3][WORD_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_length; j++)
        above[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            row[j] = minimum(minimum(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = minimum(row[j], before[j - 2] + 1);
        }
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[b_length];
}

const char *nearest_word(const char *word, const char *const *words, size_t count) {
    const size_t length = strlen(word);
    if (length > WORD_MAX) return NULL;
    const char *nearest = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        const size_t candidate = strlen(words[i]);
        if (candidate > WORD_MAX) continue;
        const size_t distance = edit_distance(word, length, words[i], candidate);
        if (distance >= least) continue;
        least = distance;
        nearest = words[i];
    }
    return 2 * least <= length ? nearest : NULL;
}

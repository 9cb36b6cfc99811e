/* The known word nearest to a misspelt one. */
#ifndef SPICA_BASE_NEAREST_H
#define SPICA_BASE_NEAREST_H

#include <stddef.h>

/* The word of words[count] with the smallest edit distance (insertions, deletions, substitutions, swaps of neighbours)
 * to `word`, the first of equals; NULL when none is nearer than half of the word's length or `word` exceeds 127 bytes.
 */
const char *nearest_word(const char *word, const char *const *words, size_t count);

#endif

#include "cluster/knn_keys.h"

/* Ranges up to this length are sorted by insertion. */
#define INSERTION_MOST 12

static uint64_t median_of_three(uint64_t a, uint64_t b, uint64_t c) {
    const uint64_t low = a < b ? a : b, high = a < b ? b : a;
    return c < low ? low : c > high ? high : c;
}

/* Chooses one of the keys and puts it behind all larger ones and before all smaller ones; returns its place. The loop
 * has no branch that depends on the keys, which are in random order. */
static size_t keys_divide(uint64_t *keys, size_t count) {
    const uint64_t pivot = median_of_three(keys[0], keys[count / 2], keys[count - 1]);
    size_t larger = 0, at;
    for (size_t i = 0; i < count; i++) {
        const uint64_t key = keys[i];
        keys[i] = keys[larger];
        keys[larger] = key;
        larger += key > pivot;
    }
    for (at = larger; keys[at] != pivot;)
        at++;
    keys[at] = keys[larger];
    keys[larger] = pivot;
    return larger;
}

void keys_select(uint64_t *keys, size_t count, size_t k) {
    size_t first = 0, end = count;
    while (end - first > 1) {
        const size_t place = first + keys_divide(keys + first, end - first);
        if (place == k || place + 1 == k) return;
        if (place > k)
            end = place;
        else
            first = place + 1;
    }
}

static void keys_insert(uint64_t *keys, size_t count) {
    for (size_t i = 1; i < count; i++) {
        const uint64_t key = keys[i];
        size_t hole = i;
        for (; hole > 0 && keys[hole - 1] < key; hole--)
            keys[hole] = keys[hole - 1];
        keys[hole] = key;
    }
}

/* Quicksort that descends into the shorter side. */
void keys_sort(uint64_t *keys, size_t count) {
    while (count > INSERTION_MOST) {
        const size_t place = keys_divide(keys, count), behind = count - place - 1;
        if (place < behind) {
            keys_sort(keys, place);
            keys += place + 1;
            count = behind;
        } else {
            keys_sort(keys + place + 1, behind);
            count = place;
        }
    }
    keys_insert(keys, count);
}

/* Randomness by counter: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011,
 * doi:10.1145/2063384.2063405). There is no generator state to save: a draw is a function of the seed, of where it is
 * used (stream, step, position, view) and of its index, so any view can be recomputed alone and the number of threads
 * does not matter. */
#ifndef SPICA_BASE_RANDOM_H
#define SPICA_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* The 10-round block function: 4 random words from a 2-word key and a 4-word counter. */
void philox4x32(uint32_t output[4], const uint32_t counter[4], const uint32_t key[2]);

/* What draws are for. The numbers are part of every result: append, never renumber. */
typedef enum RandomPurpose {
    RANDOM_TEST = 0,
    RANDOM_DATA_LIMIT = 1,    /* choice of data.limit rows */
    RANDOM_INIT_BACKBONE = 2, /* weights */
    RANDOM_INIT_HEAD = 3,
    RANDOM_ORDER_FEATURES = 4, /* epoch orders */
    RANDOM_ORDER_HEAD = 5,
    RANDOM_ORDER_LABELLED = 6,
    RANDOM_ORDER_UNLABELLED = 7,
    RANDOM_AUGMENT_FEATURES = 8, /* views */
    RANDOM_AUGMENT_HEAD = 9,
    RANDOM_AUGMENT_LABELLED = 10,
    RANDOM_AUGMENT_UNLABELLED = 11,
    RANDOM_SHUFFLE_KEYS = 12, /* MoCo's shuffled batch norm groups */
    RANDOM_RELIABLE = 13,     /* balancing cuts */
    RANDOM_KMEANS = 14,
    RANDOM_DROPOUT = 15,
    RANDOM_QUEUE = 16,      /* the queue's first contents */
    RANDOM_ORDER_PICA = 17, /* epoch orders of the clustering head and of the over-clustering head */
    RANDOM_ORDER_OVERCLUSTERING = 18,
    RANDOM_AUGMENT_PICA = 19, /* views */
    RANDOM_SNAPSHOT = 20,     /* which pictures' predictions are recorded */
    RANDOM_PROJECTION = 21,   /* random projections of wide matrices */
    RANDOM_LANCZOS = 22,      /* start vectors of eigenvectors */
    RANDOM_MAP = 23,          /* noise at the start of a map of points */
    RANDOM_ORDER_SCAN = 24,   /* SCAN: orders, which neighbour a picture is paired with, views */
    RANDOM_NEIGHBOUR_SCAN = 25,
    RANDOM_AUGMENT_SCAN = 26,
    RANDOM_ORDER_SELF_LABEL = 27,
    RANDOM_AUGMENT_SELF_LABEL = 28,
    RANDOM_SEEDS = 29,       /* where clusters without a known picture begin */
    RANDOM_ORDER_KNOWN = 30, /* orders of the head that learns from known labels */
    RANDOM_MAP_CHOICE = 31,  /* which pictures are on a map */
    RANDOM_SILHOUETTE = 32,  /* which pictures a silhouette is of */
    RANDOM_PROBE = 33,       /* which labelled pictures a probe holds out */
} RandomPurpose;

/* A sequence of draws at one place of use. Cheap to make; plain data. */
typedef struct Random {
    uint32_t key[2];     /* seed */
    uint32_t counter[4]; /* purpose and view, step, position, index of the next block */
    uint32_t words[4];   /* the current block */
    unsigned used;       /* words of it already taken */
} Random;

/* The sequence at (purpose, step, position, view); view < 2^24, purpose < 2^8, step and position are taken modulo 2^32.
 */
Random random_at(uint64_t seed, RandomPurpose purpose, uint64_t step, uint64_t position, uint32_t view);

uint32_t random_word(Random *random);

/* Uniform on [0, 1), 24 bits. One word. */
float random_uniform(Random *random);

/* Uniform on [low, high). One word. */
float random_between(Random *random, float low, float high);

/* Uniform on 0 .. bound-1, bound >= 1, without bias. One word, rarely more. */
uint32_t random_below(Random *random, uint32_t bound);

/* Standard normal by Box-Muller. Two words. */
float random_normal(Random *random);

/* order: a permutation of 0 .. count-1 (Fisher-Yates). count < 2^32. */
void random_permutation(Random *random, int64_t *order, size_t count);

#endif

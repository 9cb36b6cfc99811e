#include "data/dataset_measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/simd.h"

/* A 64-bit fingerprint: tells data sets apart, is no defence against forgery. Blocks of 1 MiB are hashed by themselves,
 * in parallel, and their hashes are hashed in order. Within a block four lanes take 8 bytes each in turn, so that the
 * multiplications overlap; mixing steps are those of Appleby's MurmurHash3 (public domain). */
#define BLOCK_BYTES ((size_t)1 << 20)
#define LANES ((size_t)4)
#define MULTIPLIER_1 UINT64_C(0x87c37b91114253d5)
#define MULTIPLIER_2 UINT64_C(0x4cf5ad432745937f)

static inline uint64_t rotate_left(uint64_t value, int bits) { return value << bits | value >> (64 - bits); }

static inline uint64_t hash_add(uint64_t state, uint64_t word) {
    word = rotate_left(word * MULTIPLIER_1, 31) * MULTIPLIER_2;
    return rotate_left(state ^ word, 27) * 5 + UINT64_C(0x52dce729);
}

static uint64_t hash_finish(uint64_t state) {
    state = (state ^ state >> 33) * UINT64_C(0xff51afd7ed558ccd);
    state = (state ^ state >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return state ^ state >> 33;
}

static inline uint64_t little_endian(const uint8_t *bytes) {
    uint64_t word = 0;
    for (int i = 0; i < 8; i++)
        word |= (uint64_t)bytes[i] << (8 * i);
    return word;
}

uint64_t hash_combine(uint64_t state, uint64_t word) { return hash_finish(hash_add(state, word)); }

uint64_t bytes_hash(const void *start, size_t count) {
    const uint8_t *bytes = start;
    uint64_t lanes[LANES];
    uint64_t state = count;
    for (size_t lane = 0; lane < LANES; lane++)
        lanes[lane] = lane + 1;
    size_t at = 0;
    for (; at + 8 * LANES <= count; at += 8 * LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            lanes[lane] = hash_add(lanes[lane], little_endian(bytes + at + 8 * lane));
    for (size_t lane = 0; lane < LANES; lane++)
        state = hash_add(state, lanes[lane]);
    for (; at < count; at++)
        state = hash_add(state, bytes[at]);
    return hash_finish(state);
}

Status dataset_fingerprint(Context *ctx, const Dataset *dataset, uint64_t *fingerprint) {
    const size_t bytes = dataset->count * dataset_row_bytes(dataset);
    const size_t blocks = (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES;
    uint64_t *hashes;
    TRY(NEW_ARRAY(ctx, &hashes, blocks));
#pragma omp parallel for schedule(static) num_threads(ctx->threads)
    for (size_t block = 0; block < blocks; block++) {
        const size_t start = block * BLOCK_BYTES;
        hashes[block] =
            bytes_hash(dataset_rows(dataset) + start, bytes - start < BLOCK_BYTES ? bytes - start : BLOCK_BYTES);
    }
    uint64_t state = dataset->count;
    state = hash_add(state, (uint64_t)dataset->height);
    state = hash_add(state, (uint64_t)dataset->width);
    state = hash_add(state, (uint64_t)dataset->channels);
    for (size_t block = 0; block < blocks; block++)
        state = hash_add(state, hashes[block]);
    *fingerprint = hash_finish(state);
    FREE_ARRAY(ctx, &hashes);
    return SPICA_OK;
}

/* A picture by the hash of its pixels. */
typedef struct HashedRow {
    uint64_t hash, row;
} HashedRow;

static int hashed_compare(const void *a, const void *b) {
    const HashedRow *first = a, *second = b;
    if (first->hash != second->hash) return first->hash < second->hash ? -1 : 1;
    return first->row < second->row ? -1 : first->row > second->row;
}

/* The first picture of those in rows[begin .. at) that has the pixels of rows[at], or -1. Only hashes that are equal by
 * chance make the loop go on. */
static int64_t first_equal(const Dataset *dataset, const HashedRow *rows, size_t begin, size_t at,
                           const int64_t *first) {
    const size_t bytes = dataset_row_bytes(dataset);
    for (size_t i = begin; i < at; i++)
        if (first[rows[i].row] < 0 &&
            memcmp(dataset_row(dataset, (size_t)rows[i].row), dataset_row(dataset, (size_t)rows[at].row), bytes) == 0)
            return (int64_t)rows[i].row;
    return -1;
}

/* Equal pictures have equal hashes, so they stand together, in data order. */
static size_t hashed_compare_pixels(const Dataset *dataset, const HashedRow *rows, int64_t *first) {
    size_t begin = 0, duplicates = 0;
    for (size_t i = 0; i < dataset->count; i++) {
        if (rows[i].hash != rows[begin].hash) begin = i;
        first[rows[i].row] = first_equal(dataset, rows, begin, i, first);
        if (first[rows[i].row] >= 0) duplicates++;
    }
    return duplicates;
}

Status dataset_find_duplicates(Context *ctx, const Dataset *dataset, int64_t *first, size_t *duplicates) {
    const size_t bytes = dataset_row_bytes(dataset);
    HashedRow *rows;
    TRY(NEW_ARRAY(ctx, &rows, dataset->count));
#pragma omp parallel for schedule(static) num_threads(ctx->threads)
    for (size_t row = 0; row < dataset->count; row++)
        rows[row] = (HashedRow){bytes_hash(dataset_row(dataset, row), bytes), row};
    qsort(rows, dataset->count, sizeof *rows, hashed_compare);
    *duplicates = hashed_compare_pixels(dataset, rows, first);
    FREE_ARRAY(ctx, &rows);
    return SPICA_OK;
}

/* Adds values[count], every stride-th byte, and their squares. Runs of 2^15 keep the sums of squares, at most 255^2
 * each, below 2^31, in numbers that vectorise. */
#define RUN ((size_t)1 << 15)

SIMD_VERSIONS static void bytes_add(const uint8_t *values, size_t count, size_t stride, uint64_t *sum,
                                    uint64_t *squares) {
    for (size_t start = 0; start < count; start += RUN) {
        const size_t end = count - start < RUN ? count : start + RUN;
        uint32_t run_sum = 0, run_squares = 0;
        for (size_t i = start; i < end; i++) {
            const uint32_t value = values[i * stride];
            run_sum += value;
            run_squares += value * value;
        }
        *sum += run_sum;
        *squares += run_squares;
    }
}

static void embeddings_statistics(const Dataset *dataset, float mean[3], float deviation[3]) {
    const size_t dimension = dataset_dimension(dataset);
    double squares = 0.0;
    for (size_t row = 0; row < dataset->count; row++) {
        const float *numbers = dataset->embeddings + row * dimension;
        double sum = 0.0;
        for (size_t d = 0; d < dimension; d++)
            sum += (double)numbers[d] * (double)numbers[d];
        squares += sum;
    }
    const double size = sqrt(squares / ((double)dataset->count * (double)dimension));
    for (int c = 0; c < 3; c++) {
        mean[c] = 0.0f;
        deviation[c] = size > 0.0 ? (float)size : 1.0f;
    }
}

/* The sums are whole numbers, so the result is exact up to its rounding, and the variance loses nothing to cancellation
 * but in its last product. */
void dataset_statistics(const Dataset *dataset, float mean[3], float deviation[3]) {
    if (dataset_has_embeddings(dataset)) {
        embeddings_statistics(dataset, mean, deviation);
        return;
    }
    const size_t channels = (size_t)dataset->channels;
    const size_t values = dataset->count * (size_t)dataset->height * (size_t)dataset->width;
    for (size_t channel = 0; channel < channels; channel++) {
        uint64_t sum = 0, squares = 0;
        bytes_add(dataset->pixels + channel, values, channels, &sum, &squares);
        const double count = values > 0 ? (double)values : 1.0;
        const double average = (double)sum / count;
        const double variance = (double)squares / count - average * average;
        mean[channel] = (float)(average / 255.0);
        deviation[channel] = variance > 1e-9 ? (float)(sqrt(variance) / 255.0) : 1.0f;
    }
}

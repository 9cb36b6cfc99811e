/* How the time of those parts grows with the number of pictures that grow faster than it:
 *
 *     scaling [--threads N] [--dim D] [--size N] [PART...]
 *     scaling [--threads N] --recall EMBEDDINGS.npy
 *
 * PART is search, lists, spectral, agglomerative, tsne, propagation or reliable (default: all). Points stand for
 * embeddings: D numbers (128) of length 1, of which 20 move around each of 100 centres. Prints a Markdown table, with
 * the processor time of all threads, and each part's exponent, the slope of log seconds over log N by least squares;
 * with --size that N only. `search` is the exact search of the 100 nearest neighbours of all points, `lists` the one by
 * inverted lists, with its recall over 1,000 of them; `propagation` spreads ten labels of each centre, `reliable`
 * chooses pseudo-labels once the neighbours are known. --recall makes both searches on the rows of a run's
 * embeddings.npy. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/npy.h"
#include "base/random.h"
#include "cluster/knn.h"
#include "cluster/knn_inverted.h"
#include "cluster/label_propagation.h"
#include "cluster/tsne.h"
#include "methods/partition/partition.h"
#include "methods/spice/reliable.h"
#include "nn/losses.h"

#define LATENT ((size_t)20)
#define CENTRES ((size_t)100)
#define NEIGHBOURS ((size_t)100)
#define QUERIES ((size_t)1000) /* of which recall is measured */
#define SIZES_MOST 5

/* *points[count x dim] = centre + spread x latent, normalised. */
static Status points_make(Context *ctx, float **points, size_t count, size_t dim) {
    float *spread;
    Random random = random_at(1, RANDOM_TEST, 0, 0, 0);
    TRY(NEW_ARRAY(ctx, points, count * dim));
    TRY(NEW_ARRAY(ctx, &spread, LATENT * dim));
    for (size_t i = 0; i < LATENT * dim; i++)
        spread[i] = 0.3F * random_normal(&random);
    for (size_t row = 0; row < count; row++) {
        Random centre = random_at(1, RANDOM_TEST, row % CENTRES, 1, 0), latent = random_at(1, RANDOM_TEST, row, 2, 0);
        float *point = *points + row * dim;
        for (size_t d = 0; d < dim; d++)
            point[d] = random_normal(&centre);
        for (size_t i = 0; i < LATENT; i++) {
            const float value = random_normal(&latent);
            for (size_t d = 0; d < dim; d++)
                point[d] += value * spread[i * dim + d];
        }
    }
    normalize_rows(*points, count, dim, NULL);
    FREE_ARRAY(ctx, &spread);
    return SPICA_OK;
}

typedef struct Result {
    double seconds, processor; /* processor: of all threads */
    double recall;             /* NAN where a part has none */
} Result;

/* Before the work the starting times, after it the differences. */
static void result_clock(Result *result) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    result->seconds = clock_seconds() - result->seconds;
    result->processor = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec - result->processor;
}

/* One part's work on count rows of dim numbers. */
typedef Status (*Work)(Context *ctx, const float *points, size_t count, size_t dim, Result *result);

static Status search(Context *ctx, const float *points, size_t count, size_t dim, Result *result) {
    int32_t *neighbours;
    TRY(NEW_ARRAY(ctx, &neighbours, count * NEIGHBOURS));
    result_clock(result);
    const Status status = knn_search(ctx, neighbours, NULL, points, count, points, count, dim, NEIGHBOURS);
    result_clock(result);
    FREE_ARRAY(ctx, &neighbours);
    return status;
}

/* Rows all over the set, of all centres, which come in turns. */
static size_t query_row(size_t query, size_t queries, size_t count) {
    return query * count / queries + query % (count / queries);
}

/* The share of the exact neighbours of some rows that is among the found. */
static Status recall_of(Context *ctx, const int32_t *found, const float *points, size_t count, size_t dim,
                        double *recall) {
    const size_t queries = count < QUERIES ? count : QUERIES;
    float *rows = NULL;
    int32_t *exact = NULL;
    size_t hits = 0;
    Status status = NEW_ARRAY(ctx, &rows, queries * dim);
    if (status == SPICA_OK) status = NEW_ARRAY(ctx, &exact, queries * NEIGHBOURS);
    for (size_t q = 0; status == SPICA_OK && q < queries; q++)
        memcpy(rows + q * dim, points + query_row(q, queries, count) * dim, dim * sizeof *rows);
    if (status == SPICA_OK) status = knn_search(ctx, exact, NULL, rows, queries, points, count, dim, NEIGHBOURS);
    for (size_t q = 0; status == SPICA_OK && q < queries; q++)
        for (size_t i = 0; i < NEIGHBOURS; i++)
            for (size_t j = 0; j < NEIGHBOURS; j++)
                hits += exact[q * NEIGHBOURS + i] == found[query_row(q, queries, count) * NEIGHBOURS + j];
    *recall = (double)hits / (double)(queries * NEIGHBOURS);
    FREE_ARRAY(ctx, &rows);
    FREE_ARRAY(ctx, &exact);
    return status;
}

static Status lists(Context *ctx, const float *points, size_t count, size_t dim, Result *result) {
    const InvertedSettings settings = {0};
    int32_t *neighbours;
    TRY(NEW_ARRAY(ctx, &neighbours, count * NEIGHBOURS));
    result_clock(result);
    Status status = knn_inverted(ctx, &settings, neighbours, points, count, dim, NEIGHBOURS);
    result_clock(result);
    if (status == SPICA_OK) status = recall_of(ctx, neighbours, points, count, dim, &result->recall);
    FREE_ARRAY(ctx, &neighbours);
    return status;
}

static Status fit(Context *ctx, const PartitionSettings *settings, const float *points, size_t count, size_t dim,
                  Result *result) {
    PartitionModel model = {0};
    PartitionReport report = {0};
    int32_t *labels;
    TRY(NEW_ARRAY(ctx, &labels, count));
    result_clock(result);
    const Status status = partition_fit(ctx, settings, points, count, dim, labels, &model, &report);
    result_clock(result);
    partition_model_close(ctx, &model);
    FREE_ARRAY(ctx, &labels);
    return status;
}

static Status spectral(Context *ctx, const float *points, size_t count, size_t dim, Result *result) {
    const PartitionSettings settings = {
        .kind = PARTITION_SPECTRAL, .clusters = 10, .starts = 10, .neighbours = 20, .iterations = 300};
    return fit(ctx, &settings, points, count, dim, result);
}

static Status agglomerative(Context *ctx, const float *points, size_t count, size_t dim, Result *result) {
    const PartitionSettings settings = {.kind = PARTITION_AGGLOMERATIVE, .clusters = 10, .linkage = LINKAGE_WARD};
    return fit(ctx, &settings, points, count, dim, result);
}

static Status tsne(Context *ctx, const float *points, size_t count, size_t dim, Result *result) {
    const TsneSettings settings = tsne_default();
    float *map;
    TRY(NEW_ARRAY(ctx, &map, 2 * count));
    result_clock(result);
    const Status status = tsne_run(ctx, map, &settings, points, count, dim, NULL);
    result_clock(result);
    FREE_ARRAY(ctx, &map);
    return status;
}

static Status propagation(Context *ctx, const float *points, size_t count, size_t dim, Result *result) {
    const PropagationSettings settings = {.classes = CENTRES, .neighbours = 10};
    int32_t *seeds = NULL;
    float *scores = NULL;
    Status status = NEW_ARRAY(ctx, &seeds, count);
    if (status == SPICA_OK) status = NEW_ARRAY(ctx, &scores, count * CENTRES);
    for (size_t i = 0; status == SPICA_OK && i < count; i++)
        seeds[i] = i < 10 * CENTRES ? (int32_t)(i % CENTRES) : -1;
    result_clock(result);
    if (status == SPICA_OK) status = label_propagate(ctx, &settings, points, count, dim, seeds, scores);
    result_clock(result);
    FREE_ARRAY(ctx, &seeds);
    FREE_ARRAY(ctx, &scores);
    return status;
}

/* Neighbours of the same centre, and a prediction that is sure of it: what a good stage 2 gives. */
static void sure_evidence(int32_t *neighbours, int32_t *labels, float *probabilities, size_t count) {
    memset(probabilities, 0, count * CENTRES * sizeof *probabilities);
    for (size_t i = 0; i < count; i++) {
        labels[i] = (int32_t)(i % CENTRES);
        probabilities[i * CENTRES + i % CENTRES] = 1.0F;
        for (size_t j = 0; j < NEIGHBOURS; j++)
            neighbours[i * NEIGHBOURS + j] = (int32_t)((i + j * CENTRES) % count);
    }
}

static Status reliable(Context *ctx, const float *points, size_t count, size_t dim, Result *result) {
    const ReliableSettings settings = {.clusters = CENTRES,
                                       .neighbours = NEIGHBOURS,
                                       .consistency = 0.95,
                                       .inclusive = true,
                                       .confidence = 0.95,
                                       .minimum = 1};
    ReliableReport report;
    int32_t *neighbours = NULL, *labels = NULL, *chosen = NULL;
    float *probabilities = NULL;
    Status status = NEW_ARRAY(ctx, &neighbours, count * NEIGHBOURS);
    (void)points, (void)dim;
    if (status == SPICA_OK) status = NEW_ARRAY(ctx, &labels, count);
    if (status == SPICA_OK) status = NEW_ARRAY(ctx, &chosen, count);
    if (status == SPICA_OK) status = NEW_ARRAY(ctx, &probabilities, count * CENTRES);
    if (status == SPICA_OK) sure_evidence(neighbours, labels, probabilities, count);
    result_clock(result);
    if (status == SPICA_OK)
        status = reliable_select(ctx, &settings, neighbours, labels, probabilities, count, chosen, &report);
    result_clock(result);
    FREE_ARRAY(ctx, &neighbours);
    FREE_ARRAY(ctx, &labels);
    FREE_ARRAY(ctx, &chosen);
    FREE_ARRAY(ctx, &probabilities);
    return status;
}

typedef struct Part {
    const char *name;
    Work work;
    size_t sizes[SIZES_MOST];
} Part;

static const Part parts[] = {
    {"search", search, {10000, 20000, 50000, 100000, 200000}},
    {"lists", lists, {200000, 500000, 1000000}},
    {"spectral", spectral, {5000, 10000, 20000, 40000}},
    {"agglomerative", agglomerative, {5000, 10000, 20000}},
    {"tsne", tsne, {5000, 10000, 20000}},
    {"propagation", propagation, {10000, 20000, 50000}},
    {"reliable", reliable, {10000, 100000, 1000000}},
};

typedef struct Options {
    size_t dim, size; /* size: 0: those of the part */
    const char *recall;
} Options;

static void print_line(const char *name, size_t count, const Result *result) {
    printf("| %s | %zu | %.2f | %.2f |", name, count, result->seconds, result->processor);
    if (isnan(result->recall))
        printf(" |\n");
    else
        printf(" %.4f |\n", result->recall);
    fflush(stdout);
}

static Status measure_size(Context *ctx, const Part *part, size_t count, size_t dim, double *seconds) {
    float *points = NULL;
    Result result = {.recall = NAN};
    Status status = points_make(ctx, &points, count, dim);
    if (status == SPICA_OK) status = part->work(ctx, points, count, dim, &result);
    if (status == SPICA_OK) print_line(part->name, count, &result);
    *seconds = result.seconds;
    FREE_ARRAY(ctx, &points);
    return status;
}

static Status measure_part(Context *ctx, const Part *part, size_t dim) {
    double x[SIZES_MOST], y[SIZES_MOST], mean_x = 0.0, mean_y = 0.0, product = 0.0, square = 0.0;
    size_t count = 0;
    for (; count < SIZES_MOST && part->sizes[count] != 0; count++) {
        double seconds;
        TRY(measure_size(ctx, part, part->sizes[count], dim, &seconds));
        x[count] = log((double)part->sizes[count]);
        y[count] = log(seconds);
        mean_x += x[count];
        mean_y += y[count];
    }
    for (size_t i = 0; i < count; i++) {
        product += (x[i] - mean_x / (double)count) * (y[i] - mean_y / (double)count);
        square += (x[i] - mean_x / (double)count) * (x[i] - mean_x / (double)count);
    }
    printf("| %s, exponent | | %.2f | | |\n", part->name, product / square);
    return SPICA_OK;
}

static Status measure_embeddings(Context *ctx, const char *path) {
    NpyArray array = {0};
    Result exact = {.recall = NAN}, found = {.recall = NAN};
    Status status = npy_read(ctx, path, &array);
    if (status == SPICA_OK && (array.type != NPY_FLOAT32 || array.rank != 2))
        status = context_fail(ctx, SPICA_ERROR_DATA, "%s: not a float32 matrix", path);
    if (status == SPICA_OK) {
        normalize_rows(array.data, array.shape[0], array.shape[1], NULL);
        status = search(ctx, array.data, array.shape[0], array.shape[1], &exact);
    }
    if (status == SPICA_OK) print_line("search", array.shape[0], &exact);
    if (status == SPICA_OK) status = lists(ctx, array.data, array.shape[0], array.shape[1], &found);
    if (status == SPICA_OK) print_line("lists", array.shape[0], &found);
    npy_close(ctx, &array);
    return status;
}

/* Takes the options off the front of the words. */
static Options options_read(Context *ctx, char *const **words, int *count) {
    Options options = {.dim = 128};
    for (; *count >= 2 && strncmp(**words, "--", 2) == 0; *words += 2, *count -= 2) {
        const char *name = (*words)[0], *value = (*words)[1];
        if (strcmp(name, "--threads") == 0) ctx->threads = (int)strtol(value, NULL, 10);
        if (strcmp(name, "--dim") == 0) options.dim = strtoul(value, NULL, 10);
        if (strcmp(name, "--size") == 0) options.size = strtoul(value, NULL, 10);
        if (strcmp(name, "--recall") == 0) options.recall = value;
    }
    return options;
}

static Status measure(Context *ctx, char *const *words, int count) {
    const Options options = options_read(ctx, &words, &count);
    double seconds;
    printf("| part | N | seconds | processor time | recall of 100 neighbours |\n|---|---|---|---|---|\n");
    if (options.recall != NULL) return measure_embeddings(ctx, options.recall);
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
        bool wanted = count == 0;
        for (int i = 0; i < count; i++)
            wanted = wanted || strcmp(words[i], parts[p].name) == 0;
        if (!wanted) continue;
        if (options.size == 0)
            TRY(measure_part(ctx, &parts[p], options.dim));
        else
            TRY(measure_size(ctx, &parts[p], options.size, options.dim, &seconds));
    }
    return SPICA_OK;
}

int main(int argc, char **argv) {
    Context *ctx;
    if (spica_context_open(&ctx, NULL) != SPICA_OK) return 1;
    const Status status = measure(ctx, argv + 1, argc - 1);
    if (status != SPICA_OK) fprintf(stderr, "scaling: %s\n", spica_context_reason(ctx));
    spica_context_close(&ctx);
    return status != SPICA_OK;
}

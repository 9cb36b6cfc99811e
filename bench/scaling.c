/* How the time of those parts grows with the number of pictures that grow faster than it:
 *
 *     scaling [--threads N] [PART...]            PART: search, lists, spectral, agglomerative (default: all)
 *     scaling [--threads N] --recall EMBEDDINGS.npy
 *
 * Points stand for embeddings: 128 numbers of length 1, of which 20 move around each of 100 centres. Prints a Markdown
 * table and each part's exponent, the slope of log seconds over log N by least squares. `search` is the exact search of
 * the 100 nearest neighbours of all points, `lists` the one by inverted lists, with its recall over 1,000 of them.
 * --recall makes both searches on the rows of a run's embeddings.npy. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/npy.h"
#include "base/random.h"
#include "cluster/knn.h"
#include "cluster/knn_inverted.h"
#include "methods/partition/partition.h"
#include "nn/losses.h"

#define DIM ((size_t)128)
#define LATENT ((size_t)20)
#define CENTRES ((size_t)100)
#define NEIGHBOURS ((size_t)100)
#define QUERIES ((size_t)1000) /* of which recall is measured */
#define SIZES_MOST 5

/* *points[count x DIM] = centre + spread x latent, normalised. */
static Status points_make(Context *ctx, float **points, size_t count) {
    static float spread[LATENT][DIM];
    Random random = random_at(1, RANDOM_TEST, 0, 0, 0);
    for (size_t i = 0; i < LATENT; i++)
        for (size_t d = 0; d < DIM; d++)
            spread[i][d] = 0.3F * random_normal(&random);
    TRY(NEW_ARRAY(ctx, points, count * DIM));
    for (size_t row = 0; row < count; row++) {
        Random centre = random_at(1, RANDOM_TEST, row % CENTRES, 1, 0), latent = random_at(1, RANDOM_TEST, row, 2, 0);
        float *point = *points + row * DIM;
        for (size_t d = 0; d < DIM; d++)
            point[d] = random_normal(&centre);
        for (size_t i = 0; i < LATENT; i++) {
            const float value = random_normal(&latent);
            for (size_t d = 0; d < DIM; d++)
                point[d] += value * spread[i][d];
        }
    }
    normalize_rows(*points, count, DIM, NULL);
    return SPICA_OK;
}

/* One part's work on count rows of dim numbers. *recall: set by those that have one. */
typedef Status (*Work)(Context *ctx, const float *points, size_t count, size_t dim, double *seconds, double *recall);

static Status search(Context *ctx, const float *points, size_t count, size_t dim, double *seconds, double *recall) {
    int32_t *neighbours;
    (void)recall;
    TRY(NEW_ARRAY(ctx, &neighbours, count * NEIGHBOURS));
    const double start = clock_seconds();
    const Status status = knn_search(ctx, neighbours, NULL, points, count, points, count, dim, NEIGHBOURS);
    *seconds = clock_seconds() - start;
    FREE_ARRAY(ctx, &neighbours);
    return status;
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
        memcpy(rows + q * dim, points + q * count / queries * dim, dim * sizeof *rows);
    if (status == SPICA_OK) status = knn_search(ctx, exact, NULL, rows, queries, points, count, dim, NEIGHBOURS);
    for (size_t q = 0; status == SPICA_OK && q < queries; q++)
        for (size_t i = 0; i < NEIGHBOURS; i++)
            for (size_t j = 0; j < NEIGHBOURS; j++)
                hits += exact[q * NEIGHBOURS + i] == found[q * count / queries * NEIGHBOURS + j];
    *recall = (double)hits / (double)(queries * NEIGHBOURS);
    FREE_ARRAY(ctx, &rows);
    FREE_ARRAY(ctx, &exact);
    return status;
}

static Status lists(Context *ctx, const float *points, size_t count, size_t dim, double *seconds, double *recall) {
    const InvertedSettings settings = {0};
    int32_t *neighbours;
    TRY(NEW_ARRAY(ctx, &neighbours, count * NEIGHBOURS));
    const double start = clock_seconds();
    Status status = knn_inverted(ctx, &settings, neighbours, points, count, dim, NEIGHBOURS);
    *seconds = clock_seconds() - start;
    if (status == SPICA_OK) status = recall_of(ctx, neighbours, points, count, dim, recall);
    FREE_ARRAY(ctx, &neighbours);
    return status;
}

static Status fit(Context *ctx, const PartitionSettings *settings, const float *points, size_t count, size_t dim,
                  double *seconds) {
    PartitionModel model = {0};
    PartitionReport report = {0};
    int32_t *labels;
    TRY(NEW_ARRAY(ctx, &labels, count));
    const Status status = partition_fit(ctx, settings, points, count, dim, labels, &model, &report);
    *seconds = report.seconds;
    partition_model_close(ctx, &model);
    FREE_ARRAY(ctx, &labels);
    return status;
}

static Status spectral(Context *ctx, const float *points, size_t count, size_t dim, double *seconds, double *recall) {
    const PartitionSettings settings = {
        .kind = PARTITION_SPECTRAL, .clusters = 10, .starts = 10, .neighbours = 20, .iterations = 300};
    (void)recall;
    return fit(ctx, &settings, points, count, dim, seconds);
}

static Status agglomerative(Context *ctx, const float *points, size_t count, size_t dim, double *seconds,
                            double *recall) {
    const PartitionSettings settings = {.kind = PARTITION_AGGLOMERATIVE, .clusters = 10, .linkage = LINKAGE_WARD};
    (void)recall;
    return fit(ctx, &settings, points, count, dim, seconds);
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
};

static void print_line(const char *name, size_t count, double seconds, double recall) {
    printf("| %s | %zu | %.2f |", name, count, seconds);
    if (isnan(recall))
        printf(" |\n");
    else
        printf(" %.4f |\n", recall);
    fflush(stdout);
}

static Status measure_size(Context *ctx, const Part *part, size_t count, double *seconds) {
    float *points = NULL;
    double recall = NAN;
    Status status = points_make(ctx, &points, count);
    if (status == SPICA_OK) status = part->work(ctx, points, count, DIM, seconds, &recall);
    if (status == SPICA_OK) print_line(part->name, count, *seconds, recall);
    FREE_ARRAY(ctx, &points);
    return status;
}

static Status measure_part(Context *ctx, const Part *part) {
    double x[SIZES_MOST], y[SIZES_MOST], mean_x = 0.0, mean_y = 0.0, product = 0.0, square = 0.0;
    size_t count = 0;
    for (; count < SIZES_MOST && part->sizes[count] != 0; count++) {
        double seconds;
        TRY(measure_size(ctx, part, part->sizes[count], &seconds));
        x[count] = log((double)part->sizes[count]);
        y[count] = log(seconds);
        mean_x += x[count];
        mean_y += y[count];
    }
    for (size_t i = 0; i < count; i++) {
        product += (x[i] - mean_x / (double)count) * (y[i] - mean_y / (double)count);
        square += (x[i] - mean_x / (double)count) * (x[i] - mean_x / (double)count);
    }
    printf("| %s, exponent | | %.2f | |\n", part->name, product / square);
    return SPICA_OK;
}

static Status measure_embeddings(Context *ctx, const char *path) {
    NpyArray array = {0};
    double seconds = 0.0, recall = NAN;
    Status status = npy_read(ctx, path, &array);
    if (status == SPICA_OK && (array.type != NPY_FLOAT32 || array.rank != 2))
        status = context_fail(ctx, SPICA_ERROR_DATA, "%s: not a float32 matrix", path);
    if (status == SPICA_OK) {
        normalize_rows(array.data, array.shape[0], array.shape[1], NULL);
        status = search(ctx, array.data, array.shape[0], array.shape[1], &seconds, &recall);
    }
    if (status == SPICA_OK) print_line("search", array.shape[0], seconds, recall);
    if (status == SPICA_OK) status = lists(ctx, array.data, array.shape[0], array.shape[1], &seconds, &recall);
    if (status == SPICA_OK) print_line("lists", array.shape[0], seconds, recall);
    npy_close(ctx, &array);
    return status;
}

static Status measure(Context *ctx, char *const *words, int count) {
    printf("| part | N | seconds | recall of 100 neighbours |\n|---|---|---|---|\n");
    if (count == 2 && strcmp(words[0], "--recall") == 0) return measure_embeddings(ctx, words[1]);
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
        bool wanted = count == 0;
        for (int i = 0; i < count; i++)
            wanted = wanted || strcmp(words[i], parts[p].name) == 0;
        if (wanted) TRY(measure_part(ctx, &parts[p]));
    }
    return SPICA_OK;
}

int main(int argc, char **argv) {
    Context *ctx;
    int first = 1;
    if (spica_context_open(&ctx, NULL) != SPICA_OK) return 1;
    if (argc > 2 && strcmp(argv[1], "--threads") == 0) {
        ctx->threads = (int)strtol(argv[2], NULL, 10);
        first = 3;
    }
    const Status status = measure(ctx, argv + first, argc - first);
    if (status != SPICA_OK) fprintf(stderr, "scaling: %s\n", spica_context_reason(ctx));
    spica_context_close(&ctx);
    return status != SPICA_OK;
}

#include "methods/spice/spread_labels.h"

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "cluster/kmeans.h"
#include "cluster/kmeans_points.h"
#include "cluster/knn_inverted.h"
#include "cluster/label_propagation.h"

/* Iterations that settle the centres of clusters without a class. */
#define CENTRE_ITERATIONS 50
/* Pictures that are tried for each such centre. */
#define CENTRE_CANDIDATES 8

/* The pictures and what is known of them. */
typedef struct Pictures {
    const float *embeddings; /* N x D */
    size_t count, dim;
    const int32_t *known; /* N */
} Pictures;

/* ---- clusters without a class ---- */

/* centres[classes x D] = mean of each class's known pictures */
static Status average_classes(Context *ctx, const Pictures *p, size_t classes, float *centres) {
    size_t *sizes;
    TRY(NEW_ZEROED(ctx, &sizes, classes));
    memset(centres, 0, classes * p->dim * sizeof *centres);
    for (size_t i = 0; i < p->count; i++) {
        if (p->known[i] < 0) continue;
        float *centre = centres + (size_t)p->known[i] * p->dim;
        for (size_t d = 0; d < p->dim; d++)
            centre[d] += p->embeddings[i * p->dim + d];
        sizes[p->known[i]]++;
    }
    for (size_t k = 0; k < classes; k++)
        for (size_t d = 0; d < p->dim; d++)
            centres[k * p->dim + d] /= (float)sizes[k];
    FREE_ARRAY(ctx, &sizes);
    return SPICA_OK;
}

/* distances[i] = the squared distance to the centre, where that is less; returns the sum of all. */
static double lower_distances(const Pictures *p, const float *centre, float *distances) {
    double sum = 0.0;
    for (size_t i = 0; i < p->count; i++) {
        const float distance = vector_distance(p->embeddings + i * p->dim, centre, p->dim);
        if (distance < distances[i]) distances[i] = distance;
        sum += (double)distances[i];
    }
    return sum;
}

/* k-means++: a picture is drawn with its squared distance to the nearest centre as its weight. */
static size_t draw_far(const float *distances, size_t count, double sum, Random *random) {
    double left = (double)random_uniform(random) * sum;
    for (size_t i = 0; i + 1 < count; i++) {
        left -= (double)distances[i];
        if (left < 0.0) return i;
    }
    return count - 1;
}

/* What the sum of lower_distances would be. */
static double try_centre(const Pictures *p, const float *centre, const float *distances) {
    double sum = 0.0;
    for (size_t i = 0; i < p->count; i++) {
        const float distance = vector_distance(p->embeddings + i * p->dim, centre, p->dim);
        sum += (double)(distance < distances[i] ? distance : distances[i]);
    }
    return sum;
}

/* Of some pictures that are drawn, the one that as a centre leaves the least sum. */
static size_t choose_centre(const Pictures *p, const float *distances, double sum, Random random) {
    size_t best = 0;
    double least = HUGE_VAL;
    for (int c = 0; c < CENTRE_CANDIDATES; c++) {
        const size_t drawn = draw_far(distances, p->count, sum, &random);
        const double left = try_centre(p, p->embeddings + drawn * p->dim, distances);
        if (left >= least) continue;
        least = left;
        best = drawn;
    }
    return best;
}

/* centres[K x D], the first of which are the classes'. */
static Status place_centres(Context *ctx, const SpreadSettings *settings, const Pictures *p, float *centres) {
    float *distances;
    double sum = 0.0;
    TRY(average_classes(ctx, p, settings->classes, centres));
    TRY(NEW_ARRAY(ctx, &distances, p->count));
    for (size_t i = 0; i < p->count; i++)
        distances[i] = INFINITY;
    for (size_t k = 0; k < settings->classes; k++)
        sum = lower_distances(p, centres + k * p->dim, distances);
    for (size_t k = settings->classes; k < settings->clusters; k++) {
        const size_t drawn = choose_centre(p, distances, sum, random_at(settings->seed, RANDOM_SEEDS, k, 0, 0));
        memcpy(centres + k * p->dim, p->embeddings + drawn * p->dim, p->dim * sizeof *centres);
        sum = lower_distances(p, centres + k * p->dim, distances);
    }
    FREE_ARRAY(ctx, &distances);
    return SPICA_OK;
}

/* The picture nearest to the centre that is no seed yet, or `count`. */
static size_t nearest_free(const Pictures *p, const float *centre, const int32_t *seeds) {
    size_t nearest = p->count;
    float least = INFINITY;
    for (size_t i = 0; i < p->count; i++) {
        if (seeds[i] >= 0) continue;
        const float distance = vector_distance(p->embeddings + i * p->dim, centre, p->dim);
        if (distance >= least) continue;
        least = distance;
        nearest = i;
    }
    return nearest;
}

/* `share` seeds for each cluster without a class, or as many as there are pictures for; one each at least. */
static Status seed_clusters(Context *ctx, const SpreadSettings *settings, const Pictures *p, const float *centres,
                            size_t share, int32_t *seeds) {
    for (size_t s = 0; s < share; s++)
        for (size_t k = settings->classes; k < settings->clusters; k++) {
            const size_t nearest = nearest_free(p, centres + k * p->dim, seeds);
            if (nearest < p->count) {
                seeds[nearest] = (int32_t)k;
            } else if (s == 0) {
                return context_fail(ctx, SPICA_ERROR_DATA,
                                    "%zu clusters, %zu classes with known pictures: no picture is left for the others",
                                    settings->clusters, settings->classes);
            }
        }
    return SPICA_OK;
}

static Status add_seeds(Context *ctx, const SpreadSettings *settings, const Pictures *p, int32_t *seeds) {
    const KmeansSettings refine = {
        .clusters = settings->clusters, .iterations = CENTRE_ITERATIONS, .seed = settings->seed};
    float *centres;
    int32_t *nearest = NULL;
    size_t known = 0;
    for (size_t i = 0; i < p->count; i++)
        known += p->known[i] >= 0;
    TRY(NEW_ARRAY(ctx, &centres, settings->clusters * p->dim));
    Status status = NEW_ARRAY(ctx, &nearest, p->count);
    if (status == SPICA_OK) status = place_centres(ctx, settings, p, centres);
    if (status == SPICA_OK)
        status = kmeans_refine(ctx, &refine, p->embeddings, p->count, p->dim, nearest, centres, NULL);
    if (status == SPICA_OK) status = seed_clusters(ctx, settings, p, centres, known / settings->classes, seeds);
    FREE_ARRAY(ctx, &centres);
    FREE_ARRAY(ctx, &nearest);
    return status;
}

/* ---- spreading ---- */

static void choose_labels(const float *scores, size_t count, size_t clusters, int32_t *labels) {
    for (size_t i = 0; i < count; i++) {
        const float *row = scores + i * clusters;
        size_t best = 0;
        for (size_t k = 1; k < clusters; k++)
            if (row[k] > row[best]) best = k;
        labels[i] = (int32_t)best;
    }
}

static Status believe(Context *ctx, const SpreadSettings *settings, const Pictures *p, const float *scores,
                      SpreadLabels *spread) {
    const size_t asked = settings->reliable.neighbours;
    int32_t *neighbours;
    TRY(NEW_ARRAY(ctx, &neighbours, p->count * asked));
    Status status = knn_neighbours(ctx, neighbours, p->embeddings, p->count, p->dim, asked);
    if (status == SPICA_OK)
        status = reliable_select(ctx, &settings->reliable, neighbours, spread->labels, scores, p->count,
                                 spread->reliable, &spread->report);
    FREE_ARRAY(ctx, &neighbours);
    for (size_t i = 0; status == SPICA_OK && i < p->count; i++) {
        if (spread->seeds[i] < 0) continue;
        spread->report.selected += spread->reliable[i] < 0;
        spread->reliable[i] = spread->seeds[i];
    }
    return status;
}

static Status spread_seeds(Context *ctx, const SpreadSettings *settings, const Pictures *p, SpreadLabels *spread) {
    const PropagationSettings propagation = {.classes = settings->clusters, .neighbours = settings->neighbours};
    float *scores;
    TRY(NEW_ARRAY(ctx, &scores, p->count * settings->clusters));
    Status status = label_propagate(ctx, &propagation, p->embeddings, p->count, p->dim, spread->seeds, scores);
    if (status == SPICA_OK) {
        choose_labels(scores, p->count, settings->clusters, spread->labels);
        for (size_t i = 0; i < p->count; i++)
            if (spread->seeds[i] >= 0) spread->labels[i] = spread->seeds[i];
        status = believe(ctx, settings, p, scores, spread);
    }
    FREE_ARRAY(ctx, &scores);
    return status;
}

Status spread_labels(Context *ctx, const SpreadSettings *settings, const float *embeddings, size_t count, size_t dim,
                     const int32_t *known, SpreadLabels *spread) {
    const Pictures pictures = {.embeddings = embeddings, .count = count, .dim = dim, .known = known};
    *spread = (SpreadLabels){0};
    TRY(NEW_ARRAY(ctx, &spread->seeds, count));
    TRY(NEW_ARRAY(ctx, &spread->labels, count));
    TRY(NEW_ARRAY(ctx, &spread->reliable, count));
    memcpy(spread->seeds, known, count * sizeof *known);
    if (settings->clusters > settings->classes) TRY(add_seeds(ctx, settings, &pictures, spread->seeds));
    return spread_seeds(ctx, settings, &pictures, spread);
}

void spread_labels_close(Context *ctx, SpreadLabels *spread) {
    FREE_ARRAY(ctx, &spread->seeds);
    FREE_ARRAY(ctx, &spread->labels);
    FREE_ARRAY(ctx, &spread->reliable);
}

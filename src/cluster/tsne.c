#include "cluster/tsne.h"

#include <math.h>
#include <stdbool.h>

#include "base/log.h"
#include "base/random.h"
#include "base/simd.h"
#include "cluster/pca.h"
#include "cluster/tsne_forces.h"

/* Barnes-Hut t-SNE (van der Maaten 2014, JMLR 15:3221): P (tsne_affinities.c) of the points' principal components,
 * then gradient descent (tsne_forces.c) on the divergence of Q from P, with momentum, a gain for every coordinate
 * (Jacobs 1988, doi:10.1016/0893-6080(88)90003-2), and P exaggerated at first, so that clusters find room to pass each
 * other. The map begins with the first two principal components, which keeps the large structure and needs no luck
 * (Kobak and Berens 2019, doi:10.1038/s41467-019-13056-x). The learning rate of count / (4 exaggeration) is that of
 * Belkina et al. (2019, doi:10.1038/s41467-019-13055-y) for a gradient with its factor 4, and scikit-learn's, which
 * takes at least 50. At the start, when all points are near, a step moves them by learning rate x 4 exaggeration /
 * count times their distances: so that few points do not fly apart, the 50 hold from 600 points on. */

#define START_DEVIATION 1e-4
/* Part of the start that is random: equal points would stay on each other. */
#define START_NOISE 0.01
#define LEARNING_RATE_LEAST 50.0
#define LEARNING_RATE_OF_FEW (1 / 12.0) /* of their number, at most */
#define MOMENTUM_FIRST 0.5F             /* while P is exaggerated */
#define MOMENTUM_LATER 0.8F
#define GAIN_MORE 0.2F /* added where a coordinate goes on in its direction */
#define GAIN_LESS 0.8F /* taken times where it turns back */
#define GAIN_LEAST 0.01F
/* Iterations between two looks at the divergence. */
#define DIVERGENCE_INTERVAL 50

TsneSettings tsne_default(void) {
    return (TsneSettings){
        .perplexity = 30, .components = 50, .iterations = 1000, .exaggerated = 250, .exaggeration = 12, .theta = 0.5};
}

static Status settings_check(Context *ctx, const TsneSettings *settings, size_t count, size_t dim) {
    if (!(settings->perplexity >= 1) || isinf(settings->perplexity))
        return context_fail(ctx, SPICA_ERROR_OPTION, "map: a perplexity of %g, which must be at least 1",
                            settings->perplexity);
    if (settings->components == 0 || settings->iterations < 0 || !(settings->exaggeration >= 1) ||
        !(settings->theta >= 0) || !(settings->learning_rate >= 0))
        return context_fail(ctx, SPICA_ERROR_OPTION,
                            "map: components and exaggeration must be at least 1; iterations, theta and learning rate "
                            "at least 0");
    if (count > INT32_MAX / 2 || dim == 0)
        return context_fail(ctx, SPICA_ERROR_OPTION, "map: cannot draw %zu points of %zu numbers", count, dim);
    return SPICA_OK;
}

static size_t smallest(size_t a, size_t b, size_t c) {
    const size_t smaller = a < b ? a : b;
    return smaller < c ? smaller : c;
}

/* map[count x 2]: the first two of projected[count x components], both scaled by the deviation of the first, and noise;
 * noise alone where there is no such component. */
static void map_start(float *map, const TsneSettings *settings, const float *projected, size_t count, const Pca *pca) {
    const double deviation = sqrt(pca->variances[0]);
    for (size_t i = 0; i < count; i++) {
        Random random = random_at(settings->seed, RANDOM_MAP, 0, i, 0);
        for (size_t axis = 0; axis < 2; axis++) {
            const double noise = (double)random_normal(&random);
            const bool known = axis < pca->components && deviation > 0;
            const double place =
                known ? (double)projected[i * pca->components + axis] / deviation + START_NOISE * noise : noise;
            map[2 * i + axis] = (float)(START_DEVIATION * place);
        }
    }
}

/* P of the points' principal components, and the map's start. */
static Status points_compare(Context *ctx, const TsneSettings *settings, const float *points, size_t count, size_t dim,
                             TsneAffinities *affinities, float *map) {
    const PcaSettings components = {.components = smallest(settings->components, count, dim), .seed = settings->seed};
    const double most = fmax((double)(count - 1) / 3, 1);
    Pca pca;
    float *projected = NULL;
    Status status;
    TRY_GOTO(status, close, pca_fit(ctx, &pca, &components, points, count, dim));
    TRY_GOTO(status, close, NEW_ARRAY(ctx, &projected, count * pca.components));
    TRY_GOTO(status, close, pca_project(ctx, &pca, projected, points, count));
    map_start(map, settings, projected, count, &pca);
    status = tsne_affinities_open(ctx, affinities, projected, count, pca.components, fmin(settings->perplexity, most));
close:
    FREE_ARRAY(ctx, &projected);
    pca_close(ctx, &pca);
    return status;
}

/* Zeroed may be closed. */
typedef struct Descent {
    size_t coordinates;                 /* 2 count */
    float *gradient, *velocity, *gains; /* [coordinates] each */
    float learning_rate;
} Descent;

static double usual_rate(const TsneSettings *settings, size_t count) {
    const double least = fmin(LEARNING_RATE_LEAST, LEARNING_RATE_OF_FEW * (double)count);
    return fmax((double)count / (4 * settings->exaggeration), least);
}

static Status descent_open(Context *ctx, Descent *descent, const TsneSettings *settings, size_t count) {
    descent->coordinates = 2 * count;
    descent->learning_rate =
        (float)(settings->learning_rate > 0 ? settings->learning_rate : usual_rate(settings, count));
    TRY(NEW_ARRAY(ctx, &descent->gradient, descent->coordinates));
    TRY(NEW_ZEROED(ctx, &descent->velocity, descent->coordinates));
    TRY(NEW_ARRAY(ctx, &descent->gains, descent->coordinates));
    for (size_t i = 0; i < descent->coordinates; i++)
        descent->gains[i] = 1;
    return SPICA_OK;
}

static void descent_close(Context *ctx, Descent *descent) {
    FREE_ARRAY(ctx, &descent->gradient);
    FREE_ARRAY(ctx, &descent->velocity);
    FREE_ARRAY(ctx, &descent->gains);
}

SIMD_VERSIONS static void coordinates_move(float *map, const Descent *descent, float momentum) {
    float *velocity = descent->velocity, *gains = descent->gains;
    for (size_t i = 0; i < descent->coordinates; i++) {
        const float slope = descent->gradient[i];
        const float gain = slope * velocity[i] < 0 ? gains[i] + GAIN_MORE : gains[i] * GAIN_LESS;
        gains[i] = gain > GAIN_LEAST ? gain : GAIN_LEAST;
        velocity[i] = momentum * velocity[i] - descent->learning_rate * gains[i] * slope;
        map[i] += velocity[i];
    }
}

static void map_centre(float *map, size_t count) {
    double sums[2] = {0};
    for (size_t i = 0; i < 2 * count; i++)
        sums[i % 2] += (double)map[i];
    const float mean[2] = {(float)(sums[0] / (double)count), (float)(sums[1] / (double)count)};
    for (size_t i = 0; i < 2 * count; i++)
        map[i] -= mean[i % 2];
}

/* The divergence at the map of the latest gradient. It is finite only where all places are. */
static Status divergence_measure(Context *ctx, TsneForces *forces, const float *map, double *divergence) {
    *divergence = tsne_forces_divergence(forces, map);
    if (isfinite(*divergence)) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_NUMERIC, "map: the places of the points left the finite numbers");
}

static Status descend(Context *ctx, const TsneSettings *settings, float *map, TsneForces *forces, Descent *descent,
                      double *divergence) {
    const size_t count = descent->coordinates / 2;
    Progress progress;
    double latest = NAN;
    progress_start(&progress, ctx, "map", "iteration", settings->iterations);
    for (int i = 0; i < settings->iterations; i++) {
        const bool early = i < settings->exaggerated;
        TRY(context_check_cancel(ctx));
        tsne_forces_gradient(forces, map, early ? settings->exaggeration : 1, descent->gradient);
        if (i % DIVERGENCE_INTERVAL == 0) TRY(divergence_measure(ctx, forces, map, &latest));
        coordinates_move(map, descent, early ? MOMENTUM_FIRST : MOMENTUM_LATER);
        map_centre(map, count);
        progress_update(&progress, i + 1, latest);
    }
    tsne_forces_gradient(forces, map, 1, descent->gradient);
    TRY(divergence_measure(ctx, forces, map, divergence));
    progress_finish(&progress, settings->iterations, *divergence);
    return SPICA_OK;
}

Status tsne_run(Context *ctx, float *map, const TsneSettings *settings, const float *points, size_t count, size_t dim,
                double *divergence) {
    TsneAffinities affinities = {0};
    TsneForces forces = {0};
    Descent descent = {0};
    double reached = 0;
    Status status = SPICA_OK;
    TRY(settings_check(ctx, settings, count, dim));
    if (count < 2) {
        for (size_t i = 0; i < 2 * count; i++)
            map[i] = 0;
    } else {
        status = points_compare(ctx, settings, points, count, dim, &affinities, map);
        if (status == SPICA_OK) status = tsne_forces_open(ctx, &forces, &affinities, settings->theta);
        if (status == SPICA_OK) status = descent_open(ctx, &descent, settings, count);
        if (status == SPICA_OK) status = descend(ctx, settings, map, &forces, &descent, &reached);
    }
    if (status == SPICA_OK && divergence != NULL) *divergence = reached;
    descent_close(ctx, &descent);
    tsne_forces_close(ctx, &forces);
    tsne_affinities_close(ctx, &affinities);
    return status;
}

#include "methods/partition/partition.h"

#include <string.h>

#include "base/log.h"
#include "cluster/agglomerative.h"
#include "cluster/centre_distance.h"
#include "cluster/gmm.h"
#include "cluster/nmf.h"
#include "cluster/spectral.h"
#include "cluster/spherical_kmeans.h"

static const char *const kind_names[PARTITION_KIND_COUNT] = {
    "kmeans", "spherical-kmeans", "spectral", "agglomerative", "nmf", "gmm"};

const char *partition_kind_name(PartitionKind kind) { return kind_names[kind]; }

bool partition_kind_find(const char *name, PartitionKind *kind) {
    for (int i = 0; i < PARTITION_KIND_COUNT; i++) {
        if (strcmp(name, kind_names[i]) != 0) continue;
        *kind = (PartitionKind)i;
        return true;
    }
    return false;
}

bool partition_assigns(PartitionKind kind) { return kind != PARTITION_SPECTRAL && kind != PARTITION_AGGLOMERATIVE; }

void partition_model_close(Context *ctx, PartitionModel *model) {
    FREE_ARRAY(ctx, &model->centres);
    FREE_ARRAY(ctx, &model->variances);
    FREE_ARRAY(ctx, &model->weights);
}

static void report_add(PartitionReport *report, const char *name, double value) {
    report->figures[report->count].name = name;
    report->figures[report->count++].value = value;
}

/* The rows that are clustered. */
typedef struct Rows {
    const float *points; /* [count x dim] */
    size_t count, dim;
} Rows;

/* ---- fitting: labels and, in single precision, the model ---- */

static Status fit_kmeans(Context *ctx, const PartitionSettings *settings, Rows rows, int32_t *labels,
                         PartitionModel *model, PartitionReport *report) {
    const KmeansSettings own = {
        .clusters = settings->clusters,
        .starts = settings->starts,
        .iterations = settings->iterations,
        .tolerance = settings->tolerance,
        .seed = settings->seed,
    };
    double figure;
    TRY(NEW_ARRAY(ctx, &model->centres, model->clusters * model->dim));
    if (settings->kind == PARTITION_KMEANS) {
        TRY(kmeans(ctx, &own, rows.points, rows.count, rows.dim, labels, model->centres, &figure));
        report_add(report, "inertia", figure);
    } else {
        TRY(spherical_kmeans(ctx, &own, rows.points, rows.count, rows.dim, labels, model->centres, &figure));
        report_add(report, "mean_cosine", figure);
    }
    return SPICA_OK;
}

static Status fit_spectral(Context *ctx, const PartitionSettings *settings, Rows rows, int32_t *labels,
                           PartitionReport *report) {
    const SpectralSettings own = {
        .clusters = settings->clusters,
        .neighbours = settings->neighbours,
        .starts = settings->starts,
        .tolerance = settings->tolerance,
        .seed = settings->seed,
    };
    size_t pieces;
    TRY(spectral(ctx, &own, rows.points, rows.count, rows.dim, labels, NULL, &pieces));
    report_add(report, "pieces", (double)pieces);
    return SPICA_OK;
}

static Status fit_agglomerative(Context *ctx, const PartitionSettings *settings, Rows rows, int32_t *labels,
                                PartitionReport *report) {
    const AgglomerativeSettings own = {.linkage = settings->linkage};
    Join *joins;
    TRY(NEW_ARRAY(ctx, &joins, rows.count));
    Status status = agglomerative_tree(ctx, joins, &own, rows.points, rows.count, rows.dim);
    if (status == SPICA_OK) status = agglomerative_cut(ctx, labels, joins, rows.count, settings->clusters);
    /* How far apart the two clusters are that would be joined next. */
    if (status == SPICA_OK && settings->clusters > 1)
        report_add(report, "next_join", (double)joins[rows.count - settings->clusters].distance);
    FREE_ARRAY(ctx, &joins);
    return status;
}

static void round_to_floats(float *out, const double *in, size_t count) {
    for (size_t i = 0; i < count; i++)
        out[i] = (float)in[i];
}

static Status keep_nmf(Context *ctx, const Nmf *nmf, PartitionModel *model, PartitionReport *report) {
    TRY(NEW_ARRAY(ctx, &model->centres, model->clusters * model->dim));
    for (size_t d = 0; d < model->dim; d++)
        for (size_t k = 0; k < model->clusters; k++)
            model->centres[k * model->dim + d] = (float)nmf->parts[d * model->clusters + k];
    report_add(report, "error", nmf->error);
    report_add(report, "iterations", nmf->iterations);
    report_add(report, "converged", nmf->converged);
    return SPICA_OK;
}

static Status fit_nmf(Context *ctx, const PartitionSettings *settings, Rows rows, PartitionModel *model,
                      PartitionReport *report) {
    const NmfSettings own = {
        .components = settings->clusters,
        .iterations = settings->iterations,
        .tolerance = settings->tolerance,
        .seed = settings->seed,
    };
    Nmf nmf;
    Status status = nmf_fit(ctx, &nmf, &own, rows.points, rows.count, rows.dim);
    if (status == SPICA_OK) status = keep_nmf(ctx, &nmf, model, report);
    nmf_close(ctx, &nmf);
    return status;
}

static Status keep_gmm(Context *ctx, const Gmm *gmm, PartitionModel *model, PartitionReport *report) {
    const size_t size = model->clusters * model->dim;
    TRY(NEW_ARRAY(ctx, &model->centres, size));
    TRY(NEW_ARRAY(ctx, &model->variances, size));
    TRY(NEW_ARRAY(ctx, &model->weights, model->clusters));
    round_to_floats(model->centres, gmm->means, size);
    round_to_floats(model->variances, gmm->variances, size);
    round_to_floats(model->weights, gmm->weights, model->clusters);
    report_add(report, "log_likelihood", gmm->log_likelihood);
    report_add(report, "iterations", gmm->iterations);
    report_add(report, "converged", gmm->converged);
    return SPICA_OK;
}

static Status fit_gmm(Context *ctx, const PartitionSettings *settings, Rows rows, int32_t *labels,
                      PartitionModel *model, PartitionReport *report) {
    const GmmSettings own = {
        .clusters = settings->clusters,
        .starts = settings->starts,
        .iterations = settings->iterations,
        .tolerance = settings->tolerance,
        .floor = settings->floor,
        .seed = settings->seed,
    };
    Gmm gmm;
    Status status = gmm_fit(ctx, &gmm, &own, rows.points, rows.count, rows.dim, labels);
    if (status == SPICA_OK) status = keep_gmm(ctx, &gmm, model, report);
    gmm_close(ctx, &gmm);
    return status;
}

static Status fit_kind(Context *ctx, const PartitionSettings *settings, Rows rows, int32_t *labels,
                       PartitionModel *model, PartitionReport *report) {
    switch (settings->kind) {
    case PARTITION_KMEANS:
    case PARTITION_SPHERICAL_KMEANS: return fit_kmeans(ctx, settings, rows, labels, model, report);
    case PARTITION_SPECTRAL: return fit_spectral(ctx, settings, rows, labels, report);
    case PARTITION_AGGLOMERATIVE: return fit_agglomerative(ctx, settings, rows, labels, report);
    case PARTITION_NMF: return fit_nmf(ctx, settings, rows, model, report);
    case PARTITION_GMM: return fit_gmm(ctx, settings, rows, labels, model, report);
    case PARTITION_KIND_COUNT: break;
    }
    return context_fail(ctx, SPICA_ERROR_INTERNAL, "there is no algorithm %d", (int)settings->kind);
}

static Status count_occupied(Context *ctx, const int32_t *labels, size_t count, size_t clusters, size_t *occupied) {
    bool *seen;
    TRY(NEW_ZEROED(ctx, &seen, clusters));
    *occupied = 0;
    for (size_t i = 0; i < count; i++) {
        *occupied += !seen[labels[i]];
        seen[labels[i]] = true;
    }
    FREE_ARRAY(ctx, &seen);
    return SPICA_OK;
}

/* The labels become the model's; those of k-means, which has filled every cluster, stay where the model would not. */
static Status settle_labels(Context *ctx, const PartitionModel *model, Rows rows, int32_t *labels) {
    const bool filled = model->kind == PARTITION_KMEANS || model->kind == PARTITION_SPHERICAL_KMEANS;
    int32_t *assigned;
    size_t occupied = model->clusters;
    TRY(NEW_ARRAY(ctx, &assigned, rows.count));
    Status status = partition_assign(ctx, model, rows.points, rows.count, assigned, NULL, NULL);
    if (status == SPICA_OK && filled) status = count_occupied(ctx, assigned, rows.count, model->clusters, &occupied);
    if (status == SPICA_OK && occupied == model->clusters) memcpy(labels, assigned, rows.count * sizeof *labels);
    FREE_ARRAY(ctx, &assigned);
    return status;
}

Status partition_fit(Context *ctx, const PartitionSettings *settings, const float *points, size_t count, size_t dim,
                     int32_t *labels, PartitionModel *model, PartitionReport *report) {
    const Rows rows = {points, count, dim};
    const double started = clock_seconds();
    *model = (PartitionModel){.kind = settings->kind, .clusters = settings->clusters, .dim = dim};
    *report = (PartitionReport){0};
    TRY(fit_kind(ctx, settings, rows, labels, model, report));
    report->seconds = clock_seconds() - started;
    return partition_assigns(settings->kind) ? settle_labels(ctx, model, rows, labels) : SPICA_OK;
}

/* ---- assigning ---- */

static Status assign_nmf(Context *ctx, const PartitionModel *model, Rows rows, int32_t *labels, float *confidences) {
    Nmf nmf = {.count = rows.count, .dim = model->dim, .components = model->clusters};
    Status status;
    TRY_GOTO(status, close, NEW_ARRAY(ctx, &nmf.shares, rows.count * nmf.components));
    TRY_GOTO(status, close, NEW_ARRAY(ctx, &nmf.parts, nmf.dim * nmf.components));
    for (size_t d = 0; d < nmf.dim; d++)
        for (size_t k = 0; k < nmf.components; k++)
            nmf.parts[d * nmf.components + k] = (double)model->centres[k * nmf.dim + d];
    TRY_GOTO(status, close, nmf_transform(ctx, &nmf, rows.points));
    status = nmf_assign(ctx, &nmf, labels, confidences);
close:
    nmf_close(ctx, &nmf);
    return status;
}

static void widen_to_doubles(double *out, const float *in, size_t count) {
    for (size_t i = 0; i < count; i++)
        out[i] = (double)in[i];
}

static Status open_gmm(Context *ctx, const PartitionModel *model, Gmm *gmm) {
    const size_t size = model->clusters * model->dim;
    *gmm = (Gmm){.clusters = model->clusters, .dim = model->dim};
    TRY(NEW_ARRAY(ctx, &gmm->means, size));
    TRY(NEW_ARRAY(ctx, &gmm->variances, size));
    TRY(NEW_ARRAY(ctx, &gmm->weights, model->clusters));
    widen_to_doubles(gmm->means, model->centres, size);
    widen_to_doubles(gmm->variances, model->variances, size);
    widen_to_doubles(gmm->weights, model->weights, model->clusters);
    return SPICA_OK;
}

static Status assign_gmm(Context *ctx, const PartitionModel *model, Rows rows, int32_t *labels, float *confidences,
                         float *probabilities) {
    Gmm gmm;
    float *own = NULL;
    Status status;
    TRY_GOTO(status, close, open_gmm(ctx, model, &gmm));
    if (probabilities == NULL && confidences != NULL) {
        TRY_GOTO(status, close, NEW_ARRAY(ctx, &own, rows.count * model->clusters));
        probabilities = own;
    }
    TRY_GOTO(status, close, gmm_assign(ctx, &gmm, labels, probabilities, rows.points, rows.count));
    for (size_t i = 0; confidences != NULL && i < rows.count; i++)
        confidences[i] = probabilities[i * model->clusters + (size_t)labels[i]];
close:
    FREE_ARRAY(ctx, &own);
    gmm_close(ctx, &gmm);
    return status;
}

Status partition_assign(Context *ctx, const PartitionModel *model, const float *points, size_t count, int32_t *labels,
                        float *confidences, float *probabilities) {
    const Rows rows = {points, count, model->dim};
    if (model->kind == PARTITION_NMF) return assign_nmf(ctx, model, rows, labels, confidences);
    if (model->kind == PARTITION_GMM) return assign_gmm(ctx, model, rows, labels, confidences, probabilities);
    const Centres centres = {
        .values = model->centres,
        .clusters = model->clusters,
        .dim = model->dim,
        .unit = model->kind == PARTITION_SPHERICAL_KMEANS,
    };
    return centres_nearest(ctx, &centres, labels, confidences, points, count);
}

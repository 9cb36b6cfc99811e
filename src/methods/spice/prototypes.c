#include "methods/spice/prototypes.h"

#include <cblas.h>
#include <omp.h>
#include <string.h>

#include "base/simd.h"
#include "methods/spice/select_top.h"

/* Pictures of one product: a fixed block, so that the same list gives the same bits anywhere. */
#define SIMILARITY_BLOCK 4096

size_t prototype_share(size_t count, size_t clusters) {
    const size_t share = count / clusters;
    return share > 0 ? share : 1;
}

/* confident_ratio * M/K of Eq. 2, on 1 .. M/K. */
static size_t confident_share(const PrototypeSettings *settings, size_t count) {
    const size_t share = prototype_share(count, settings->clusters);
    const size_t confident = (size_t)(settings->confident_ratio * (double)share);
    if (confident < 1) return 1;
    return confident < share ? confident : share;
}

Status prototype_work_open(Context *ctx, PrototypeWork *work, size_t clusters, size_t count, size_t dim) {
    *work = (PrototypeWork){0};
    TRY(NEW_ARRAY(ctx, &work->similarities, clusters * count));
    TRY(NEW_ARRAY(ctx, &work->centres, clusters * dim));
    TRY(NEW_ARRAY(ctx, &work->sum, dim));
    TRY(NEW_ARRAY(ctx, &work->keys, count));
    TRY(NEW_ARRAY(ctx, &work->taken, count));
    return NEW_ARRAY(ctx, &work->chosen, prototype_share(count, clusters));
}

void prototype_work_close(Context *ctx, PrototypeWork *work) {
    FREE_ARRAY(ctx, &work->similarities);
    FREE_ARRAY(ctx, &work->centres);
    FREE_ARRAY(ctx, &work->sum);
    FREE_ARRAY(ctx, &work->keys);
    FREE_ARRAY(ctx, &work->taken);
    FREE_ARRAY(ctx, &work->chosen);
}

SIMD_VERSIONS
static void add_row(double *sum, const float *row, size_t dim) {
    for (size_t d = 0; d < dim; d++)
        sum[d] += (double)row[d];
}

/* centre[dim] = mean of the chosen embeddings (Eq. 3). */
static void average_rows(float *centre, double *sum, const float *embeddings, size_t dim, const int32_t *chosen,
                         size_t count) {
    memset(sum, 0, dim * sizeof *sum);
    for (size_t i = 0; i < count; i++)
        add_row(sum, embeddings + (size_t)chosen[i] * dim, dim);
    for (size_t d = 0; d < dim; d++)
        centre[d] = (float)(sum[d] / (double)count);
}

/* similarities[K x count] = centres[K x dim] . embeddings[count x dim]^T. A centre's length is common to its row, so
 * that the order along the row is that of the cosine. */
static void centre_similarities(PrototypeWork *work, const float *embeddings, size_t clusters, size_t count,
                                size_t dim) {
    for (size_t first = 0; first < count; first += SIMILARITY_BLOCK) {
        const size_t width = count - first < SIMILARITY_BLOCK ? count - first : SIMILARITY_BLOCK;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)clusters, (int)width, (int)dim, 1.0f, work->centres,
                    (int)dim, embeddings + first * dim, (int)dim, 0.0f, work->similarities + first, (int)count);
    }
}

size_t prototype_assign(const PrototypeSettings *settings, const float *embeddings, const float *probabilities,
                        size_t count, size_t dim, PrototypeWork *work, int32_t *rows, int32_t *labels) {
    const size_t clusters = settings->clusters;
    const size_t share = prototype_share(count, clusters), confident = confident_share(settings, count);
    for (size_t k = 0; k < clusters; k++) { /* Eq. 2, 3 */
        const size_t found = select_top(work->chosen, confident, probabilities + k, count, clusters, NULL, work->keys);
        average_rows(work->centres + k * dim, work->sum, embeddings, dim, work->chosen, found);
    }
    centre_similarities(work, embeddings, clusters, count, dim);
    if (!settings->overlap) memset(work->taken, 0, count);
    size_t labelled = 0;
    for (size_t k = 0; k < clusters; k++) { /* Eq. 4 */
        const size_t found = select_top(rows + labelled, share, work->similarities + k * count, count, 1,
                                        settings->overlap ? NULL : work->taken, work->keys);
        for (size_t i = 0; i < found; i++) {
            labels[labelled + i] = (int32_t)k;
            if (!settings->overlap) work->taken[rows[labelled + i]] = 1;
        }
        labelled += found;
    }
    return labelled;
}

Status prototype_labels(Context *ctx, const PrototypeSettings *settings, const float *embeddings,
                        const float *probabilities, size_t count, size_t dim, int32_t *rows, int32_t *labels,
                        size_t *labelled, float *centres) {
    PrototypeWork work = {0};
    Status status = SPICA_OK;
    *labelled = 0;
    if (count == 0 || settings->clusters == 0)
        return context_fail(ctx, SPICA_ERROR_INTERNAL, "prototype labels of %zu pictures and %zu clusters", count,
                            settings->clusters);
    TRY_GOTO(status, done, prototype_work_open(ctx, &work, settings->clusters, count, dim));
    const int threads = omp_get_max_threads();
    omp_set_num_threads(1); /* for BLAS: its sums shall not depend on the thread count */
    *labelled = prototype_assign(settings, embeddings, probabilities, count, dim, &work, rows, labels);
    omp_set_num_threads(threads);
    if (centres != NULL) memcpy(centres, work.centres, settings->clusters * dim * sizeof *centres);
done:
    prototype_work_close(ctx, &work);
    return status;
}

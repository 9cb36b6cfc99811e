#include "run/array_clustering.h"

#include <inttypes.h>

#include "base/files.h"
#include "base/log.h"
#include "data/array_dataset.h"
#include "data/dataset_labels.h"
#include "data/row_names.h"
#include "state/cluster_table.h"

/* values: one integer a row, owned by the caller. */
static Status values_read(Context *ctx, const char *path, int64_t **values, size_t *count) {
    NpyArray array;
    FILE *stream = NULL;
    uint64_t bytes;
    Status status = npy_inspect(ctx, path, &array);
    *count = array.rank > 0 ? array.shape[0] : 0;
    if (status == SPICA_OK) status = file_open(ctx, path, &stream, &bytes);
    if (status == SPICA_OK) {
        const NpySource source = npy_file_source(stream, path, bytes);
        status = NEW_ARRAY(ctx, values, *count);
        if (status == SPICA_OK) status = array_read_integers(ctx, &source, *count, path, *values);
    }
    if (stream != NULL) fclose(stream);
    return status == SPICA_ERROR_IO ? SPICA_ERROR_DATA : status; /* the reason stands */
}

/* Names of all `count` rows, then their labels. */
static Status rows_open(Context *ctx, Dataset *rows, size_t count, const char *path, const char *labels,
                        const char *names) {
    TRY(dataset_allocate(ctx, rows, count, false, path)); /* pictures of no pixels */
    if (names != NULL && *names != '\0')
        TRY(dataset_name_rows(ctx, rows, names));
    else
        TRY(dataset_number_paths(ctx, rows, 0, count, path_name(path)));
    return labels != NULL ? dataset_join_labels(ctx, rows, labels) : SPICA_OK;
}

/* Keeps the rows that have a cluster. */
static Status clusters_take(Context *ctx, ArrayClustering *clustering, const char *path, const int64_t *values) {
    Dataset *rows = &clustering->rows;
    const size_t count = rows->count;
    rows->count = 0;
    TRY(NEW_ARRAY(ctx, &clustering->clusters, count));
    for (size_t row = 0; row < count; row++) {
        if (values[row] < 0) continue;
        if (values[row] >= CLUSTER_NUMBERS_MOST)
            return context_fail(ctx, SPICA_ERROR_DATA,
                                "%s: row %zu: cluster %" PRId64 ": numbers below %d are expected", path, row,
                                values[row], CLUSTER_NUMBERS_MOST);
        const size_t kept = rows->count++;
        clustering->clusters[kept] = (int32_t)values[row];
        if ((size_t)values[row] >= clustering->cluster_count) clustering->cluster_count = (size_t)values[row] + 1;
        rows->paths[kept] = rows->paths[row];
        if (rows->labels != NULL) rows->labels[kept] = rows->labels[row];
    }
    if (rows->count == 0) return context_fail(ctx, SPICA_ERROR_DATA, "%s: no row has a cluster", path);
    if (rows->count < count)
        log_info(ctx, "%s: %zu of %zu rows have no cluster and are left out", path, count - rows->count, count);
    return SPICA_OK;
}

Status array_clustering_open(Context *ctx, ArrayClustering *clustering, const char *path, const char *labels,
                             const char *names) {
    int64_t *values = NULL;
    size_t count = 0;
    *clustering = (ArrayClustering){0};
    Status status = values_read(ctx, path, &values, &count);
    if (status == SPICA_OK) status = rows_open(ctx, &clustering->rows, count, path, labels, names);
    if (status == SPICA_OK) status = clusters_take(ctx, clustering, path, values);
    FREE_ARRAY(ctx, &values);
    return status;
}

void array_clustering_close(Context *ctx, ArrayClustering *clustering) {
    FREE_ARRAY(ctx, &clustering->clusters);
    dataset_close(ctx, &clustering->rows);
}

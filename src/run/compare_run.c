/* spica_compare: two clusterings of the same pictures. */
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "run/clustering_file.h"
#include "run/confusion_table.h"
#include "run/quality.h"

/* One of the two. Zeroed may be closed. */
typedef struct Side {
    const char *path;
    ClusterTable table;
    const char ***places; /* owned: pointers into table.paths, sorted by text; their place tells the row */
    size_t only_here;     /* pictures that the other side has not */
    int64_t *sizes;       /* owned: of its clusters, pictures in both */
} Side;

/* Both, and what they share. */
typedef struct Comparison {
    Side first, second;
    int32_t *first_clusters, *second_clusters; /* [pictures], owned */
    size_t pictures;                           /* in both */
    int64_t *confusion;                        /* first's clusters x second's, owned */
    int64_t *matched;                          /* second's cluster of each of first's, -1 for none, owned */
    Metrics metrics;
} Comparison;

static int compare_places(const void *a, const void *b) {
    return strcmp(**(const char **const *)a, **(const char **const *)b);
}

static size_t place_row(const Side *side, size_t place) { return (size_t)(side->places[place] - side->table.paths); }

static const char *place_path(const Side *side, size_t place) { return *side->places[place]; }

/* A picture that stands twice has no one cluster. */
static Status side_check(Context *ctx, const Side *side) {
    for (size_t i = 1; i < side->table.count; i++) {
        if (strcmp(place_path(side, i - 1), place_path(side, i)) != 0) continue;
        const size_t a = place_row(side, i - 1), b = place_row(side, i);
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: line %zu: a second row for %s", side->table.csv.path,
                            csv_line(&side->table.csv, a > b ? a : b), place_path(side, i));
    }
    return SPICA_OK;
}

static Status side_open(Context *ctx, Side *side, const char *path) {
    side->path = path;
    TRY(clustering_read(ctx, path, &side->table));
    TRY(NEW_ARRAY(ctx, &side->places, side->table.count));
    TRY(NEW_ZEROED(ctx, &side->sizes, side->table.cluster_count));
    for (size_t row = 0; row < side->table.count; row++)
        side->places[row] = &side->table.paths[row];
    qsort(side->places, side->table.count, sizeof *side->places, compare_places);
    return side_check(ctx, side);
}

static void side_close(Context *ctx, Side *side) {
    FREE_ARRAY(ctx, &side->places);
    FREE_ARRAY(ctx, &side->sizes);
    cluster_table_close(ctx, &side->table);
}

static void add_pair(Comparison *comparison, size_t first_place, size_t second_place) {
    Side *first = &comparison->first, *second = &comparison->second;
    const int32_t a = first->table.clusters[place_row(first, first_place)];
    const int32_t b = second->table.clusters[place_row(second, second_place)];
    comparison->first_clusters[comparison->pictures] = a;
    comparison->second_clusters[comparison->pictures++] = b;
    first->sizes[a]++;
    second->sizes[b]++;
}

/* Both sides are sorted: one walk along them. */
static Status join(Context *ctx, Comparison *comparison) {
    Side *first = &comparison->first, *second = &comparison->second;
    const size_t count = first->table.count, other = second->table.count;
    TRY(NEW_ARRAY(ctx, &comparison->first_clusters, count));
    TRY(NEW_ARRAY(ctx, &comparison->second_clusters, count));
    for (size_t i = 0, j = 0; i < count && j < other;) {
        const int order = strcmp(place_path(first, i), place_path(second, j));
        if (order == 0) add_pair(comparison, i, j);
        i += order <= 0;
        j += order >= 0;
    }
    first->only_here = count - comparison->pictures;
    second->only_here = other - comparison->pictures;
    if (comparison->pictures > 0) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_DATA, "%s and %s have no picture in common; paths are like %s and %s",
                        first->path, second->path, first->table.paths[0], second->table.paths[0]);
}

static Status measure(Context *ctx, Comparison *comparison) {
    const size_t rows = comparison->first.table.cluster_count, columns = comparison->second.table.cluster_count;
    TRY(clustering_check_cells(ctx, comparison->first.path, rows, columns));
    TRY(NEW_ARRAY(ctx, &comparison->confusion, rows * columns));
    TRY(NEW_ARRAY(ctx, &comparison->matched, rows));
    confusion_count(comparison->confusion, comparison->first_clusters, comparison->second_clusters,
                    comparison->pictures, rows, columns);
    TRY(metrics_compute(ctx, &comparison->metrics, comparison->confusion, rows, columns, comparison->matched));
    /* A pair without a picture is the matching's filling. */
    for (size_t row = 0; row < rows; row++) {
        int64_t *column = &comparison->matched[row];
        if (*column >= 0 && comparison->confusion[row * columns + (size_t)*column] == 0) *column = -1;
    }
    return SPICA_OK;
}

static size_t clusters_used(const Side *side) {
    size_t used = 0;
    for (size_t k = 0; k < side->table.cluster_count; k++)
        used += side->sizes[k] > 0;
    return used;
}

static Status add_side(Context *ctx, json_t *object, const char *key, const Side *side) {
    json_t *one = json_object();
    TRY(json_add(ctx, object, key, one));
    TRY(json_add_integer(ctx, one, "pictures", (int64_t)side->table.count));
    TRY(json_add_integer(ctx, one, "only_here", (int64_t)side->only_here));
    TRY(json_add_integer(ctx, one, "clusters", (int64_t)clusters_used(side)));
    TRY(quality_add_integers(ctx, one, "sizes", side->sizes, side->table.cluster_count));
    if (side->table.names.count == 0) return SPICA_OK;
    return quality_add_names(ctx, one, "cluster_names", side->table.names.names, side->table.names.count);
}

static Status fill_json(Context *ctx, const Comparison *comparison, json_t *object) {
    const size_t rows = comparison->first.table.cluster_count, columns = comparison->second.table.cluster_count;
    TRY(json_add_real(ctx, object, "acc", comparison->metrics.acc));
    TRY(json_add_real(ctx, object, "nmi", comparison->metrics.nmi));
    TRY(json_add_real(ctx, object, "nmi_geometric", comparison->metrics.nmi_geometric));
    TRY(json_add_real(ctx, object, "ari", comparison->metrics.ari));
    TRY(json_add_integer(ctx, object, "pictures", (int64_t)comparison->pictures));
    TRY(add_side(ctx, object, "first", &comparison->first));
    TRY(add_side(ctx, object, "second", &comparison->second));
    TRY(quality_add_confusion(ctx, object, comparison->confusion, rows, columns));
    return quality_add_integers(ctx, object, "matched", comparison->matched, rows);
}

static Status write_json(Context *ctx, const Comparison *comparison, char **json) {
    json_t *object;
    TRY(json_new_object(ctx, &object));
    Status status = fill_json(ctx, comparison, object);
    if (status == SPICA_OK) status = json_text_write(ctx, object, true, json);
    json_decref(object);
    return status;
}

static Status write_confusion(Context *ctx, const Comparison *comparison, const char *path) {
    const ClusterTable *first = &comparison->first.table, *second = &comparison->second.table;
    return confusion_table_write(ctx, path, comparison->confusion,
                                 (ConfusionSide){first->cluster_count, first->names.names},
                                 (ConfusionSide){second->cluster_count, second->names.names});
}

static void publish(const Comparison *comparison, spica_quality *published) {
    const Metrics *metrics = &comparison->metrics;
    *published = quality_unknown();
    published->acc = metrics->acc;
    published->nmi = metrics->nmi;
    published->nmi_geometric = metrics->nmi_geometric;
    published->ari = metrics->ari;
    published->purity = metrics->purity;
    published->clusters = clusters_used(&comparison->first);
    published->pictures = comparison->pictures;
}

spica_status spica_compare(spica_context *context, const char *first, const char *second, const char *confusion,
                           spica_quality *quality, char **json) {
    Comparison comparison = {0};
    if (json != NULL) *json = NULL;
    Status status = side_open(context, &comparison.first, first);
    if (status == SPICA_OK) status = side_open(context, &comparison.second, second);
    if (status == SPICA_OK) status = join(context, &comparison);
    if (status == SPICA_OK) status = measure(context, &comparison);
    if (status == SPICA_OK && confusion != NULL) status = write_confusion(context, &comparison, confusion);
    if (status == SPICA_OK && json != NULL) status = write_json(context, &comparison, json);
    if (status == SPICA_OK && quality != NULL) publish(&comparison, quality);
    FREE_ARRAY(context, &comparison.first_clusters);
    FREE_ARRAY(context, &comparison.second_clusters);
    FREE_ARRAY(context, &comparison.confusion);
    FREE_ARRAY(context, &comparison.matched);
    side_close(context, &comparison.first);
    side_close(context, &comparison.second);
    return status;
}

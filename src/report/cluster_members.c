#include "report/cluster_members.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "methods/spice/prototypes.h"

/* ---- order ---- */

typedef struct Member {
    int64_t row;
    float confidence;
    int32_t cluster;
} Member;

/* Confidences that are missing stand last. */
static int compare_members(const void *left, const void *right) {
    const Member *a = left, *b = right;
    const float x = isnan(a->confidence) ? -1.0f : a->confidence, y = isnan(b->confidence) ? -1.0f : b->confidence;
    if (a->cluster != b->cluster) return a->cluster < b->cluster ? -1 : 1;
    if (x != y) return x > y ? -1 : 1;
    return a->row < b->row ? -1 : 1;
}

static void fill_order(ClusterMembers *members, Member *sorted, size_t count) {
    qsort(sorted, count, sizeof *sorted, compare_members);
    for (size_t i = 0; i < count; i++) {
        members->order[i] = sorted[i].row;
        members->starts[sorted[i].cluster + 1]++;
    }
    for (size_t k = 0; k < members->clusters; k++)
        members->starts[k + 1] += members->starts[k];
}

Status cluster_members_open(Context *ctx, ClusterMembers *members, const ReportData *report) {
    Member *sorted;
    *members = (ClusterMembers){.clusters = report->clusters};
    TRY(NEW_ZEROED(ctx, &members->starts, report->clusters + 1));
    TRY(NEW_ARRAY(ctx, &members->order, report->count));
    TRY(NEW_ARRAY(ctx, &sorted, report->count));
    for (size_t row = 0; row < report->count; row++)
        sorted[row] = (Member){
            .row = (int64_t)row, .confidence = report->table.confidences[row], .cluster = report->table.clusters[row]};
    fill_order(members, sorted, report->count);
    FREE_ARRAY(ctx, &sorted);
    return SPICA_OK;
}

void cluster_members_close(Context *ctx, ClusterMembers *members) {
    FREE_ARRAY(ctx, &members->starts);
    FREE_ARRAY(ctx, &members->order);
}

Status cluster_members_thin(Context *ctx, const ClusterMembers *members, size_t most, ClusterMembers *few) {
    const size_t count = members->starts[members->clusters], stride = count > most ? (count + most - 1) / most : 1;
    size_t next = 0;
    *few = (ClusterMembers){.clusters = members->clusters};
    TRY(NEW_ZEROED(ctx, &few->starts, members->clusters + 1));
    TRY(NEW_ARRAY(ctx, &few->order, count / stride + members->clusters));
    for (size_t k = 0; k < members->clusters; k++) {
        for (size_t i = members->starts[k]; i < members->starts[k + 1]; i += stride)
            few->order[next++] = members->order[i];
        few->starts[k + 1] = next;
    }
    return SPICA_OK;
}

/* ---- what is shown ---- */

/* The `most` rows of largest value so far, the largest first. */
typedef struct TopRows {
    int64_t *rows;
    double values[SHOWN_PICTURES];
    size_t count, most;
} TopRows;

static void top_add(TopRows *top, int64_t row, double value) {
    size_t place = top->count;
    while (place > 0 && top->values[place - 1] < value)
        place--;
    if (place >= top->most) return;
    if (top->count < top->most) top->count++;
    for (size_t i = top->count - 1; i > place; i--) {
        top->rows[i] = top->rows[i - 1];
        top->values[i] = top->values[i - 1];
    }
    top->rows[place] = row;
    top->values[place] = value;
}

/* centre[dimension]: Eq. 3 over the surest N/K members, of which there may be fewer. */
static void average_surest(const ReportData *report, const int64_t *rows, size_t size, double *centre) {
    const size_t share = prototype_share(report->count, report->clusters), used = size < share ? size : share;
    for (size_t i = 0; i < used; i++)
        for (size_t d = 0; d < report->dimension; d++)
            centre[d] += (double)report->embeddings[(size_t)rows[i] * report->dimension + d];
}

static double inner_product(const double *centre, const float *embedding, size_t dimension) {
    double sum = 0.0;
    for (size_t d = 0; d < dimension; d++)
        sum += centre[d] * (double)embedding[d];
    return sum;
}

static Status find_nearest(Context *ctx, const ReportData *report, const int64_t *rows, size_t size, TopRows *top) {
    double *centre;
    TRY(NEW_ZEROED(ctx, &centre, report->dimension));
    average_surest(report, rows, size, centre);
    for (size_t i = 0; i < size; i++)
        top_add(top, rows[i],
                inner_product(centre, report->embeddings + (size_t)rows[i] * report->dimension, report->dimension));
    FREE_ARRAY(ctx, &centre);
    return SPICA_OK;
}

/* leanings[K]: the mean probabilities that the members give every cluster. */
static void measure_leanings(const ReportData *report, const int64_t *rows, size_t size, double *leanings) {
    for (size_t i = 0; i < size; i++)
        for (size_t k = 0; k < report->clusters; k++)
            leanings[k] += (double)report->probabilities[(size_t)rows[i] * report->clusters + k] / (double)size;
}

static void fill_neighbour(const ReportData *report, const int64_t *rows, size_t size, size_t most,
                           NeighbourCluster *neighbour) {
    TopRows top = {.rows = neighbour->rows, .most = most < SHOWN_CONFUSED ? most : SHOWN_CONFUSED};
    for (size_t i = 0; i < size; i++)
        top_add(&top, rows[i], (double)report->probabilities[(size_t)rows[i] * report->clusters + neighbour->cluster]);
    neighbour->count = top.count;
}

static Status find_neighbours(Context *ctx, const ReportData *report, const ClusterMembers *members, size_t cluster,
                              size_t most, ClusterShow *show) {
    const int64_t *rows = members->order + members->starts[cluster];
    const size_t size = cluster_size(members, cluster);
    double *leanings;
    if (report->probabilities == NULL) return SPICA_OK;
    TRY(NEW_ZEROED(ctx, &leanings, report->clusters));
    measure_leanings(report, rows, size, leanings);
    leanings[cluster] = -1.0;
    while (show->neighbour_count < SHOWN_NEIGHBOURS && show->neighbour_count + 1 < report->clusters) {
        NeighbourCluster *next = &show->neighbours[show->neighbour_count++];
        for (size_t k = 0; k < report->clusters; k++)
            if (leanings[k] > leanings[next->cluster]) next->cluster = k;
        next->share = leanings[next->cluster];
        leanings[next->cluster] = -1.0;
        fill_neighbour(report, rows, size, most, next);
    }
    FREE_ARRAY(ctx, &leanings);
    return SPICA_OK;
}

static void count_members(const ReportData *report, const int64_t *rows, size_t size, ClusterShow *show) {
    double sum = 0.0;
    for (size_t i = 0; i < size; i++) {
        sum += (double)report->table.confidences[rows[i]];
        show->reliable += report->table.reliable[rows[i]] == 1;
    }
    show->mean_confidence = size > 0 ? sum / (double)size : (double)NAN;
}

Status cluster_show(Context *ctx, const ReportData *report, const ClusterMembers *members, size_t cluster, size_t most,
                    ClusterShow *show) {
    const int64_t *rows = members->order + members->starts[cluster];
    const size_t size = cluster_size(members, cluster), shown = size < most ? size : most;
    *show = (ClusterShow){.nearest_count = shown, .doubtful_count = shown};
    count_members(report, rows, size, show);
    if (size == 0) return SPICA_OK;
    memcpy(show->nearest, rows, shown * sizeof *rows);
    TopRows nearest = {.rows = show->nearest, .most = shown};
    if (report->embeddings != NULL) TRY(find_nearest(ctx, report, rows, size, &nearest));
    for (size_t i = 0; i < shown; i++)
        show->doubtful[i] = rows[size - 1 - i];
    return find_neighbours(ctx, report, members, cluster, most, show);
}

/* ---- what labels say ---- */

static int32_t matched_class(const ReportData *report, size_t cluster) {
    const json_t *class_of = json_array_get(json_object_get(report->metrics, "class_of"), cluster);
    const json_int_t number = json_is_integer(class_of) ? json_integer_value(class_of) : -1;
    const json_t *names = json_object_get(report->metrics, "class_names");
    const char *name = number >= 0 ? json_string_value(json_array_get(names, (size_t)number)) : NULL;
    return name != NULL ? (int32_t)name_table_find(&report->classes, name) : -1;
}

void cluster_cases(const ReportData *report, size_t cluster, size_t most, ClusterCases *cases) {
    TopRows top[CASE_KINDS];
    *cases = (ClusterCases){.class = report->labels != NULL ? matched_class(report, cluster) : -1};
    if (report->labels == NULL || cases->class < 0) return;
    for (int kind = 0; kind < CASE_KINDS; kind++)
        top[kind] = (TopRows){.rows = cases->rows[kind], .most = most};
    for (size_t row = 0; row < report->count; row++) {
        const bool inside = report->table.clusters[row] == (int32_t)cluster;
        const bool belongs = report->labels[row] == cases->class;
        if (report->labels[row] < 0 || (!inside && !belongs)) continue;
        const CaseKind kind = !inside ? CASE_FALSE_NEGATIVE : belongs ? CASE_SUCCESS : CASE_FALSE_POSITIVE;
        top_add(&top[kind], (int64_t)row, (double)report->table.confidences[row]);
    }
    for (int kind = 0; kind < CASE_KINDS; kind++)
        cases->counts[kind] = top[kind].count;
}

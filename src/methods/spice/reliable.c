#include "methods/spice/reliable.h"

#include <math.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/random.h"

/* What the choice is made of. The ratio r_i of Eq. 6 is kept as the integer r_i * Ns. */
typedef struct Candidates {
    size_t count, clusters, neighbours;
    const int32_t *labels;
    int32_t *agreeing; /* count: r_i * Ns */
    float *confidence; /* count: max p_i */
    size_t *sizes;     /* K: pictures of each cluster */
    size_t *begins;    /* K + 1: where each cluster's values begin in a list by cluster */
    double *sorted;    /* count: one value per picture, by cluster, for finding thresholds */
    int32_t required;  /* reliable: agreeing >= required and confidence > confident */
    double confident;
} Candidates;

void reliable_settings_clip(Context *ctx, ReliableSettings *settings, size_t count) {
    /* More neighbours than half a cluster of average size would leave no cluster consistent. */
    size_t most = count / (2 * settings->clusters);
    if (most < 2) most = 2;
    if (most > count) most = count;
    if (settings->neighbours > most) {
        log_info(ctx, "reliable labels: neighbours lowered from %zu to %zu, for %zu pictures in %zu clusters",
                 settings->neighbours, most, count, settings->clusters);
        settings->neighbours = most;
    }
    if (settings->minimum < 1) settings->minimum = 1;
}

static Status candidates_open(Context *ctx, Candidates *c, const ReliableSettings *settings, const int32_t *labels,
                              size_t count) {
    *c = (Candidates){
        .count = count, .clusters = settings->clusters, .neighbours = settings->neighbours, .labels = labels};
    TRY(NEW_ARRAY(ctx, &c->agreeing, count));
    TRY(NEW_ARRAY(ctx, &c->confidence, count));
    TRY(NEW_ZEROED(ctx, &c->sizes, c->clusters));
    TRY(NEW_ARRAY(ctx, &c->begins, c->clusters + 1));
    return NEW_ARRAY(ctx, &c->sorted, count);
}

static void candidates_close(Context *ctx, Candidates *c) {
    FREE_ARRAY(ctx, &c->agreeing);
    FREE_ARRAY(ctx, &c->confidence);
    FREE_ARRAY(ctx, &c->sizes);
    FREE_ARRAY(ctx, &c->begins);
    FREE_ARRAY(ctx, &c->sorted);
}

/* Eq. 6: how many of the neighbours carry the picture's own label. */
static void count_agreeing(Context *ctx, Candidates *c, const int32_t *neighbours) {
    const int64_t count = (int64_t)c->count;
#pragma omp parallel for schedule(static) num_threads(ctx->threads)
    for (int64_t i = 0; i < count; i++) {
        const int32_t *list = neighbours + (size_t)i * c->neighbours;
        int32_t agreeing = 0;
        for (size_t j = 0; j < c->neighbours; j++)
            agreeing += c->labels[list[j]] == c->labels[i];
        c->agreeing[i] = agreeing;
    }
}

static void fill_confidence(Candidates *c, const float *probabilities) {
    for (size_t i = 0; i < c->count; i++) {
        const float *p = probabilities + i * c->clusters;
        float most = p[0];
        for (size_t k = 1; k < c->clusters; k++)
            most = p[k] > most ? p[k] : most;
        c->confidence[i] = most;
    }
}

static Status count_sizes(Context *ctx, Candidates *c) {
    for (size_t i = 0; i < c->count; i++) {
        if (c->labels[i] < 0 || (size_t)c->labels[i] >= c->clusters)
            return context_fail(ctx, SPICA_ERROR_INTERNAL, "reliable labels: picture %zu has label %d of %zu clusters",
                                i, (int)c->labels[i], c->clusters);
        c->sizes[c->labels[i]]++;
    }
    return SPICA_OK;
}

/* The least r_i * Ns that Eq. 7 accepts: the smallest integer n with n / Ns > lambda, or >= lambda. */
static int32_t required_agreeing(const ReliableSettings *settings) {
    for (size_t n = 0; n <= settings->neighbours; n++) {
        const double ratio = (double)n / (double)settings->neighbours;
        if (settings->inclusive ? ratio >= settings->consistency : ratio > settings->consistency) return (int32_t)n;
    }
    return (int32_t)settings->neighbours + 1;
}

static int descending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* The largest value that keeps every non-empty cluster with `minimum` of its pictures (all, where it has fewer): the
 * smallest over the clusters of their minimum-th best. Pictures whose value is negative do not take part; every
 * non-empty cluster has enough that do. */
static double keeping_value(Candidates *c, const double *values, size_t minimum) {
    size_t *next = c->begins;
    next[0] = 0;
    for (size_t k = 0; k < c->clusters; k++)
        next[k + 1] = next[k] + c->sizes[k];
    for (size_t i = 0; i < c->count; i++)
        c->sorted[next[c->labels[i]]++] = values[i];
    double keeping = HUGE_VAL;
    for (size_t k = 0, begin = 0; k < c->clusters; begin += c->sizes[k++]) {
        if (c->sizes[k] == 0) continue;
        qsort(c->sorted + begin, c->sizes[k], sizeof *c->sorted, descending);
        const size_t wanted = minimum < c->sizes[k] ? minimum : c->sizes[k];
        const double value = c->sorted[begin + wanted - 1];
        if (value < keeping) keeping = value;
    }
    return keeping;
}

/* Lowers the thresholds where they would lose a cluster: first lambda, to the highest that keeps every cluster, then
 * the confidence among those that remain. */
static Status lower_thresholds(Context *ctx, Candidates *c, const ReliableSettings *settings, ReliableReport *report) {
    double *values = NULL;
    const size_t minimum = settings->minimum > 0 ? settings->minimum : 1;
    TRY(NEW_ARRAY(ctx, &values, c->count));
    for (size_t i = 0; i < c->count; i++)
        values[i] = (double)c->agreeing[i];
    const int32_t agreeing = (int32_t)keeping_value(c, values, minimum);
    if (agreeing < c->required) {
        c->required = agreeing;
        report->consistency = (double)(settings->inclusive ? agreeing : agreeing - 1) / (double)settings->neighbours;
        report->lowered = true;
    }
    for (size_t i = 0; i < c->count; i++)
        values[i] = c->agreeing[i] >= c->required ? (double)c->confidence[i] : -1.0;
    const double confident = keeping_value(c, values, minimum);
    if (settings->confidence > 0.0 && confident <= c->confident) {
        c->confident = nextafter(confident, 0.0);
        report->confidence = c->confident;
        report->lowered = true;
    }
    FREE_ARRAY(ctx, &values);
    return SPICA_OK;
}

static size_t mark_reliable(const Candidates *c, int32_t *reliable, size_t *kept) {
    size_t selected = 0;
    for (size_t i = 0; i < c->count; i++) {
        const bool passes = c->agreeing[i] >= c->required && (double)c->confidence[i] > c->confident;
        reliable[i] = passes ? c->labels[i] : -1;
        if (!passes) continue;
        kept[c->labels[i]]++;
        selected++;
    }
    return selected;
}

/* Keeps `smallest` pictures of every cluster, drawn at random. kept[K]: how many each has; becomes how many are left.
 */
static Status cut_clusters(Context *ctx, uint64_t seed, size_t count, size_t clusters, int32_t *reliable, size_t *kept,
                           size_t smallest) {
    int64_t *order = NULL;
    int32_t *rows = NULL;
    Status status = SPICA_OK;
    TRY_GOTO(status, done, NEW_ARRAY(ctx, &order, count));
    TRY_GOTO(status, done, NEW_ARRAY(ctx, &rows, count));
    for (size_t k = 0; k < clusters; k++) {
        size_t found = 0;
        for (size_t i = 0; i < count; i++)
            if (reliable[i] == (int32_t)k) rows[found++] = (int32_t)i;
        Random random = random_at(seed, RANDOM_RELIABLE, 0, k, 0);
        random_permutation(&random, order, found);
        for (size_t j = smallest; j < found; j++)
            reliable[rows[order[j]]] = -1;
        kept[k] = found < smallest ? found : smallest;
    }
done:
    FREE_ARRAY(ctx, &order);
    FREE_ARRAY(ctx, &rows);
    return status;
}

static Status balance_clusters(Context *ctx, const ReliableSettings *settings, size_t count, int32_t *reliable,
                               size_t *kept, size_t *selected) {
    size_t smallest = SIZE_MAX;
    for (size_t k = 0; k < settings->clusters; k++)
        if (kept[k] > 0 && kept[k] < smallest) smallest = kept[k];
    TRY(cut_clusters(ctx, settings->seed, count, settings->clusters, reliable, kept, smallest));
    *selected = 0;
    for (size_t k = 0; k < settings->clusters; k++)
        *selected += kept[k];
    return SPICA_OK;
}

static void warn_of_report(Context *ctx, const ReliableSettings *settings, const ReliableReport *report) {
    if (report->lowered)
        log_warning(ctx,
                    "reliable labels: the thresholds would lose a cluster; consistency lowered from %g to %g, "
                    "confidence from %g to %g",
                    settings->consistency, report->consistency, settings->confidence, report->confidence);
    if (report->empty_clusters > 0)
        log_warning(ctx, "reliable labels: %zu of %zu clusters have no picture", report->empty_clusters,
                    settings->clusters);
}

static Status select_candidates(Context *ctx, const ReliableSettings *settings, Candidates *c, int32_t *reliable,
                                ReliableReport *report) {
    size_t *kept = NULL;
    Status status = SPICA_OK;
    for (size_t k = 0; k < c->clusters; k++)
        report->empty_clusters += c->sizes[k] == 0;
    TRY(NEW_ZEROED(ctx, &kept, c->clusters));
    TRY_GOTO(status, done, lower_thresholds(ctx, c, settings, report));
    report->selected = mark_reliable(c, reliable, kept);
    if (settings->balanced)
        TRY_GOTO(status, done, balance_clusters(ctx, settings, c->count, reliable, kept, &report->selected));
done:
    FREE_ARRAY(ctx, &kept);
    return status;
}

Status reliable_select(Context *ctx, const ReliableSettings *settings, const int32_t *neighbours, const int32_t *labels,
                       const float *probabilities, size_t count, int32_t *reliable, ReliableReport *report) {
    Candidates c = {0};
    Status status = SPICA_OK;
    *report = (ReliableReport){.consistency = settings->consistency, .confidence = settings->confidence};
    if (count == 0 || settings->neighbours == 0 || settings->clusters == 0)
        return context_fail(ctx, SPICA_ERROR_INTERNAL, "reliable labels: no pictures, neighbours or clusters");
    TRY_GOTO(status, done, candidates_open(ctx, &c, settings, labels, count));
    TRY_GOTO(status, done, count_sizes(ctx, &c));
    count_agreeing(ctx, &c, neighbours);
    fill_confidence(&c, probabilities);
    c.required = required_agreeing(settings);
    c.confident = settings->confidence > 0.0 ? settings->confidence : -HUGE_VAL;
    TRY_GOTO(status, done, select_candidates(ctx, settings, &c, reliable, report));
    warn_of_report(ctx, settings, report);
done:
    candidates_close(ctx, &c);
    return status;
}

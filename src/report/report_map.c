#include "report/report_map.h"

#include <string.h>

#include "base/random.h"
#include "cluster/tsne.h"

/* Fewer have no neighbours. */
#define MAP_POINTS_LEAST 3

/* places[map->count]: a random choice of `count` places, in order. */
static Status choose_places(Context *ctx, ReportMap *map, size_t count, uint64_t seed) {
    int64_t *order;
    bool *chosen = NULL;
    TRY(NEW_ARRAY(ctx, &order, count));
    Random random = random_at(seed, RANDOM_MAP_CHOICE, 0, 0, 0);
    random_permutation(&random, order, count);
    const Status status = NEW_ZEROED(ctx, &chosen, count);
    for (size_t i = 0; status == SPICA_OK && i < map->count; i++)
        chosen[order[i]] = true;
    for (size_t place = 0, next = 0; status == SPICA_OK && place < count; place++)
        if (chosen[place]) map->places[next++] = place;
    FREE_ARRAY(ctx, &chosen);
    FREE_ARRAY(ctx, &order);
    return status;
}

static Status place_points(Context *ctx, ReportMap *map, const ReportData *report, const ClusterMembers *listed,
                           uint64_t seed) {
    const size_t dim = report->dimension;
    TsneSettings settings = tsne_default();
    float *points;
    settings.seed = seed;
    TRY(NEW_ARRAY(ctx, &points, map->count * dim));
    for (size_t i = 0; i < map->count; i++)
        memcpy(points + i * dim, report->embeddings + (size_t)listed->order[map->places[i]] * dim,
               dim * sizeof *points);
    const Status status = tsne_run(ctx, map->xy, &settings, points, map->count, dim, NULL);
    FREE_ARRAY(ctx, &points);
    return status;
}

Status report_map_open(Context *ctx, ReportMap *map, const ReportData *report, const ClusterMembers *listed,
                       size_t points) {
    const size_t count = listed->starts[listed->clusters];
    const size_t most = points > 0 && points < MAP_POINTS_MOST ? points : MAP_POINTS_MOST;
    const uint64_t seed = (uint64_t)options_integer(&report->options, "run.seed");
    *map = (ReportMap){0};
    if (report->embeddings == NULL || count < MAP_POINTS_LEAST) return SPICA_OK;
    map->count = count < most ? count : most;
    TRY(NEW_ARRAY(ctx, &map->places, map->count));
    TRY(NEW_ARRAY(ctx, &map->xy, 2 * map->count));
    TRY(choose_places(ctx, map, count, seed));
    return place_points(ctx, map, report, listed, seed);
}

void report_map_close(Context *ctx, ReportMap *map) {
    FREE_ARRAY(ctx, &map->places);
    FREE_ARRAY(ctx, &map->xy);
    *map = (ReportMap){0};
}

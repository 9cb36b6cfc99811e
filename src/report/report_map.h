/* The pictures as points of the plane. */
#ifndef SPICA_REPORT_REPORT_MAP_H
#define SPICA_REPORT_REPORT_MAP_H

#include "report/cluster_members.h"

/* Most points of a map: beyond it a map is a blot, and its making takes longer than the report. */
#define MAP_POINTS_MOST 10000

/* Zeroed may be closed. */
typedef struct ReportMap {
    size_t count;   /* points; 0: no map */
    size_t *places; /* of the pictures in the order of `listed`, ascending; owned */
    float *xy;      /* count x 2, owned */
} ReportMap;

/* A map of the run's embeddings by t-SNE, of a random choice of `points` listed pictures (0: MAP_POINTS_MOST, which is
 * the most) where there are more.
 * Without embeddings, and with fewer than 3 pictures, there is none. Errors: SPICA_ERROR_MEMORY, SPICA_ERROR_NUMERIC,
 * SPICA_CANCELLED. */
Status report_map_open(Context *ctx, ReportMap *map, const ReportData *report, const ClusterMembers *listed,
                       size_t points);
void report_map_close(Context *ctx, ReportMap *map);

#endif

/* Where a cluster shows in its pictures (SPICE's Fig. 5b): each beside itself under the colours of its attention map.
 */
#ifndef SPICA_REPORT_ATTENTION_TILES_H
#define SPICA_REPORT_ATTENTION_TILES_H

#include "report/cluster_members.h"
#include "report/tile_list.h"

/* Zeroed may be closed, and adds nothing. */
typedef struct AttentionTiles {
    const ReportData *report;
    const ClusterShow *shows; /* of all clusters */
    size_t most;              /* pictures of a cluster */
    size_t *starts;           /* clusters + 1: whose maps begin where; owned */
    float *maps;              /* a picture's height x width each, on 0 .. 1; owned */
    TilePen pen;
    uint8_t *rgb, *heat; /* a tile, and a map as a picture; owned */
    Scratch scratch;     /* to resize maps */
    Image image;
} AttentionTiles;

/* The maps of the first `most` pictures that are nearest to each cluster's prototype, by the run's final model. Its
 * prototypes are the mean embeddings of the surest members. Nothing where the run has no model. side: as for the tiles
 * of tile_list_open. Errors: SPICA_ERROR_MEMORY, SPICA_ERROR_WEIGHTS, SPICA_CANCELLED. */
Status attention_tiles_open(Context *ctx, AttentionTiles *tiles, const ReportData *report,
                            const ClusterMembers *members, const ClusterShow *shows, size_t most, int side);
void attention_tiles_close(Context *ctx, AttentionTiles *tiles);

/* Adds a cluster's pairs of pictures, with a title; nothing where it has none. */
Status attention_tiles_add(AttentionTiles *tiles, TextBuffer *html, size_t cluster);

#endif

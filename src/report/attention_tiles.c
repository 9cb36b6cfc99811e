#include "report/attention_tiles.h"

#include <math.h>
#include <string.h>

#include "methods/attention.h"
#include "methods/inference.h"
#include "nn/losses.h"
#include "run/predict.h"

/* Members that a prototype is made of: at most so many of a cluster, and about so many in all. */
#define PROTOTYPE_MEMBERS 256
#define PROTOTYPE_PICTURES 4096

#define INFERENCE_BATCH 128

/* ---- prototypes ---- */

/* The surest members of all clusters: rows[], and counts[K] of each. */
typedef struct Surest {
    int64_t *rows;
    size_t *counts;
    size_t count;
} Surest;

static Status surest_open(Context *ctx, Surest *surest, const ClusterMembers *members) {
    const size_t share = PROTOTYPE_PICTURES / members->clusters;
    const size_t most = share < 4 ? 4 : share < PROTOTYPE_MEMBERS ? share : PROTOTYPE_MEMBERS;
    TRY(NEW_ARRAY(ctx, &surest->rows, most * members->clusters));
    TRY(NEW_ARRAY(ctx, &surest->counts, members->clusters));
    for (size_t k = 0; k < members->clusters; k++) {
        const size_t size = cluster_size(members, k), used = size < most ? size : most;
        memcpy(surest->rows + surest->count, members->order + members->starts[k], used * sizeof *surest->rows);
        surest->counts[k] = used;
        surest->count += used;
    }
    return SPICA_OK;
}

static void surest_close(Context *ctx, Surest *surest) {
    FREE_ARRAY(ctx, &surest->rows);
    FREE_ARRAY(ctx, &surest->counts);
}

/* centres[K x D]: sums of L2-normalised embeddings, whose length does not matter. */
static Status make_centres(Context *ctx, Model *model, const Dataset *dataset, const Policy *policy,
                           const Surest *surest, size_t clusters, float *centres) {
    const size_t dim = (size_t)model->dimension;
    const ViewKey key = {0};
    float *embeddings;
    TRY(NEW_ARRAY(ctx, &embeddings, surest->count * dim));
    const Status status = infer_rows(ctx, model, dataset, surest->rows, surest->count, policy, key, INFERENCE_BATCH,
                                     NULL, embeddings, NULL);
    if (status == SPICA_OK) {
        normalize_rows(embeddings, surest->count, dim, NULL);
        const float *row = embeddings;
        for (size_t k = 0; k < clusters; k++)
            for (size_t i = 0; i < surest->counts[k]; i++, row += dim)
                for (size_t d = 0; d < dim; d++)
                    centres[k * dim + d] += row[d];
    }
    FREE_ARRAY(ctx, &embeddings);
    return status;
}

/* ---- maps ---- */

/* rows[] and clusters[] of all maps, in the order of the clusters; returns how many. */
static size_t list_maps(AttentionTiles *tiles, int64_t *rows, int32_t *clusters) {
    size_t count = 0;
    for (size_t k = 0; k < tiles->report->clusters; k++) {
        const ClusterShow *show = &tiles->shows[k];
        for (size_t i = 0; i < show->nearest_count && i < tiles->most; i++) {
            rows[count] = show->nearest[i];
            clusters[count++] = (int32_t)k;
        }
        tiles->starts[k + 1] = count;
    }
    return count;
}

static Status compute_maps(Context *ctx, AttentionTiles *tiles, Model *model, const float *centres,
                           const Policy *policy) {
    const ReportData *report = tiles->report;
    const size_t area = (size_t)report->dataset.height * (size_t)report->dataset.width;
    int64_t *rows = NULL;
    int32_t *clusters = NULL;
    size_t count = 0;
    Status status = NEW_ZEROED(ctx, &tiles->starts, report->clusters + 1);
    if (status == SPICA_OK) status = NEW_ARRAY(ctx, &rows, report->clusters * tiles->most);
    if (status == SPICA_OK) status = NEW_ARRAY(ctx, &clusters, report->clusters * tiles->most);
    if (status == SPICA_OK) count = list_maps(tiles, rows, clusters);
    if (status == SPICA_OK) status = NEW_ARRAY(ctx, &tiles->maps, count * area);
    if (status == SPICA_OK)
        status = attention_maps(ctx, model, &report->dataset, rows, count, policy, centres, clusters, tiles->maps);
    FREE_ARRAY(ctx, &clusters);
    FREE_ARRAY(ctx, &rows);
    return status;
}

static Status make_maps(Context *ctx, AttentionTiles *tiles, Model *model, const ClusterMembers *members) {
    const Dataset *dataset = &tiles->report->dataset;
    Policy policy;
    Surest surest = {0};
    float *centres = NULL;
    TRY(predict_policy(ctx, &model->spec, dataset, &policy));
    Status status = surest_open(ctx, &surest, members);
    if (status == SPICA_OK) status = NEW_ZEROED(ctx, &centres, members->clusters * (size_t)model->dimension);
    if (status == SPICA_OK) status = make_centres(ctx, model, dataset, &policy, &surest, members->clusters, centres);
    if (status == SPICA_OK) status = compute_maps(ctx, tiles, model, centres, &policy);
    FREE_ARRAY(ctx, &centres);
    surest_close(ctx, &surest);
    return status;
}

static Status open_tiles(Context *ctx, AttentionTiles *tiles, int side) {
    const Dataset *dataset = &tiles->report->dataset;
    const TileSize size = tile_size(dataset, side);
    TRY(tile_pen_open(ctx, &tiles->pen, dataset, size));
    TRY(scratch_open(ctx, &tiles->scratch, dataset->height, dataset->width, 1));
    TRY(NEW_ARRAY(ctx, &tiles->rgb, (size_t)size.width * (size_t)size.height * 3));
    return NEW_ARRAY(ctx, &tiles->heat, (size_t)dataset->height * (size_t)dataset->width);
}

Status attention_tiles_open(Context *ctx, AttentionTiles *tiles, const ReportData *report,
                            const ClusterMembers *members, const ClusterShow *shows, size_t most, int side) {
    char *path = NULL;
    Model model = {0};
    *tiles = (AttentionTiles){.report = report, .shows = shows, .most = most};
    if (most == 0) return SPICA_OK;
    Status status = run_folder_path(ctx, &report->folder, RUN_MODEL, &path);
    if (status == SPICA_OK && path_exists(path)) {
        status = open_tiles(ctx, tiles, side);
        if (status == SPICA_OK) status = model_read(ctx, path, &model);
        if (status == SPICA_OK) status = make_maps(ctx, tiles, &model, members);
    }
    model_close(ctx, &model);
    FREE_ARRAY(ctx, &path);
    return status;
}

void attention_tiles_close(Context *ctx, AttentionTiles *tiles) {
    FREE_ARRAY(ctx, &tiles->heat);
    FREE_ARRAY(ctx, &tiles->rgb);
    scratch_close(ctx, &tiles->scratch);
    tile_pen_close(ctx, &tiles->pen);
    FREE_ARRAY(ctx, &tiles->maps);
    FREE_ARRAY(ctx, &tiles->starts);
}

/* ---- drawing ---- */

/* From blue over green and yellow to red, 0 to 1. */
static void heat_colour(float heat, float rgb[3]) {
    static const float stops[][3] = {{30, 40, 160}, {20, 160, 200}, {90, 200, 90}, {250, 210, 40}, {230, 40, 30}};
    const int last = (int)(sizeof stops / sizeof stops[0]) - 1;
    const float place = heat * (float)last;
    const int stop = (int)place < last ? (int)place : last - 1;
    for (int c = 0; c < 3; c++)
        rgb[c] = stops[stop][c] + (stops[stop + 1][c] - stops[stop][c]) * (place - (float)stop);
}

/* The map in the size of a tile, mixed with the tile's pixels. */
static void mix_heat(AttentionTiles *tiles, const float *map) {
    const Dataset *dataset = &tiles->report->dataset;
    const TileSize size = tiles->pen.size;
    const size_t area = (size_t)dataset->height * (size_t)dataset->width;
    for (size_t i = 0; i < area; i++)
        tiles->heat[i] = (uint8_t)lroundf(map[i] * 255.0f);
    const ImageView view = image_view_interleaved(tiles->heat, dataset->height, dataset->width, 1);
    tiles->image = (Image){.pixels = tiles->scratch.first, .height = size.height, .width = size.width, .channels = 1};
    image_resize(&tiles->image, view, 0, &tiles->scratch);
    for (size_t i = 0; i < (size_t)size.width * (size_t)size.height; i++) {
        float colour[3];
        heat_colour((float)tiles->image.pixels[i] / 255.0f, colour);
        for (size_t c = 0; c < 3; c++)
            tiles->rgb[3 * i + c] = (uint8_t)lroundf(0.5f * (float)tiles->rgb[3 * i + c] + 0.5f * colour[c]);
    }
}

static Status add_pair(AttentionTiles *tiles, TextBuffer *html, int64_t row, const float *map) {
    const TileSize size = tiles->pen.size;
    tile_draw(&tiles->pen, row, tiles->rgb, (size_t)size.width * 3);
    text_add(html, "<li class=\"pair\">");
    TRY(tile_image_add(tiles->report, html, tiles->rgb, size, row, ""));
    mix_heat(tiles, map);
    TRY(tile_image_add(tiles->report, html, tiles->rgb, size, row, "attention map of "));
    text_add(html, "</li>\n");
    return html->status;
}

Status attention_tiles_add(AttentionTiles *tiles, TextBuffer *html, size_t cluster) {
    if (tiles->starts == NULL || tiles->starts[cluster] == tiles->starts[cluster + 1]) return SPICA_OK;
    const size_t area = (size_t)tiles->report->dataset.height * (size_t)tiles->report->dataset.width;
    const size_t first = tiles->starts[cluster];
    text_add(html, "<h4>Where the cluster shows in them <small>red: much, blue: little</small></h4>\n"
                   "<ul class=\"tiles\">\n");
    for (size_t i = first; i < tiles->starts[cluster + 1]; i++)
        TRY(add_pair(tiles, html, tiles->shows[cluster].nearest[i - first], tiles->maps + i * area));
    text_add(html, "</ul>\n");
    return html->status;
}

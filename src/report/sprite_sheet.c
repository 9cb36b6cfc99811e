#include "report/sprite_sheet.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "report/html_text.h"
#include "report/webp_image.h"

#define SHEET_PICTURES ((size_t)SHEET_TILES * SHEET_TILES)

/* Sides of tiles that are tried, in pixels, and qualities at each. */
static const int sides[] = {64, 48, 40, 32, 28, 24, 20, 16, 12, 8};
static const int qualities[] = {75, 60, 45, 30};

/* Sheets that an estimate is made from. */
#define SAMPLE_SHEETS 4

/* One thread's working memory and result. */
typedef struct SheetWorker {
    TilePen pen;
    uint8_t *rgb;
    WebpImage image;
    bool failed;
} SheetWorker;

static void worker_close(Context *ctx, SheetWorker *worker) {
    webp_close(&worker->image);
    FREE_ARRAY(ctx, &worker->rgb);
    tile_pen_close(ctx, &worker->pen);
}

static Status worker_open(Context *ctx, SheetWorker *worker, const Dataset *dataset, TileSize tile) {
    const size_t bytes = SHEET_PICTURES * (size_t)tile.width * (size_t)tile.height * 3;
    *worker = (SheetWorker){0};
    TRY(tile_pen_open(ctx, &worker->pen, dataset, tile));
    return NEW_ARRAY(ctx, &worker->rgb, bytes);
}

/* One sheet of at most SHEET_PICTURES rows, as high as they need. */
static void draw_sheet(SheetWorker *worker, const int64_t *rows, size_t count, int quality) {
    const TileSize tile = worker->pen.size;
    const size_t stride = (size_t)tile.width * SHEET_TILES * 3;
    const size_t lines = (count + SHEET_TILES - 1) / SHEET_TILES;
    memset(worker->rgb, 0, lines * (size_t)tile.height * stride);
    for (size_t i = 0; i < count; i++) {
        const size_t line = i / SHEET_TILES, column = i % SHEET_TILES;
        tile_draw(&worker->pen, rows[i],
                  worker->rgb + line * (size_t)tile.height * stride + column * (size_t)tile.width * 3, stride);
    }
    webp_close(&worker->image);
    worker->failed =
        !webp_encode(&worker->image, worker->rgb, tile.width * SHEET_TILES, tile.height * (int)lines, quality);
}

static Status fail_drawing(Context *ctx) {
    return context_fail(ctx, SPICA_ERROR_MEMORY, "out of memory for the report's pictures");
}

static size_t sheet_count(size_t count) { return (count + SHEET_PICTURES - 1) / SHEET_PICTURES; }

static size_t sheet_size(size_t count, size_t sheet) {
    const size_t left = count - sheet * SHEET_PICTURES;
    return left < SHEET_PICTURES ? left : SHEET_PICTURES;
}

/* ---- the plan ---- */

/* Bytes that all sheets would take, from some of them. */
static Status estimate(Context *ctx, const Dataset *dataset, const int64_t *rows, size_t count, const SheetPlan *plan,
                       double *bytes) {
    const size_t sheets = sheet_count(count), samples = sheets < SAMPLE_SHEETS ? sheets : SAMPLE_SHEETS;
    size_t drawn = 0, used = 0;
    SheetWorker worker;
    Status status = worker_open(ctx, &worker, dataset, plan->tile);
    for (size_t i = 0; status == SPICA_OK && i < samples; i++) {
        const size_t sheet = i * sheets / samples, size = sheet_size(count, sheet);
        draw_sheet(&worker, rows + sheet * SHEET_PICTURES, size, plan->quality);
        if (worker.failed) status = fail_drawing(ctx);
        used += worker.image.count;
        drawn += size;
    }
    worker_close(ctx, &worker);
    *bytes = drawn > 0 ? (double)used / (double)drawn * (double)count : 0.0;
    return status;
}

Status sheet_plan(Context *ctx, const Dataset *dataset, const int64_t *rows, size_t count, size_t bytes,
                  SheetPlan *plan) {
    double needed = 0.0;
    for (size_t s = 0; s < sizeof sides / sizeof sides[0]; s++) {
        const TileSize tile = tile_size(dataset, sides[s]);
        if (s > 0 && tile.width == plan->tile.width && tile.height == plan->tile.height) continue;
        for (size_t q = 0; q < sizeof qualities / sizeof qualities[0]; q++) {
            *plan = (SheetPlan){.tile = tile, .quality = qualities[q]};
            TRY(estimate(ctx, dataset, rows, count, plan, &needed));
            if (needed <= (double)bytes) return SPICA_OK;
        }
    }
    return SPICA_OK; /* the smallest that there is */
}

/* ---- the sheets ---- */

static void add_sheet(TextBuffer *page, const SheetWorker *worker, size_t sheet) {
    text_print(page, "<script type=\"text/plain\" id=\"sheet-%zu\">", sheet);
    html_base64(page, worker->image.bytes, worker->image.count);
    text_add(page, "</script>\n");
}

/* As many sheets at once as there are workers, added in their order. */
static Status write_batch(Context *ctx, TextBuffer *page, SheetWorker *workers, const int64_t *rows, size_t count,
                          size_t first, int quality) {
    const size_t left = sheet_count(count) - first;
    const int batch = left < (size_t)ctx->threads ? (int)left : ctx->threads;
#pragma omp parallel for schedule(static) num_threads(ctx->threads)
    for (int i = 0; i < batch; i++) {
        const size_t sheet = first + (size_t)i;
        draw_sheet(&workers[i], rows + sheet * SHEET_PICTURES, sheet_size(count, sheet), quality);
    }
    for (int i = 0; i < batch; i++) {
        if (workers[i].failed) return fail_drawing(ctx);
        add_sheet(page, &workers[i], first + (size_t)i);
    }
    return page->status;
}

static Status write_all(Context *ctx, TextBuffer *page, SheetWorker *workers, const int64_t *rows, size_t count,
                        int quality) {
    Progress progress;
    progress_start(&progress, ctx, "report", "picture", (double)count);
    for (size_t first = 0; first < sheet_count(count); first += (size_t)ctx->threads) {
        TRY(context_check_cancel(ctx));
        TRY(write_batch(ctx, page, workers, rows, count, first, quality));
        progress_update(&progress, fmin((double)count, (double)((first + (size_t)ctx->threads) * SHEET_PICTURES)),
                        (double)NAN);
    }
    progress_finish(&progress, (double)count, (double)NAN);
    return SPICA_OK;
}

Status sheets_write(Context *ctx, TextBuffer *page, const Dataset *dataset, const int64_t *rows, size_t count,
                    const SheetPlan *plan) {
    SheetWorker *workers;
    TRY(NEW_ZEROED(ctx, &workers, (size_t)ctx->threads));
    Status status = SPICA_OK;
    for (int i = 0; status == SPICA_OK && i < ctx->threads; i++)
        status = worker_open(ctx, &workers[i], dataset, plan->tile);
    if (status == SPICA_OK) status = write_all(ctx, page, workers, rows, count, plan->quality);
    for (int i = 0; i < ctx->threads; i++)
        worker_close(ctx, &workers[i]);
    FREE_ARRAY(ctx, &workers);
    return status;
}

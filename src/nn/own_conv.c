#include "nn/own_conv.h"

#include <string.h>

#include <omp.h>

#include "base/simd.h"

#define TILE ((size_t)4)         /* outputs on a side */
#define TILE_POINTS ((size_t)36) /* 6x6 */
#define SQUARE 2                 /* pixels on a side of a map that OWN_SQUARES takes */
#define SQUARE_POINTS ((size_t)9)
#define LINE ((size_t)16) /* floats of a cache line */
#define TAPS_MOST 9
#define LANES_MOST 16
#define ROWS ((size_t)24) /* rows of a plane whose sums a kernel holds in registers */
#define ROW_UNIT ((size_t)8)
#define WHOLE_SIDE 2                  /* of the largest output whose pixels are classes of their own */
#define CACHE_FLOATS ((size_t)60000)  /* of a group's planes: they share the second-level cache with weights */
#define PART_FLOATS ((size_t)1 << 19) /* of a group's planes that are made */
#define LEAST_GROUP ((size_t)48)      /* rows: every group reads all weights */
#define LEAST_SUM_16 ((size_t)32)     /* rows, by weights: every group transforms its sums; with blocks of 16 */
#define LEAST_SUM_8 ((size_t)64)      /* and of 8, which are four times as many pairs */
#define LEAST_PLAIN_SUM ((size_t)128) /* the same of fewer points than a tile's, or of none */
#define MAPS 2 /* blocks of 8 channels that are made at once: AVX2 can load but two numbers for two products */
#define SQUARE_MOST ((size_t)4)
#define SQUARE_FLOATS ((size_t)1 << 16) /* by weights: of sums that stay in the cache */

static size_t round_up(size_t count, size_t unit) { return (count + unit - 1) / unit * unit; }
static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* One call: what the inner loops need besides the convolution. */
typedef struct ConvTask {
    const OwnConv *conv;
    const float *source, *gradient; /* pictures that are read; gradient: by weights, of the output */
    const float *weights, *bias;
    float *target; /* pictures, or by weights the sums[k_maps][n_maps][taps][lanes][lanes] */
    /* planes[points][blocks][rows][lanes] of a group: of what is read, and of what is made (by weights: of the output's
     * gradient). `stride`: floats from point to point. */
    float *k_planes, *n_planes;
    size_t k_stride, n_stride;
    float *strips;          /* TILES, of each thread: the transform of one strip's columns, and a row of zeros */
    size_t first, count;    /* strips of the group */
    size_t n_first, n_last; /* not by weights: blocks of the target to be made, n_first .. n_last-1; n_planes begin
                               with the first */
} ConvTask;

/* A plane's rows for a group. An odd number of blocks of 64 bytes between points spreads them over the cache's sets. */
static size_t plane_stride(const OwnConv *conv, size_t blocks) { return (blocks * conv->group | 1) * conv->lanes; }

/* Columns of a strip's buffer: its tiles' and one on each side. */
static size_t strip_width(const OwnConv *conv) { return conv->columns * TILE + 2; }

/* All windows of a strip, and what the last copy of the last one may overwrite. */
static size_t window_floats(const OwnConv *conv) { return conv->columns * conv->k_maps * conv->lanes + conv->lanes; }

static size_t strip_floats(const OwnConv *conv) {
    if (conv->method == OWN_WINDOWS) /* as much may be read behind the rows */
        return round_up(window_floats(conv) + conv->window.side * conv->window.row_width + conv->lanes, 16);
    if (conv->method != OWN_TILES) return 0;
    return round_up((6 * strip_width(conv) + conv->source_width) * conv->lanes, 16);
}

/* Where channel k's filter stands among those of one channel of the output in plain weights, in filters. Numbers of
 * windows are filters of one tap, in the order of the window and not in that of the weights. */
static size_t plain_place(const OwnConv *conv, size_t k) {
    if (conv->method != OWN_WINDOWS) return k;
    return k % conv->window.channels * (conv->window.side * conv->window.side) + k / conv->window.channels;
}

/* By weights: blocks on either side of a square of maps, whose planes' sums are made together. */
static size_t square_side(const OwnConv *conv) {
    size_t side = SQUARE_MOST;
    while (side > 1 && side * side * conv->points * conv->lanes * conv->lanes > SQUARE_FLOATS)
        side /= 2;
    return side;
}

/* What a thread has for itself: a strip's buffer, or a square's sums. */
static size_t part_floats(const OwnConv *conv) {
    const size_t strip = strip_floats(conv), side = square_side(conv);
    const size_t sums =
        smaller(side, conv->k_maps) * smaller(side, conv->n_maps) * conv->points * conv->lanes * conv->lanes;
    return conv->pass == CONV_BACKWARD_WEIGHTS && sums > strip ? sums : strip;
}

/* Whether planes hold what is read as it is: of gathers and windows. */
static bool is_plain(const OwnConv *conv) { return conv->points == 1; }

static size_t thread_count(const OwnConv *conv) { return conv->threads < 1 ? 1 : (size_t)conv->threads; }

#define LANES 16
#include "nn/own_conv_lanes.h"
#define LANES 8
#include "nn/own_conv_lanes.h"

/* --- shapes ------------------------------------------------------------------------------------------------------- */

static size_t layout_lanes(Layout layout) { return layout == LAYOUT_BLOCK16 ? 16 : 8; }

static bool is_blocked(Layout layout) { return layout == LAYOUT_BLOCK16 || layout == LAYOUT_BLOCK8; }

/* Windows of an input in no blocks. Backward by data is for inner layers alone. */
static bool takes_windows(const ConvShape *shape, const ConvOptions *options) {
    return (options->in == LAYOUT_NHWC || options->in == LAYOUT_NCHW) && options->pass != CONV_BACKWARD_DATA &&
           shape->in_channels * shape->kernel * shape->kernel <= OWN_WINDOW_MOST;
}

bool own_conv_serves(const ConvShape *shape, const ConvOptions *options) {
    if (shape->padding != shape->kernel / 2 || !is_blocked(options->out)) return false;
    if (takes_windows(shape, options)) return true;
    return (shape->kernel == 1 || shape->kernel == 3) && (shape->stride == 1 || shape->stride == 2) &&
           options->in == options->out;
}

/* The places whose pixel column exists. */
static void gather_columns(const OwnConv *conv, OwnGather *gather) {
    const int step = (int)conv->source_step, width = (int)conv->source_width, columns = (int)conv->columns;
    const int from = gather->column < 0 ? (step - 1 - gather->column) / step : 0;
    const int to = width > gather->column ? (width - 1 - gather->column) / step + 1 : 0;
    gather->from = (size_t)(from < columns ? from : columns);
    gather->to = (size_t)(to < from ? from : to < columns ? to : columns);
    if (gather->to < gather->from) gather->to = gather->from;
}

static void add_gather(OwnConv *conv, int row, int column, int tap) {
    OwnGather *gather = &conv->gathers[conv->gather_count++];
    *gather = (OwnGather){.row = row, .column = column, .tap = (size_t)tap};
    gather_columns(conv, gather);
}

/* Along a side: *from, the place that is read for place `to` through a window's tap; whether there is one. */
static bool tap_reads(const ConvShape *shape, bool data, int to, int tap, int size, int *from) {
    if (!data) {
        *from = to * shape->stride + tap - shape->padding;
        return *from >= 0 && *from < size;
    }
    const int distance = to + shape->padding - tap;
    *from = distance / shape->stride;
    return distance >= 0 && distance % shape->stride == 0 && *from < size;
}

/* Each pixel that is made, of a small map, reads the pixels that exist. */
static void whole_classes(OwnConv *conv, const ConvShape *shape) {
    const int pixels = (int)(conv->target_height * conv->target_width), width = (int)conv->target_width;
    const bool data = conv->pass == CONV_BACKWARD_DATA;
    conv->source_step = conv->target_step = conv->strip_rows = conv->columns = 1;
    for (int to = 0; to < pixels; to++) {
        OwnClass *class = &conv->classes[conv->class_count++];
        *class = (OwnClass){.first = conv->gather_count, .row = (size_t)(to / width), .column = (size_t)(to % width)};
        for (int tap = 0; tap < 9; tap++) {
            int row, column;
            if (tap_reads(shape, data, to / width, tap / 3, (int)conv->source_height, &row) &&
                tap_reads(shape, data, to % width, tap % 3, (int)conv->source_width, &column))
                add_gather(conv, row, column, tap);
        }
        class->last = conv->gather_count;
    }
}

/* All outputs read all taps around stride times their place. */
static void forward_classes(OwnConv *conv, const ConvShape *shape) {
    conv->source_step = (size_t)shape->stride;
    conv->target_step = 1;
    conv->strip_rows = conv->target_height;
    conv->columns = conv->target_width;
    for (int tap = 0; tap < shape->kernel * shape->kernel; tap++)
        add_gather(conv, tap / shape->kernel - shape->padding, tap % shape->kernel - shape->padding, tap);
    conv->classes[conv->class_count++] = (OwnClass){.last = conv->gather_count};
}

/* One class of one gather, which are whole windows. */
static void window_class(OwnConv *conv, const ConvShape *shape, bool planar) {
    conv->source_step = (size_t)shape->stride;
    conv->target_step = 1;
    conv->strip_rows = conv->target_height;
    conv->columns = conv->target_width;
    conv->gather_count = conv->class_count = 1;
    conv->classes[0].last = 1;
    conv->window = (OwnWindow){.side = (size_t)shape->kernel,
                               .channels = (size_t)shape->in_channels,
                               .padding = (size_t)shape->padding,
                               .planar = planar};
    conv->window.row_width = ((conv->columns - 1) * conv->source_step + conv->window.side) * conv->window.channels;
}

/* Input pixel y was read by output (y + padding - tap) / stride where that is whole: which taps, depends on y's
 * remainder. */
static void data_classes(OwnConv *conv, const ConvShape *shape) {
    const int stride = shape->stride, kernel = shape->kernel;
    conv->source_step = 1;
    conv->target_step = (size_t)stride;
    conv->strip_rows = (conv->target_height + conv->target_step - 1) / conv->target_step;
    conv->columns = (conv->target_width + conv->target_step - 1) / conv->target_step;
    for (int remainder = 0; remainder < stride * stride; remainder++) {
        const int row = remainder / stride, column = remainder % stride;
        OwnClass *class = &conv->classes[conv->class_count];
        *class = (OwnClass){.first = conv->gather_count, .row = (size_t)row, .column = (size_t)column};
        for (int tap = 0; tap < kernel * kernel; tap++) {
            const int y = row + shape->padding - tap / kernel, x = column + shape->padding - tap % kernel;
            if (y % stride != 0 || x % stride != 0) continue;
            add_gather(conv, y / stride, x / stride, tap);
        }
        class->last = conv->gather_count;
        conv->class_count++;
    }
}

/* By options->algorithm DIRECT nothing is summed in another way than the formula's. */
static void choose_method(OwnConv *conv, const ConvShape *shape, const ConvOptions *options) {
    const ConvAlgorithm algorithm = options->algorithm;
    const bool plain = shape->kernel == 3 && shape->stride == 1;
    conv->points = 1;
    if (takes_windows(shape, options)) {
        conv->method = OWN_WINDOWS;
        window_class(conv, shape, options->in == LAYOUT_NCHW);
    } else if (plain && algorithm != CONV_DIRECT && shape->in_height == SQUARE && shape->in_width == SQUARE) {
        conv->method = OWN_SQUARES;
        conv->points = SQUARE_POINTS;
        conv->gather_count = conv->class_count = conv->strip_rows = conv->columns = 1;
    } else if (shape->kernel == 3 && shape->out_height <= WHOLE_SIDE && shape->out_width <= WHOLE_SIDE) {
        conv->method = OWN_GATHERS;
        whole_classes(conv, shape);
    } else if (plain && algorithm != CONV_DIRECT) {
        conv->method = OWN_TILES;
        conv->points = TILE_POINTS;
        conv->gather_count = conv->class_count = 1;
        conv->strip_rows = (conv->target_height + TILE - 1) / TILE;
        conv->columns = (conv->target_width + TILE - 1) / TILE;
    } else {
        conv->method = OWN_GATHERS;
        if (conv->pass == CONV_BACKWARD_DATA)
            data_classes(conv, shape);
        else
            forward_classes(conv, shape);
    }
}

/* Strips of groups of one size, about `strips` each: a small last one would cost nearly as much as the others, and
 * every thread has as many. By weights groups stay as they are, since sums are made group by group. */
static size_t even_strips(const OwnConv *conv, size_t strips, size_t unit) {
    if (conv->pass == CONV_BACKWARD_WEIGHTS) return strips;
    const size_t whole = conv->strips / strips, groups = round_up(whole > 0 ? whole : 1, thread_count(conv));
    return round_up((conv->strips + groups - 1) / groups, unit);
}

/* Strips that are treated together: as many rows as stay in the cache, but enough for what a group costs; a multiple of
 * what a kernel holds, if a few strips are one. */
static size_t group_strips(const OwnConv *conv) {
    const size_t floats = conv->points * (conv->k_blocks + conv->n_blocks) * conv->lanes;
    const size_t least_sum = conv->method != OWN_TILES ? LEAST_PLAIN_SUM
                             : conv->lanes == 16       ? LEAST_SUM_16
                                                       : LEAST_SUM_8;
    const size_t least = conv->pass == CONV_BACKWARD_WEIGHTS ? least_sum : LEAST_GROUP;
    size_t rows = floats > 0 ? CACHE_FLOATS / floats : 0;
    if (rows < least) rows = least;
    size_t strips = (rows + conv->columns - 1) / conv->columns, whole = 1;
    while (whole * conv->columns % ROW_UNIT != 0)
        whole++;
    if (strips > whole) strips = strips / whole * whole;
    return smaller(even_strips(conv, strips, whole), conv->strips);
}

/* All blocks of the target, or half of them, or a quarter ..., so that a group's planes do not grow with the channels.
 */
static size_t part_maps(const OwnConv *conv) {
    const size_t floats = conv->points * conv->class_count * conv->group * conv->lanes;
    size_t maps = conv->n_maps;
    while (conv->pass != CONV_BACKWARD_WEIGHTS && maps > MAPS && maps * floats > PART_FLOATS)
        maps = round_up((maps + 1) / 2, MAPS);
    return maps;
}

OwnConv own_conv_make(const ConvShape *shape, const ConvOptions *options) {
    const bool data = options->pass == CONV_BACKWARD_DATA;
    const size_t out = (size_t)shape->out_channels, window = (size_t)shape->kernel * (size_t)shape->kernel;
    const bool whole = takes_windows(shape, options);
    const size_t in = (size_t)shape->in_channels * (whole ? window : 1);
    OwnConv conv = {.pass = options->pass,
                    .bias = options->bias,
                    .sum = options->sum,
                    .activate = options->activate,
                    .slope = options->slope,
                    .threads = options->threads,
                    .lanes = layout_lanes(options->out),
                    .pictures = shape->batch,
                    .taps = whole ? 1 : window,
                    .source_height = (size_t)(data ? shape->out_height : shape->in_height),
                    .source_width = (size_t)(data ? shape->out_width : shape->in_width),
                    .target_height = (size_t)(data ? shape->in_height : shape->out_height),
                    .target_width = (size_t)(data ? shape->in_width : shape->out_width),
                    .k = data ? out : in,
                    .n = data ? in : out};
    conv.k_maps = round_up(conv.k, conv.lanes) / conv.lanes;
    conv.n_maps = round_up(conv.n, conv.lanes) / conv.lanes;
    choose_method(&conv, shape, options);
    conv.k_blocks = conv.k_maps * conv.gather_count;
    conv.n_blocks = conv.n_maps * conv.class_count;
    conv.strips = conv.pictures * conv.strip_rows;
    conv.group_strips = group_strips(&conv);
    conv.group = round_up(conv.group_strips * conv.columns, ROW_UNIT);
    conv.n_part = part_maps(&conv);
    conv.n_blocks = conv.n_part * conv.class_count;
    return conv;
}

/* Blocks of the weights of the classes before this one: [class][n_maps][gathers of the class][k_maps]. */
static size_t class_blocks(const OwnConv *conv, size_t class) {
    size_t blocks = 0;
    for (size_t c = 0; c < class; c++)
        blocks += (conv->classes[c].last - conv->classes[c].first) * conv->k_maps * conv->n_maps;
    return blocks;
}

size_t own_conv_weight_floats(const OwnConv *conv) {
    const size_t pair = conv->lanes * conv->lanes, pairs = conv->k_maps * conv->n_maps;
    if (conv->pass == CONV_BACKWARD_WEIGHTS) return conv->taps * pairs * pair;
    return (is_plain(conv) ? class_blocks(conv, conv->class_count) : conv->points * pairs) * pair;
}

/* Planes of one group; forward and backward by data, every thread has a group. */
static size_t group_floats(const OwnConv *conv) {
    return round_up(conv->points * (plane_stride(conv, conv->k_blocks) + plane_stride(conv, conv->n_blocks)), 16);
}

size_t own_conv_scratch_bytes(const OwnConv *conv) {
    const size_t planes = conv->pass == CONV_BACKWARD_WEIGHTS ? 1 : thread_count(conv);
    return (planes * group_floats(conv) + thread_count(conv) * part_floats(conv)) * sizeof(float);
}

const char *own_conv_name(const OwnConv *conv) {
    switch (conv->method) {
    case OWN_TILES: return "own tiles";
    case OWN_SQUARES: return "own squares";
    case OWN_WINDOWS: return "own windows";
    case OWN_GATHERS: break;
    }
    return "own gathers";
}

/* --- running ------------------------------------------------------------------------------------------------------ */

/* A call's task: the thread's share of the planes and all threads' strips. */
static ConvTask task_for(const OwnConv *conv, const ConvBuffers *buffers, size_t thread, size_t planes_count) {
    float *scratch = buffers->scratch, *planes = scratch + thread * group_floats(conv);
    const size_t k_stride = plane_stride(conv, conv->k_blocks), n_stride = plane_stride(conv, conv->n_blocks);
    return (ConvTask){.conv = conv,
                      .weights = buffers->weights,
                      .bias = buffers->bias,
                      .k_planes = planes,
                      .n_planes = planes + conv->points * k_stride,
                      .k_stride = k_stride,
                      .n_stride = n_stride,
                      .strips = scratch + planes_count * group_floats(conv) + thread * part_floats(conv)};
}

/* A group's strips, and one of `shares` shares of the target's blocks. */
static void run_group(const OwnConv *conv, const ConvBuffers *buffers, size_t group, size_t share, size_t shares,
                      size_t thread) {
    const bool data = conv->pass == CONV_BACKWARD_DATA;
    ConvTask task = task_for(conv, buffers, thread, thread_count(conv));
    task.source = data ? buffers->out : buffers->in;
    task.target = data ? buffers->in : buffers->out;
    task.first = group * conv->group_strips;
    task.count = smaller(conv->group_strips, conv->strips - task.first);
    task.n_first = conv->n_maps * share / shares;
    task.n_last = conv->n_maps * (share + 1) / shares;
    if (conv->lanes == 16)
        pictures_group_16(&task);
    else
        pictures_group_8(&task);
}

/* Where a small batch has fewer groups than there are threads, each group's blocks are shared out; every share reads
 * the whole source, which costs little beside the products. */
static void run_pictures(const OwnConv *conv, const ConvBuffers *buffers) {
    const size_t groups = (conv->strips + conv->group_strips - 1) / conv->group_strips, threads = thread_count(conv);
    const size_t shares = groups > 0 && groups < threads ? smaller((threads + groups - 1) / groups, conv->n_maps) : 1;
    if (threads == 1 || groups * shares < 2) {
        for (size_t i = 0; i < groups; i++)
            run_group(conv, buffers, i, 0, 1, 0);
        return;
    }
#pragma omp parallel for schedule(static) num_threads(conv->threads)
    for (size_t i = 0; i < groups * shares; i++)
        run_group(conv, buffers, i / shares, i % shares, shares, (size_t)omp_get_thread_num());
}

/* A part of the work on a group by weights: strips to transform, or blocks of the input whose sums to make. */
typedef void (*SumKernel)(const ConvTask *task, size_t part, size_t first, size_t last);

static void run_parts(SumKernel kernel, const ConvTask *task, size_t items) {
    const size_t parts = thread_count(task->conv);
    if (parts == 1) {
        kernel(task, 0, 0, items);
        return;
    }
#pragma omp parallel for schedule(static) num_threads(task->conv->threads)
    for (size_t part = 0; part < parts; part++)
        kernel(task, part, items * part / parts, items * (part + 1) / parts);
}

static void run_sums(const OwnConv *conv, const ConvBuffers *buffers) {
    ConvTask task = task_for(conv, buffers, 0, 1);
    task.source = buffers->in;
    task.gradient = buffers->out;
    task.target = buffers->weights;
    memset(task.target, 0, own_conv_weight_floats(conv) * sizeof *task.target);
    for (task.first = 0; task.first < conv->strips; task.first += conv->group_strips) {
        task.count = smaller(conv->group_strips, conv->strips - task.first);
        run_parts(conv->lanes == 16 ? sum_planes_16 : sum_planes_8, &task, task.count);
        run_parts(conv->lanes == 16 ? sum_products_16 : sum_products_8, &task, conv->k_maps);
    }
}

void own_conv_run(const OwnConv *conv, const ConvBuffers *buffers) {
    if (conv->pass == CONV_BACKWARD_WEIGHTS)
        run_sums(conv, buffers);
    else
        run_pictures(conv, buffers);
}

/* --- weights ------------------------------------------------------------------------------------------------------ */

void own_conv_pack(const OwnConv *conv, const float *plain, float *packed) {
    const ConvTask task = {.conv = conv, .source = plain, .target = packed};
    const size_t pairs = conv->k_maps * conv->n_maps, parts = (size_t)omp_get_max_threads();
#pragma omp parallel for schedule(static) num_threads((int)parts)
    for (size_t part = 0; part < parts; part++)
        for (size_t pair = pairs * part / parts; pair < pairs * (part + 1) / parts; pair++) {
            if (conv->lanes == 16)
                pack_pair_16(&task, pair);
            else
                pack_pair_8(&task, pair);
        }
}

/* The gradients of one block of output channels, pair by pair: the filters of a pair are put together first, since in
 * the plain gradients as in the sums those of one tap lie far apart. */
static void unpack_block(const OwnConv *conv, const float *packed, size_t n_map, float *plain) {
    const size_t lanes = conv->lanes, taps = conv->taps, first = n_map * lanes;
    float filters[LANES_MOST][LANES_MOST * TAPS_MOST] = {{0}};
    for (size_t k_map = 0; k_map < conv->k_maps; k_map++) {
        const float *sums = packed + (k_map * conv->n_maps + n_map) * taps * lanes * lanes;
        const size_t k_first = k_map * lanes, channels = smaller(lanes, conv->k - k_first);
        for (size_t tap = 0; tap < taps; tap++)
            for (size_t k = 0; k < lanes; k++)
                for (size_t lane = 0; lane < lanes; lane++)
                    filters[lane][k * taps + tap] = *sums++;
        for (size_t lane = 0; lane < smaller(lanes, conv->n - first); lane++) {
            float *out = plain + (first + lane) * conv->k * taps;
            if (conv->method != OWN_WINDOWS)
                memcpy(out + k_first * taps, filters[lane], channels * taps * sizeof *out);
            else
                for (size_t k = 0; k < channels; k++)
                    out[plain_place(conv, k_first + k)] = filters[lane][k];
        }
    }
}

void own_conv_unpack(const OwnConv *conv, const float *packed, float *plain) {
    const size_t parts = (size_t)omp_get_max_threads();
#pragma omp parallel for schedule(static) num_threads((int)parts)
    for (size_t part = 0; part < parts; part++)
        for (size_t n_map = conv->n_maps * part / parts; n_map < conv->n_maps * (part + 1) / parts; n_map++)
            unpack_block(conv, packed, n_map, plain);
}

#include "nn/own_conv.h"

#include <string.h>

#include <omp.h>

#include "base/simd.h"

#define POINTS ((size_t)36) /* of a tile: 6x6 */
#define TAPS ((size_t)9)
#define TILE ((size_t)4)             /* outputs on a side */
#define ROWS ((size_t)24)            /* tiles whose sums a kernel holds in registers */
#define ROW_UNIT ((size_t)8)         /* groups are multiples of it */
#define WHOLE_SIDE ((size_t)2)       /* of the largest map that is multiplied whole: every pixel sees every other */
#define CACHE_FLOATS ((size_t)60000) /* of a group's planes: they share the second-level cache with weights */
#define LEAST_GROUP ((size_t)48)     /* tiles: every group reads all weights */
#define LEAST_SUM ((size_t)32)       /* tiles, by weights: every group transforms its sums */
#define BLOCK_PAIRS ((size_t)4)      /* by weights: blocks of input and output whose planes stay in the cache */

static size_t round_up(size_t count, size_t unit) { return (count + unit - 1) / unit * unit; }
static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* One call: what the inner loops need besides the convolution. */
typedef struct ConvTask {
    const OwnConv *conv;
    const float *source, *gradient; /* pictures that are read; gradient: by weights, of the output */
    const float *weights, *bias;
    float *target; /* pictures, or by weights the sums[TAPS][k_blocks][n_blocks][lanes][lanes] */
    /* planes[points][blocks][rows][lanes] of a group: of what is read, and of what is made (by weights: of the output's
     * gradient). `stride`: floats from point to point. */
    float *k_planes, *n_planes;
    size_t k_stride, n_stride;
    float *strips;       /* of each thread: the transform of one strip's columns, and a row of zeros */
    size_t first, count; /* strips of the group */
} ConvTask;

/* A plane's rows for a group. An odd number of blocks of 64 bytes between points spreads them over the cache's sets. */
static size_t plane_stride(const OwnConv *conv, size_t blocks) { return (blocks * conv->group | 1) * conv->lanes; }

/* Columns of a strip's buffer: its tiles' and one on each side. */
static size_t strip_width(const OwnConv *conv) { return conv->tile_columns * TILE + 2; }

static size_t strip_floats(const OwnConv *conv) {
    return round_up((6 * strip_width(conv) + conv->width) * conv->lanes, 16);
}

static size_t thread_count(const OwnConv *conv) { return conv->threads < 1 ? 1 : (size_t)conv->threads; }

#define LANES 16
#include "nn/own_conv_lanes.h"
#define LANES 8
#include "nn/own_conv_lanes.h"

/* --- shapes ------------------------------------------------------------------------------------------------------- */

static size_t layout_lanes(Layout layout) { return layout == LAYOUT_BLOCK16 ? 16 : layout == LAYOUT_BLOCK8 ? 8 : 0; }

bool own_conv_serves(const ConvShape *shape, const ConvOptions *options) {
    return shape->kernel == 3 && shape->stride == 1 && shape->padding == 1 && options->in == options->out &&
           layout_lanes(options->in) != 0;
}

/* Strips that are treated together: as many tiles as stay in the cache, but enough for what a group costs; a multiple
 * of what a kernel holds, if a few strips are one. */
static size_t group_strips(const OwnConv *conv) {
    const size_t floats = conv->points * (conv->k_blocks + conv->n_blocks) * conv->lanes;
    const size_t least = conv->pass == CONV_BACKWARD_WEIGHTS ? LEAST_SUM : LEAST_GROUP;
    size_t tiles = CACHE_FLOATS / floats;
    if (tiles < least) tiles = least;
    size_t strips = (tiles + conv->tile_columns - 1) / conv->tile_columns, whole = 1;
    while (whole * conv->tile_columns % ROW_UNIT != 0)
        whole++;
    if (strips > whole) strips = strips / whole * whole;
    return smaller(strips, conv->strips);
}

OwnConv own_conv_make(const ConvShape *shape, const ConvOptions *options) {
    const bool data = options->pass == CONV_BACKWARD_DATA;
    const size_t in = (size_t)shape->in_channels, out = (size_t)shape->out_channels;
    OwnConv conv = {.pass = options->pass,
                    .bias = options->bias,
                    .sum = options->sum,
                    .activate = options->activate,
                    .slope = options->slope,
                    .threads = options->threads,
                    .lanes = layout_lanes(options->in),
                    .pictures = shape->batch,
                    .height = (size_t)shape->in_height,
                    .width = (size_t)shape->in_width,
                    .k = data ? out : in,
                    .n = data ? in : out,
                    .pixels = 1,
                    .points = POINTS,
                    .tile_rows = 1,
                    .tile_columns = 1};
    if (conv.height <= WHOLE_SIDE && conv.width <= WHOLE_SIDE) {
        conv.pixels = conv.height * conv.width;
        conv.points = 1;
    } else {
        conv.tile_rows = (conv.height + TILE - 1) / TILE;
        conv.tile_columns = (conv.width + TILE - 1) / TILE;
    }
    conv.k_blocks = round_up(conv.k, conv.lanes) / conv.lanes * conv.pixels;
    conv.n_blocks = round_up(conv.n, conv.lanes) / conv.lanes * conv.pixels;
    conv.strips = conv.pictures * conv.tile_rows;
    conv.group_strips = group_strips(&conv);
    conv.group = round_up(conv.group_strips * conv.tile_columns, ROW_UNIT);
    return conv;
}

size_t own_conv_weight_floats(const OwnConv *conv) {
    const size_t square = conv->lanes * conv->lanes;
    if (conv->pass != CONV_BACKWARD_WEIGHTS) return conv->points * conv->k_blocks * conv->n_blocks * square;
    return TAPS * (conv->k_blocks / conv->pixels) * (conv->n_blocks / conv->pixels) * square;
}

/* Planes of one group; forward and backward by data, every thread has a group. */
static size_t group_floats(const OwnConv *conv) {
    return round_up(conv->points * (plane_stride(conv, conv->k_blocks) + plane_stride(conv, conv->n_blocks)), 16);
}

size_t own_conv_scratch_bytes(const OwnConv *conv) {
    const size_t planes = conv->pass == CONV_BACKWARD_WEIGHTS ? 1 : thread_count(conv);
    return (planes * group_floats(conv) + thread_count(conv) * strip_floats(conv)) * sizeof(float);
}

const char *own_conv_name(const OwnConv *conv) { return conv->points == 1 ? "own whole" : "own winograd"; }

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
                      .strips = scratch + planes_count * group_floats(conv) + thread * strip_floats(conv)};
}

static void run_group(const OwnConv *conv, const ConvBuffers *buffers, size_t group, size_t thread) {
    const bool data = conv->pass == CONV_BACKWARD_DATA;
    ConvTask task = task_for(conv, buffers, thread, thread_count(conv));
    task.source = data ? buffers->out : buffers->in;
    task.target = data ? buffers->in : buffers->out;
    task.first = group * conv->group_strips;
    task.count = smaller(conv->group_strips, conv->strips - task.first);
    if (conv->lanes == 16)
        pictures_group_16(&task);
    else
        pictures_group_8(&task);
}

static void run_pictures(const OwnConv *conv, const ConvBuffers *buffers) {
    const size_t groups = (conv->strips + conv->group_strips - 1) / conv->group_strips;
    if (conv->threads <= 1 || groups < 2) {
        for (size_t i = 0; i < groups; i++)
            run_group(conv, buffers, i, 0);
        return;
    }
#pragma omp parallel for schedule(static) num_threads(conv->threads)
    for (size_t i = 0; i < groups; i++)
        run_group(conv, buffers, i, (size_t)omp_get_thread_num());
}

/* A part of the work on a group by weights: strips to transform, or rows of the sums to make. */
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
        run_parts(conv->lanes == 16 ? sum_products_16 : sum_products_8, &task, conv->k_blocks / conv->pixels);
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
    const size_t blocks = conv->n_blocks / conv->pixels * (conv->k_blocks / conv->pixels);
    const int threads = omp_get_max_threads();
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t block = 0; block < blocks; block++) {
        if (conv->lanes == 16)
            pack_block_16(&task, block);
        else
            pack_block_8(&task, block);
    }
}

void own_conv_unpack(const OwnConv *conv, const float *packed, float *plain) {
    const size_t lanes = conv->lanes, k_blocks = conv->k_blocks / conv->pixels,
                 n_blocks = conv->n_blocks / conv->pixels;
    const int threads = omp_get_max_threads();
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t n = 0; n < conv->n; n++)
        for (size_t k = 0; k < conv->k; k++)
            for (size_t tap = 0; tap < TAPS; tap++)
                plain[(n * conv->k + k) * TAPS + tap] =
                    packed[(((tap * k_blocks + k / lanes) * n_blocks + n / lanes) * lanes + k % lanes) * lanes +
                           n % lanes];
}

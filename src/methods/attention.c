#include "methods/attention.h"

#include <math.h>

#include "augment/policy.h"
#include "methods/inference.h"

/* Pictures per forward pass. */
#define ATTENTION_BATCH 32

typedef struct Attention {
    const Model *model;
    int columns, lines, depth;                                    /* of the last feature map */
    int height, width;                                            /* of the pictures */
    int working_height, working_width, input_height, input_width; /* the network sees the middle of the working size */
    const float *centres;                                         /* rows of depth */
    const int32_t *clusters;                                      /* one of each picture of the list */
    float *cosines;                                               /* [ATTENTION_BATCH x lines x columns] */
    float *maps;                                                  /* the caller's */
} Attention;

static double inner_product(const float *a, const float *b, int count) {
    double sum = 0;
    for (int i = 0; i < count; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static float cosine(const float *a, const float *b, int count) {
    const double lengths = sqrt(inner_product(a, a, count) * inner_product(b, b, count));
    return lengths > 0 ? (float)(inner_product(a, b, count) / lengths) : 0;
}

/* A place between two neighbours of a line: the share of the second one is `share`. */
typedef struct Between {
    int first, second;
    float share;
} Between;

/* Where the middle of pixel `pixel` of a picture's `side` pixels lies on a line of the feature map of `cells`, which
 * spans the middle `input` of the `working` pixels that the picture was resized to. */
static Between place_on_map(int pixel, int side, int working, int input, int cells) {
    const double resized = (pixel + 0.5) * working / side;
    /* 0 .. 1 over the network's input; the crop begins where augment's does */
    const double seen = (resized - rint((working - input) / 2.0)) / input;
    const double cell = fmin(fmax(seen * cells - 0.5, 0), cells - 1);
    const int first = (int)cell;
    return (Between){.first = first, .second = first + 1 < cells ? first + 1 : first, .share = (float)(cell - first)};
}

static float mixed(float first, float second, float share) { return first + share * (second - first); }

/* map[height x width]: the cosines[lines x columns] resized. */
static void map_resize(const Attention *attention, const float *cosines, float *map) {
    for (int y = 0; y < attention->height; y++) {
        const Between line =
            place_on_map(y, attention->height, attention->working_height, attention->input_height, attention->lines);
        const float *upper = cosines + (size_t)line.first * (size_t)attention->columns;
        const float *lower = cosines + (size_t)line.second * (size_t)attention->columns;
        for (int x = 0; x < attention->width; x++) {
            const Between column =
                place_on_map(x, attention->width, attention->working_width, attention->input_width, attention->columns);
            *map++ = mixed(mixed(upper[column.first], upper[column.second], column.share),
                           mixed(lower[column.first], lower[column.second], column.share), line.share);
        }
    }
}

/* To 0 .. 1. */
static void map_normalise(float *map, size_t count) {
    float least = map[0], most = map[0];
    for (size_t i = 1; i < count; i++) {
        if (map[i] < least) least = map[i];
        if (map[i] > most) most = map[i];
    }
    for (size_t i = 0; i < count; i++)
        map[i] = most > least ? (map[i] - least) / (most - least) : 0;
}

static Status batch_take(Context *ctx, void *user, const Plan *plan, size_t first, size_t count) {
    const Attention *attention = user;
    const int positions = attention->lines * attention->columns, depth = attention->depth;
    const size_t pixels = (size_t)attention->height * (size_t)attention->width;
    const float *features = plan_output(plan, 0);
#pragma omp parallel for schedule(static) num_threads(ctx->threads)
    for (size_t i = 0; i < count; i++) {
        const float *vectors = features + i * (size_t)positions * (size_t)depth;
        const float *centre = attention->centres + (size_t)attention->clusters[first + i] * (size_t)depth;
        float *cosines = attention->cosines + i * (size_t)positions, *map = attention->maps + (first + i) * pixels;
        for (int position = 0; position < positions; position++)
            cosines[position] = cosine(vectors + (size_t)position * (size_t)depth, centre, depth);
        map_resize(attention, cosines, map);
        map_normalise(map, pixels);
    }
    return SPICA_OK;
}

/* The sizes that a picture takes on its way to the feature map. */
static void sizes_find(Attention *attention, const Dataset *dataset, const Policy *policy) {
    int64_t height, width;
    net_shape(attention->model->net, attention->model->map, &attention->depth, &attention->lines, &attention->columns);
    attention->height = dataset->height;
    attention->width = dataset->width;
    policy_working_size(policy, dataset->height, dataset->width, &height, &width);
    attention->working_height = (int)height;
    attention->working_width = (int)width;
    policy_output_size(policy, dataset->height, dataset->width, &height, &width);
    attention->input_height = (int)height;
    attention->input_width = (int)width;
}

Status attention_maps(Context *ctx, Model *model, const Dataset *dataset, const int64_t *rows, size_t count,
                      const Policy *policy, const float *centres, const int32_t *clusters, float *maps) {
    Attention attention = {.model = model, .centres = centres, .clusters = clusters, .maps = maps};
    const InferTaker taker = {.values = {model->map}, .value_count = 1, .take = batch_take, .user = &attention};
    const ViewKey key = {0};
    sizes_find(&attention, dataset, policy);
    TRY(NEW_ARRAY(ctx, &attention.cosines,
                  (size_t)ATTENTION_BATCH * (size_t)attention.lines * (size_t)attention.columns));
    const Status status = infer_values(ctx, model, dataset, rows, count, policy, key, ATTENTION_BATCH, NULL, &taker);
    FREE_ARRAY(ctx, &attention.cosines);
    return status;
}

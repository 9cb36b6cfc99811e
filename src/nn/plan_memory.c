/* From symbolic steps to ready ones: segments and their slices, the library's primitives, and one arena in which
 * buffers that never live at the same time share memory. */
#define _DEFAULT_SOURCE /* madvise */

#include <string.h>

#include <sys/mman.h>
#include <unistd.h>

#include "nn/conv_table.h"
#include "nn/plan_steps.h"

/* --- segments ------------------------------------------------------------------------------------------------------
 */

static bool is_conv_step(const Step *step) { return step->run == step_conv || step->run == step_weight_gradient; }

/* Segments are planned as if no forward step were repeated: a segment passes over repeated ones, unless it begins with
 * one. So the slices, and with them the order of sums, are those of a plan without them. */
static bool is_in(const Plan *plan, const Segment *segment, int step) {
    return plan->steps[step].again == plan->steps[segment->first].again;
}

/* Output pixels of the segment's convolutions, 0 while it has none. Convolutions of another size want slices of
 * another size. */
static size_t segment_pixels(const Plan *plan, const Segment *segment) {
    for (int i = segment->first; i <= segment->last; i++)
        if (is_in(plan, segment, i) && is_conv_step(&plan->steps[i]))
            return node_pixels(net_node(plan->net, plan->steps[i].node));
    return 0;
}

static bool joins_segment(const Plan *plan, const Segment *segment, int step) {
    if (step == plan->forward_count || plan->steps[step].whole || plan->steps[segment->last].whole) return false;
    if (!is_conv_step(&plan->steps[step])) return true;
    const size_t pixels = segment_pixels(plan, segment);
    return pixels == 0 || pixels == node_pixels(net_node(plan->net, plan->steps[step].node));
}

/* Floats of one picture in all buffers that the step touches. */
static size_t step_picture_floats(const Plan *plan, const Step *step) {
    size_t floats = 0;
    for (int i = 0; i < STEP_BUFFERS && step->uses[i] >= 0; i++) {
        const Buffer *buffer = &plan->buffers[step->uses[i]];
        if (buffer->chunk != 0) floats += buffer->unit / buffer->chunk;
    }
    return floats;
}

/* The second-level cache of one core, in floats. */
static size_t cache_floats(void) {
    const long bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
    return (bytes < 1 << 18 ? (size_t)1 << 20 : (size_t)bytes) / sizeof(float);
}

/* How large slices of this segment should be. Small enough that what one step writes is in the core's cache when the
 * next one reads it; but the weights, which every slice reads (and whose gradients every slice writes, which is four
 * times as dear), must not outweigh the pictures. */
typedef struct SliceWish {
    size_t multiple; /* pictures that stay together */
    size_t fit, least;
    size_t weights; /* of the largest convolution */
    bool gradients;
} SliceWish;

static SliceWish slice_wish(const Plan *plan, const Segment *segment) {
    SliceWish wish = {.multiple = 1, .fit = 1, .least = 1};
    size_t picture = 1, pictures = 0;
    for (int i = segment->first; i <= segment->last; i++) {
        const Step *step = &plan->steps[i];
        if (!is_in(plan, segment, i) || step->remade) continue;
        const size_t floats = step_picture_floats(plan, step);
        if (floats > picture) picture = floats;
        while (wish.multiple % step->chunk != 0)
            wish.multiple++;
        if (step->run == step_weight_gradient) wish.gradients = true;
        if (!is_conv_step(step)) continue;
        const size_t count = plan->net->params.table[net_node(plan->net, step->node)->weight].count;
        if (count > wish.weights) wish.weights = count;
        const Conv *conv = &plan->convs[step->as.conv.conv];
        const size_t least =
            plan->net->direct ? 0 : 2 * conv_table_pictures(&conv->shape, step->as.conv.pass, conv->out);
        if (least > pictures) pictures = least;
    }
    wish.fit = cache_floats() / 2 / picture;
    wish.least = (wish.gradients ? 2 * wish.weights : wish.weights / 2) / picture;
    if (wish.least < pictures) wish.least = pictures;
    return wish;
}

/* Groups of slices whose weight gradients are summed apart: at least so many, or as many as there are threads. More
 * keep workers busy to the end, who take groups from each other, but every group's sums are written and read once more:
 * as many as have no more floats than stay in a cache, or enough pixels to outweigh that. */
#define GRADIENT_GROUPS ((size_t)8)
#define GRADIENT_FLOATS ((size_t)1 << 18)
#define GRADIENT_PIXELS ((size_t)1 << 11)

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

/* The slices, or half of them, or a quarter ... */
static size_t choose_groups(const Plan *plan, const Segment *segment, const SliceWish *wish) {
    if (!wish->gradients) return segment->slices;
    const size_t least = larger((size_t)plan->threads, GRADIENT_GROUPS);
    const size_t pixels = plan->settings.batch * segment_pixels(plan, segment);
    const size_t most = larger(least, larger(GRADIENT_FLOATS / wish->weights, pixels / GRADIENT_PIXELS));
    size_t groups = segment->slices;
    while (groups > most)
        groups = (groups + 1) / 2;
    return groups;
}

static void choose_slices(Plan *plan, Segment *segment) {
    const size_t batch = plan->settings.batch, threads = (size_t)plan->threads;
    const SliceWish wish = slice_wish(plan, segment);
    size_t best = 0; /* the largest that fits, else the smallest that is large enough */
    for (size_t p = wish.multiple; p > 0 && p <= batch; p += wish.multiple) {
        const size_t slices = batch / p;
        if (batch % p != 0 || p < wish.least || slices < 2 || (slices % threads != 0 && slices < 4 * threads)) continue;
        if (best == 0 || p <= wish.fit) best = p;
    }
    if (best == 0) return;
    segment->slice_pictures = best;
    segment->slices = batch / best;
    segment->parallel = true;
    segment->groups = choose_groups(plan, segment, &wish);
}

static Segment new_segment(const Plan *plan, int step) {
    return (Segment){.first = step, .last = step, .slices = 1, .slice_pictures = plan->settings.batch, .groups = 1};
}

/* The segments of the steps that repeat nothing, or of those that repeat forward ones; segment_at[step]: the step's. */
static void plan_segments(Plan *plan, bool again, Segment *segments, int *segment_at) {
    int count = 0;
    for (int i = 0; i < plan->step_count; i++) {
        if (plan->steps[i].again != again) continue;
        if (count == 0 || !joins_segment(plan, &segments[count - 1], i)) segments[count++] = new_segment(plan, i);
        segments[count - 1].last = i;
        segment_at[i] = count - 1;
    }
    for (int i = 0; i < count; i++)
        if (!plan->steps[segments[i].first].whole) choose_slices(plan, &segments[i]);
}

/* The plan's segments: neighbouring steps of one planned segment. */
static void cut_segments(Plan *plan, const Segment *planned[2], const int *segment_at) {
    for (int i = 0; i < plan->step_count; i++) {
        const Step *step = &plan->steps[i];
        if (i == 0 || step->again != step[-1].again || segment_at[i] != segment_at[i - 1]) {
            plan->segments[plan->segment_count] = planned[step->again][segment_at[i]];
            plan->segments[plan->segment_count++].first = i;
        }
        plan->segments[plan->segment_count - 1].last = i;
        if (i < plan->forward_count) plan->forward_segments = plan->segment_count;
    }
}

static Status make_segments(Context *ctx, Plan *plan) {
    const size_t steps = (size_t)plan->step_count;
    Segment *once = NULL, *again = NULL;
    int *segment_at = NULL;
    Status status;
    TRY_GOTO(status, end, NEW_ZEROED(ctx, &plan->segments, steps));
    TRY_GOTO(status, end, NEW_ZEROED(ctx, &once, steps));
    TRY_GOTO(status, end, NEW_ZEROED(ctx, &again, steps));
    TRY_GOTO(status, end, NEW_ZEROED(ctx, &segment_at, steps));
    plan_segments(plan, false, once, segment_at);
    plan_segments(plan, true, again, segment_at);
    cut_segments(plan, (const Segment *[]){once, again}, segment_at);
end:
    FREE_ARRAY(ctx, &once);
    FREE_ARRAY(ctx, &again);
    FREE_ARRAY(ctx, &segment_at);
    return status;
}

static Segment *segment_of(const Plan *plan, int step) {
    for (int i = 0; i < plan->segment_count; i++)
        if (step <= plan->segments[i].last) return &plan->segments[i];
    return NULL;
}

/* --- primitives ----------------------------------------------------------------------------------------------------
 */

static void grow_buffer(Plan *plan, BufferId id, size_t floats) {
    if (plan->buffers[id].unit < floats) plan->buffers[id].unit = floats;
}

/* Two cores may not share a last-level cache; then what one has written reaches the other five times as slowly, and a
 * training step is faster if each keeps to memory of its own: packs all weights for itself, and holds its share of the
 * pictures in its own part of the arena. Not measured with more threads, where it takes more memory. */
#define OWN_PARTS_THREADS 2
#define OWN_COPY_FLOATS ((size_t)1 << 20)

static bool packs_own_copies(const Plan *plan, const Segment *segment, const ConvKernel *kernel) {
    return plan->settings.kind != PLAN_INFER && segment->parallel && plan->threads == OWN_PARTS_THREADS &&
           conv_kernel_packs_anywhere(kernel) && conv_kernel_weight_floats(kernel) <= OWN_COPY_FLOATS;
}

static Status open_primitive(Context *ctx, Plan *plan, const Step *step, Segment *segment) {
    const ConvStep *use = &step->as.conv;
    Conv *conv = &plan->convs[use->conv];
    ConvShape shape = conv->shape;
    shape.batch = segment->slice_pictures;
    const Layout layout = conv->in == conv->out ? conv->out : LAYOUT_ANY;
    const ConvOptions options = {.pass = use->pass,
                                 .algorithm =
                                     plan->net->direct ? CONV_DIRECT : conv_table_algorithm(&shape, use->pass, layout),
                                 .in = conv->in,
                                 .out = conv->out,
                                 .inference = plan->settings.kind == PLAN_INFER,
                                 .bias = use->pass == CONV_FORWARD && conv->folded >= 0,
                                 .sum = use->sum,
                                 .activate = use->activate,
                                 .slope = use->slope,
                                 .threads = segment->parallel ? 1 : plan->threads};
    ConvKernel **primitive = conv_step_kernel(plan->convs, step);
    TRY(conv_kernel_open(ctx, plan->shim, primitive, &shape, &options));
    if (!conv_kernel_runs_anywhere(*primitive)) segment->tied = true;
    const size_t floats = conv_kernel_weight_floats(*primitive);
    if (step->again && strcmp(conv_kernel_name(*primitive), conv_kernel_name(conv->forward)) != 0)
        return context_fail(ctx, SPICA_ERROR_INTERNAL, "a convolution that is computed again has another kernel");
    if (use->pass != CONV_BACKWARD_WEIGHTS) {
        grow_buffer(plan, use->packed, floats);
        if (packs_own_copies(plan, segment, *primitive)) plan->buffers[use->packed].extent = EXTENT_COPY;
    }
    if (use->pass == CONV_BACKWARD_WEIGHTS) {
        conv->gradient_parts = segment->groups;
        grow_buffer(plan, conv->gradient_packed,
                    floats * (segment->groups + (segment->slices > segment->groups ? (size_t)plan->threads : 0)));
    }
    /* One scratchpad per worker, or one for the library's own threads; the buffer is divided by the threads. */
    const size_t threads = (size_t)plan->threads, workers = segment->parallel ? threads : 1;
    const size_t scratch = (conv_kernel_scratch_bytes(*primitive) + MEMORY_ALIGNMENT - 1) / MEMORY_ALIGNMENT;
    grow_buffer(plan, plan->scratch, (scratch * workers + threads - 1) / threads * threads * 16);
    if (conv->folded >= 0)
        grow_buffer(plan, plan->folded_weights, plan->net->params.table[net_node(plan->net, conv->node)->weight].count);
    return SPICA_OK;
}

static Status open_primitives(Context *ctx, Plan *plan) {
    for (int i = 0; i < plan->step_count; i++)
        if (is_conv_step(&plan->steps[i])) TRY(open_primitive(ctx, plan, &plan->steps[i], segment_of(plan, i)));
    return SPICA_OK;
}

/* --- the arena -----------------------------------------------------------------------------------------------------
 */

size_t plan_share_start(const Plan *plan, const Segment *segment, int worker) {
    return segment->groups * (size_t)worker / (size_t)plan->threads;
}

size_t plan_group_start(const Segment *segment, size_t group) {
    return (group * segment->slices + segment->groups - 1) / segment->groups;
}

/* The worker whose share a slice belongs to. */
static int slice_home(const Plan *plan, const Segment *segment, size_t slice) {
    if (!segment->parallel) return 0;
    const size_t group = slice * segment->groups / segment->slices;
    int worker = 0;
    while (group >= plan_share_start(plan, segment, worker + 1))
        worker++;
    return worker;
}

Slice plan_slice(const Plan *plan, const Segment *segment, size_t index) {
    const int home = slice_home(plan, segment, index);
    return (Slice){.index = index,
                   .first = index * segment->slice_pictures,
                   .count = segment->slice_pictures,
                   .home = home,
                   .worker = home,
                   .threads = segment->parallel ? 1 : plan->threads};
}

/* Whether each worker's share of a segment is its share of the batch, pictures worker * share .. (worker + 1) * share
 * - 1. */
static bool runs_shares(const Plan *plan, const Segment *segment) {
    const size_t threads = (size_t)plan->threads, share = plan->settings.batch / threads;
    if (!segment->parallel || plan->settings.batch % threads != 0) return false;
    for (size_t i = 0; i < segment->slices; i++) {
        const Slice slice = plan_slice(plan, segment, i);
        const size_t start = (size_t)slice.home * share;
        if (slice.first < start || slice.first + slice.count > start + share) return false;
    }
    return true;
}

/* Buffers of pictures are held in shares, unless a segment uses them that runs otherwise. */
static void choose_shares(Plan *plan) {
    if (plan->threads != OWN_PARTS_THREADS) return;
    const size_t share = plan->settings.batch / (size_t)plan->threads;
    for (int i = 0; i < plan->buffer_count; i++) {
        Buffer *buffer = &plan->buffers[i];
        if (buffer->chunk != 0 && share % buffer->chunk == 0 && !buffer->pinned) buffer->extent = EXTENT_SHARE;
    }
    for (int i = 0; i < plan->segment_count; i++) {
        const Segment *segment = &plan->segments[i];
        if (runs_shares(plan, segment)) continue;
        for (int s = segment->first; s <= segment->last; s++)
            for (int u = 0; u < STEP_BUFFERS && plan->steps[s].uses[u] >= 0; u++)
                plan->buffers[plan->steps[s].uses[u]].extent = EXTENT_WHOLE;
    }
}

/* A buffer that lives inside one segment of several slices holds one slice per worker. To the others such a segment is
 * one moment, since its slices are at different steps at the same time: what all of them use (weights are packed
 * before) lives through it. */
static void set_life(Plan *plan, Buffer *buffer) {
    if (buffer->pinned || buffer->first < 0) return;
    const Segment *first = segment_of(plan, buffer->first), *last = segment_of(plan, buffer->last);
    if (first == last && first->slices > 1 && buffer->chunk != 0) {
        buffer->extent = EXTENT_SLICE;
        return;
    }
    if (first->slices > 1) buffer->first = first->first;
    if (last->slices > 1) buffer->last = last->last;
}

/* Of a buffer that the workers hold in parts: of one part. */
static size_t buffer_floats(const Plan *plan, const Buffer *buffer) {
    size_t pictures = plan->settings.batch;
    if (buffer->extent == EXTENT_SLICE) pictures = segment_of(plan, buffer->first)->slice_pictures;
    if (buffer->extent == EXTENT_SHARE) pictures /= (size_t)plan->threads;
    const size_t floats = buffer->chunk == 0 ? buffer->unit : buffer->unit * (pictures / buffer->chunk);
    return (floats + 15) / 16 * 16;
}

static bool live_together(const Buffer *a, const Buffer *b) {
    if (a->pinned || b->pinned) return true;
    return a->first <= b->last && b->first <= a->last;
}

/* The lowest place where the buffer fits beside those placed before that live at the same time: tries the start and
 * the end of each of them. */
static size_t find_place(const Plan *plan, const int *placed, int placed_count, const Buffer *buffer, size_t floats) {
    size_t best = SIZE_MAX;
    for (int candidate = -1; candidate < placed_count; candidate++) {
        size_t start = 0;
        if (candidate >= 0) {
            const Buffer *below = &plan->buffers[placed[candidate]];
            start = below->offset + buffer_floats(plan, below);
        }
        if (start >= best) continue;
        bool free = true;
        for (int i = 0; i < placed_count && free; i++) {
            const Buffer *other = &plan->buffers[placed[i]];
            free = !live_together(buffer, other) || start + floats <= other->offset ||
                   other->offset + buffer_floats(plan, other) <= start;
        }
        if (free) best = start;
    }
    return best;
}

/* Placed first is what lives longest, and of such the largest: a rule of thumb that comes close to the smallest arena,
 * since what the backward direction needs of the forward one lives in nested spans of time and is stacked. */
static bool is_placed_before(const Plan *plan, const Buffer *a, const Buffer *b) {
    if (a->pinned != b->pinned) return a->pinned;
    const int a_life = a->last - a->first, b_life = b->last - b->first;
    if (a_life != b_life) return a_life > b_life;
    return buffer_floats(plan, a) > buffer_floats(plan, b);
}

/* The next buffer to be placed, of the workers' own or of the others; -1: none. */
static int next_buffer(const Plan *plan, const bool *done, bool own) {
    int best = -1;
    for (int i = 0; i < plan->buffer_count; i++) {
        const Buffer *buffer = &plan->buffers[i];
        if (done[i] || (!buffer->pinned && buffer->first < 0) || (buffer->extent != EXTENT_WHOLE) != own) continue;
        if (best < 0 || is_placed_before(plan, buffer, &plan->buffers[best])) best = i;
    }
    return best;
}

/* Buffers that are placed in one region, from offset 0, and the floats that they take together. */
typedef struct Region {
    int *placed;
    int count;
    size_t floats;
} Region;

static void place_in(Plan *plan, Region *region, int id, size_t offset) {
    const size_t end = offset + buffer_floats(plan, &plan->buffers[id]);
    plan->buffers[id].offset = offset;
    region->placed[region->count++] = id;
    if (region->floats < end) region->floats = end;
}

/* One worker's own buffers. */
static void place_own(Plan *plan, Region *own, bool *done) {
    for (int i = next_buffer(plan, done, true); i >= 0; i = next_buffer(plan, done, true)) {
        const Buffer *buffer = &plan->buffers[i];
        place_in(plan, own, i, find_place(plan, own->placed, own->count, buffer, buffer_floats(plan, buffer)));
        done[i] = true;
    }
}

/* Whether a buffer that reaches down to `floats` from the end of a worker's part leaves alone what is in it. */
static bool fits_above(const Plan *plan, const Region *own, const Buffer *buffer, size_t floats) {
    for (int i = 0; i < own->count; i++) {
        const Buffer *mine = &plan->buffers[own->placed[i]];
        if (live_together(mine, buffer) && mine->offset + buffer_floats(plan, mine) + floats > own->floats)
            return false;
    }
    return floats <= own->floats;
}

/* The buffers of all: in the gap of the first worker's part, if it is not the last one's too, or else in `whole`. */
static void place_whole(Plan *plan, const Region *own, Region *gap, Region *whole, bool *done) {
    for (int i = next_buffer(plan, done, false); i >= 0; i = next_buffer(plan, done, false)) {
        Buffer *buffer = &plan->buffers[i];
        const size_t floats = buffer_floats(plan, buffer);
        const size_t offset = find_place(plan, gap->placed, gap->count, buffer, floats);
        buffer->in_gap = plan->threads > 1 && fits_above(plan, own, buffer, offset + floats);
        if (buffer->in_gap)
            place_in(plan, gap, i, offset);
        else
            place_in(plan, whole, i, find_place(plan, whole->placed, whole->count, buffer, floats));
        done[i] = true;
    }
}

/* Asks for large pages: an arena of hundreds of megabytes that is walked from end to end otherwise misses the address
 * cache on every page. Advice only, so a failure means nothing. */
static void advise_large_pages(float *arena, size_t floats) {
#ifdef MADV_HUGEPAGE
    const size_t page = (size_t)1 << 21, start = ((size_t)(uintptr_t)arena + page - 1) / page * page;
    const size_t end = ((size_t)(uintptr_t)arena + floats * sizeof *arena) / page * page;
    if (end > start) madvise((char *)arena + (start - (size_t)(uintptr_t)arena), end - start, MADV_HUGEPAGE);
#else
    (void)arena;
    (void)floats;
#endif
}

/* A worker's own buffers are at their offsets from the start of its part of the arena, the others at theirs downwards
 * from the end of the first worker's part or of the arena: these reach into the last worker's part where that is free
 * at the time. own: floats of a worker's part. */
static void locate_buffer(const Plan *plan, Buffer *buffer, size_t own) {
    if (buffer->extent == EXTENT_WHOLE) {
        const size_t end = buffer->in_gap ? own : plan->arena_floats;
        buffer->base = plan->arena + (end - buffer->offset - buffer_floats(plan, buffer));
        return;
    }
    buffer->base = plan->arena + buffer->offset;
    buffer->stride = own;
    if (buffer->extent == EXTENT_SHARE)
        buffer->stride -= plan->settings.batch / (size_t)plan->threads / buffer->chunk * buffer->unit;
}

/* The floats that one worker's part and the buffers of all take together: the most that two take that live at the same
 * time, one of either kind. */
static size_t joint_floats(const Plan *plan, const Region *own, const Region *whole) {
    size_t joint = larger(own->floats, whole->floats);
    for (int i = 0; i < own->count; i++) {
        const Buffer *mine = &plan->buffers[own->placed[i]];
        const size_t end = mine->offset + buffer_floats(plan, mine);
        for (int j = 0; j < whole->count; j++) {
            const Buffer *other = &plan->buffers[whole->placed[j]];
            if (live_together(mine, other)) joint = larger(joint, end + other->offset + buffer_floats(plan, other));
        }
    }
    return joint;
}

static Status place_buffers(Context *ctx, Plan *plan) {
    Region own = {0}, gap = {0}, whole = {0};
    bool *done = NULL;
    Status status;
    TRY_GOTO(status, end, NEW_ARRAY(ctx, &own.placed, (size_t)plan->buffer_count));
    TRY_GOTO(status, end, NEW_ARRAY(ctx, &gap.placed, (size_t)plan->buffer_count));
    TRY_GOTO(status, end, NEW_ARRAY(ctx, &whole.placed, (size_t)plan->buffer_count));
    TRY_GOTO(status, end, NEW_ZEROED(ctx, &done, (size_t)plan->buffer_count));
    place_own(plan, &own, done);
    place_whole(plan, &own, &gap, &whole, done);
    plan->arena_floats = own.floats * (size_t)(plan->threads - 1) + joint_floats(plan, &own, &whole);
    TRY_GOTO(status, end, NEW_ARRAY(ctx, &plan->arena, plan->arena_floats));
    advise_large_pages(plan->arena, plan->arena_floats);
    memset(plan->arena, 0, plan->arena_floats * sizeof *plan->arena);
    for (int i = 0; i < plan->buffer_count; i++)
        locate_buffer(plan, &plan->buffers[i], own.floats);
end:
    FREE_ARRAY(ctx, &own.placed);
    FREE_ARRAY(ctx, &gap.placed);
    FREE_ARRAY(ctx, &whole.placed);
    FREE_ARRAY(ctx, &done);
    return status;
}

/* --- binding -------------------------------------------------------------------------------------------------------
 */

/* To every slice's buffers, or, where the kernel runs slices anywhere, to every worker's of any slice. */
static Status bind_step(Context *ctx, Plan *plan, const Step *step, const Segment *segment) {
    ConvKernel *primitive = *conv_step_kernel(plan->convs, step);
    const bool anywhere = conv_kernel_runs_anywhere(primitive);
    const size_t count = !anywhere ? segment->slices : segment->parallel ? (size_t)plan->threads : 1;
    ConvBuffers *buffers;
    TRY(NEW_ZEROED(ctx, &buffers, count));
    for (size_t i = 0; i < count; i++) {
        Slice slice = plan_slice(plan, segment, anywhere ? 0 : i);
        if (anywhere) slice.worker = (int)i;
        buffers[i] = conv_buffers(plan, step, &slice);
    }
    const Status status = conv_kernel_bind(ctx, primitive, buffers, count);
    FREE_ARRAY(ctx, &buffers);
    return status;
}

Status plan_place(Context *ctx, Plan *plan) {
    TRY(make_segments(ctx, plan));
    TRY(NEW_ZEROED(ctx, &plan->queues, (size_t)plan->threads));
    TRY(open_primitives(ctx, plan));
    choose_shares(plan);
    for (int i = 0; i < plan->buffer_count; i++)
        set_life(plan, &plan->buffers[i]);
    TRY(place_buffers(ctx, plan));
    for (int i = 0; i < plan->step_count; i++)
        if (is_conv_step(&plan->steps[i])) TRY(bind_step(ctx, plan, &plan->steps[i], segment_of(plan, i)));
    return SPICA_OK;
}

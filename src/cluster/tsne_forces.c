#include "cluster/tsne_forces.h"

#include <math.h>
#include <omp.h>

#include "base/simd.h"

/* With w_ij = 1 / (1 + |y_i - y_j|^2), Z = sum over i != j of w_ij and q_ij = w_ij / Z (van der Maaten and Hinton 2008,
 * Eq. 4 and 5):
 *
 *   KL         = sum_ij p_ij ln(p_ij / q_ij)
 *   dKL / dy_i = 4 sum_j (p_ij - q_ij) w_ij (y_i - y_j)
 *              = 4 (sum_j p_ij w_ij (y_i - y_j) - sum_j w_ij^2 (y_i - y_j) / Z)
 *
 * The first sum is over the neighbours. The second, and Z, are by Barnes and Hut (1986, doi:10.1038/324446a0): a cell
 * of the quadtree whose side is below theta times its distance stands for its points. The distance is taken from the
 * rectangle of a whole group of points, so that one list of bodies serves all of them (Barnes 1990,
 * doi:10.1016/0021-9991(90)90232-P), LANES at a time; it is at most that of each point, so the error is at most that of
 * a list for each. A group's list is its own work, and sums over points are added in their order: threads change
 * nothing.
 *
 * Cost: O(count log count / theta^2) and O(neighbours). */

/* Two registers of AVX2: the divisions of one fill the time of the other. */
#define LANES_AT_ONCE ((size_t)8)
#define LANES (2 * LANES_AT_ONCE)
typedef float Lanes __attribute__((vector_size(32)));

/* Threads are not worth waking for fewer. */
#define POINTS_OF_A_THREAD ((size_t)256)

Status tsne_forces_open(Context *ctx, TsneForces *forces, const TsneAffinities *affinities, double theta) {
    const size_t count = affinities->count;
    const size_t worth = count / POINTS_OF_A_THREAD > 0 ? count / POINTS_OF_A_THREAD : 1;
    const int threads = (size_t)ctx->threads < worth ? ctx->threads : (int)worth;
    *forces = (TsneForces){.affinities = affinities, .theta_square = (float)(theta * theta), .threads = threads};
    TRY(tsne_tree_open(ctx, &forces->tree, count));
    TRY(NEW_ARRAY(ctx, &forces->sums, count));
    TRY(NEW_ARRAY(ctx, &forces->repulsion, 2 * count));
    TRY(NEW_ZEROED(ctx, &forces->bodies, (size_t)forces->threads));
    for (int i = 0; i < forces->threads; i++) {
        TRY(NEW_ARRAY(ctx, &forces->bodies[i].xs, count));
        TRY(NEW_ARRAY(ctx, &forces->bodies[i].ys, count));
        TRY(NEW_ARRAY(ctx, &forces->bodies[i].masses, count));
    }
    return SPICA_OK;
}

void tsne_forces_close(Context *ctx, TsneForces *forces) {
    for (int i = 0; forces->bodies != NULL && i < forces->threads; i++) {
        FREE_ARRAY(ctx, &forces->bodies[i].xs);
        FREE_ARRAY(ctx, &forces->bodies[i].ys);
        FREE_ARRAY(ctx, &forces->bodies[i].masses);
    }
    FREE_ARRAY(ctx, &forces->bodies);
    FREE_ARRAY(ctx, &forces->sums);
    FREE_ARRAY(ctx, &forces->repulsion);
    tsne_tree_close(ctx, &forces->tree);
}

/* ---- Repulsion ---- */

static void bodies_add(TsneBodies *bodies, float x, float y, float mass) {
    bodies->xs[bodies->count] = x;
    bodies->ys[bodies->count] = y;
    bodies->masses[bodies->count++] = mass;
}

/* How far a number is outside an interval. */
static inline float outside(float x, float least, float most) {
    return x < least ? least - x : x > most ? x - most : 0;
}

/* What acts on the group, itself included. */
static void bodies_list(const TsneForces *forces, const TsneGroup *group, TsneBodies *bodies) {
    const TsneTree *tree = &forces->tree;
    bodies->count = 0;
    for (size_t number = 0; number < tree->cell_count;) {
        const TsneCell *cell = &tree->cells[number];
        const float dx = outside(cell->x, group->least_x, group->most_x);
        const float dy = outside(cell->y, group->least_y, group->most_y);
        const bool far = cell->side_square < forces->theta_square * (dx * dx + dy * dy);
        number++;
        if (far) {
            bodies_add(bodies, cell->x, cell->y, cell->mass);
        } else if (cell->leaf) {
            const size_t first = (size_t)cell->first, end = first + (size_t)cell->mass;
            for (size_t i = first; i < end; i++)
                bodies_add(bodies, tree->xs[i], tree->ys[i], 1);
        }
        if (far || cell->leaf) number = (size_t)cell->next;
    }
}

/* LANES points, and what the bodies do to them. */
typedef struct Pushed {
    Lanes xs[2], ys[2];           /* where the points are */
    Lanes push_xs[2], push_ys[2]; /* sum of mass w^2 (point - body) */
    Lanes near[2];                /* sum of mass w, the point's own 1 included */
} Pushed;

SIMD_VERSIONS static void bodies_push(const TsneBodies *bodies, Pushed *pushed) {
    const float *xs = bodies->xs, *ys = bodies->ys, *masses = bodies->masses;
    Pushed sums = *pushed;
    for (size_t i = 0; i < bodies->count; i++)
        for (int half = 0; half < 2; half++) {
            const Lanes dx = sums.xs[half] - xs[i], dy = sums.ys[half] - ys[i];
            const Lanes w = 1.0F / (1.0F + dx * dx + dy * dy);
            const Lanes all = masses[i] * w;
            sums.near[half] += all;
            sums.push_xs[half] += all * w * dx;
            sums.push_ys[half] += all * w * dy;
        }
    *pushed = sums;
}

/* Repulsion and share of Z of the points at places first .. first + count - 1, at most LANES of them. */
static void places_repel(TsneForces *forces, const TsneBodies *bodies, size_t first, size_t count) {
    const TsneTree *tree = &forces->tree;
    Pushed pushed = {0};
    for (size_t lane = 0; lane < LANES; lane++) {
        const size_t place = first + (lane < count ? lane : 0); /* lanes without a point repeat one */
        pushed.xs[lane / LANES_AT_ONCE][lane % LANES_AT_ONCE] = tree->xs[place];
        pushed.ys[lane / LANES_AT_ONCE][lane % LANES_AT_ONCE] = tree->ys[place];
    }
    bodies_push(bodies, &pushed);
    for (size_t lane = 0; lane < count; lane++) {
        const size_t point = (size_t)tree->points[first + lane], half = lane / LANES_AT_ONCE;
        forces->repulsion[2 * point] = pushed.push_xs[half][lane % LANES_AT_ONCE];
        forces->repulsion[2 * point + 1] = pushed.push_ys[half][lane % LANES_AT_ONCE];
        forces->sums[point] = (double)pushed.near[half][lane % LANES_AT_ONCE] - 1;
    }
}

static double sums_add(const TsneForces *forces) {
    double total = 0;
    for (size_t i = 0; i < forces->affinities->count; i++)
        total += forces->sums[i];
    return total;
}

/* repulsion[count x 2] = sum_j w_ij^2 (y_i - y_j), and Z. */
static void map_repel(TsneForces *forces, const float *map) {
    tsne_tree_build(&forces->tree, map, forces->threads);
#pragma omp parallel for schedule(dynamic, 8) num_threads(forces->threads)
    for (size_t i = 0; i < forces->tree.group_count; i++) {
        const TsneGroup *group = &forces->tree.groups[i];
        TsneBodies *bodies = &forces->bodies[omp_get_thread_num()];
        bodies_list(forces, group, bodies);
        for (size_t done = 0; done < group->count; done += LANES)
            places_repel(forces, bodies, group->first + done,
                         group->count - done < LANES ? group->count - done : LANES);
    }
    forces->normaliser = sums_add(forces);
}

/* ---- The gradient ---- */

/* gradient_i of points first .. end-1. */
static void rows_attract(const TsneForces *forces, const float *map, float exaggeration, size_t first, size_t end,
                         float *gradient) {
    const TsneAffinities *affinities = forces->affinities;
    /* A map of points that are infinitely far from each other stays as it is. */
    const float share = forces->normaliser > 0 ? (float)(4 / forces->normaliser) : 0;
    for (size_t i = first; i < end; i++) {
        const float x = map[2 * i], y = map[2 * i + 1];
        float pull_x = 0, pull_y = 0;
        for (size_t place = affinities->begins[i]; place < affinities->begins[i + 1]; place++) {
            const float *other = map + 2 * (size_t)affinities->others[place];
            const float dx = x - other[0], dy = y - other[1];
            const float pull = affinities->values[place] / (1.0F + dx * dx + dy * dy);
            pull_x += pull * dx;
            pull_y += pull * dy;
        }
        gradient[2 * i] = 4 * exaggeration * pull_x - share * forces->repulsion[2 * i];
        gradient[2 * i + 1] = 4 * exaggeration * pull_y - share * forces->repulsion[2 * i + 1];
    }
}

/* Rows of P that a thread takes at once. */
#define ROWS_AT_ONCE ((size_t)256)

void tsne_forces_gradient(TsneForces *forces, const float *map, double exaggeration, float *gradient) {
    const size_t count = forces->affinities->count;
    map_repel(forces, map);
#pragma omp parallel for schedule(static) num_threads(forces->threads)
    for (size_t first = 0; first < count; first += ROWS_AT_ONCE)
        rows_attract(forces, map, (float)exaggeration, first,
                     count - first < ROWS_AT_ONCE ? count : first + ROWS_AT_ONCE, gradient);
}

double tsne_forces_divergence(TsneForces *forces, const float *map) {
    const TsneAffinities *affinities = forces->affinities;
#pragma omp parallel for schedule(static) num_threads(forces->threads)
    for (size_t i = 0; i < affinities->count; i++) {
        double sum = 0;
        for (size_t place = affinities->begins[i]; place < affinities->begins[i + 1]; place++) {
            const float *other = map + 2 * (size_t)affinities->others[place];
            const double dx = (double)(map[2 * i] - other[0]), dy = (double)(map[2 * i + 1] - other[1]);
            const double p = (double)affinities->values[place];
            if (p > 0) sum += p * log(p * (1 + dx * dx + dy * dy) * forces->normaliser);
        }
        forces->sums[i] = sum;
    }
    return sums_add(forces);
}

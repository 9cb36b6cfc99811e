#include "cluster/linear_classifier.h"

#include <cblas.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "cluster/blas_threads.h"

/* Rows of a block: a thread's unit of work, and the unit of the order in which sums are taken. */
#define BLOCK_ROWS ((size_t)1024)
/* At most so many partial gradients stand side by side. */
#define PARTS_MOST ((size_t)16)
/* Pairs of L-BFGS. */
#define PAIRS 10
/* Halvings of a step before the search gives up: the objective is at its rounding. */
#define HALVINGS 30

typedef struct Problem {
    Context *ctx;
    const LinearSettings *settings;
    const float *features;
    const int32_t *labels;
    size_t rows, dim, classes;
    size_t size;      /* of the parameters, classes x (dim + 1) */
    size_t parts;     /* of the rows */
    float *weights;   /* size: the parameters as the products read them */
    float *logits;    /* rows x classes, then their gradients */
    float *gradients; /* parts x size */
    double *losses;   /* parts */
} Problem;

/* ---- the objective ---- */

static size_t part_begin(const Problem *p, size_t part) {
    const size_t blocks = (p->rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
    const size_t first = part * blocks / p->parts * BLOCK_ROWS;
    return first < p->rows ? first : p->rows;
}

/* logits[rows x classes] = x W^T + b */
static void compute_logits(const Problem *p, const float *weights, size_t first, size_t end) {
    const size_t classes = p->classes, dim = p->dim;
    float *logits = p->logits + first * classes;
    for (size_t i = 0; i < end - first; i++)
        for (size_t k = 0; k < classes; k++)
            logits[i * classes + k] = weights[k * (dim + 1) + dim];
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)(end - first), (int)classes, (int)dim, 1.0f,
                p->features + first * dim, (int)dim, weights, (int)(dim + 1), 1.0f, logits, (int)classes);
}

/* Turns a row of logits into (softmax - onehot) / rows; returns its cross-entropy. */
static double differentiate_row(float *row, size_t classes, int32_t label, double scale) {
    double largest = (double)row[0], sum = 0.0;
    for (size_t k = 1; k < classes; k++)
        largest = fmax(largest, (double)row[k]);
    for (size_t k = 0; k < classes; k++)
        sum += exp((double)row[k] - largest);
    const double loss = largest + log(sum) - (double)row[label];
    for (size_t k = 0; k < classes; k++)
        row[k] = (float)(scale * (exp((double)row[k] - largest) / sum - (k == (size_t)label ? 1.0 : 0.0)));
    return loss;
}

/* The part's loss and gradient. Inside a parallel region. */
static void compute_part(const Problem *p, size_t part) {
    const size_t classes = p->classes, dim = p->dim;
    float *gradient = p->gradients + part * p->size;
    memset(gradient, 0, p->size * sizeof *gradient);
    p->losses[part] = 0.0;
    for (size_t first = part_begin(p, part), stop = part_begin(p, part + 1); first < stop; first += BLOCK_ROWS) {
        const size_t end = first + BLOCK_ROWS < stop ? first + BLOCK_ROWS : stop;
        float *d_logits = p->logits + first * classes;
        compute_logits(p, p->weights, first, end);
        for (size_t i = first; i < end; i++)
            p->losses[part] += differentiate_row(p->logits + i * classes, classes, p->labels[i], 1.0 / (double)p->rows);
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)classes, (int)dim, (int)(end - first), 1.0f, d_logits,
                    (int)classes, p->features + first * dim, (int)dim, 1.0f, gradient, (int)(dim + 1));
        for (size_t i = 0; i < end - first; i++)
            for (size_t k = 0; k < classes; k++)
                gradient[k * (dim + 1) + dim] += d_logits[i * classes + k];
    }
}

/* The objective at x[size] and its gradient. */
static double evaluate(const Problem *p, const double *x, double *gradient) {
    const int64_t parts = (int64_t)p->parts;
    for (size_t i = 0; i < p->size; i++)
        p->weights[i] = (float)x[i];
    const int threads = blas_threads_set(p->ctx->threads);
#pragma omp parallel for schedule(static) num_threads(p->ctx->threads)
    for (int64_t part = 0; part < parts; part++) {
        omp_set_num_threads(1); /* of this task only: BLAS shall not fork again */
        compute_part(p, (size_t)part);
    }
    blas_threads_restore(threads);
    double loss = 0.0, squares = 0.0;
    for (size_t part = 0; part < p->parts; part++)
        loss += p->losses[part];
    for (size_t i = 0; i < p->size; i++) {
        const bool bias = i % (p->dim + 1) == p->dim;
        double sum = bias ? 0.0 : p->settings->decay * x[i];
        for (size_t part = 0; part < p->parts; part++)
            sum += (double)p->gradients[part * p->size + i];
        gradient[i] = sum;
        if (!bias) squares += x[i] * x[i];
    }
    return loss / (double)p->rows + 0.5 * p->settings->decay * squares;
}

/* ---- L-BFGS ---- */

typedef struct Memory {
    size_t size;
    int count;               /* pairs kept, at most PAIRS */
    int next;                /* where the next one goes */
    double *steps, *changes; /* PAIRS x size: s = x' - x, y = g' - g */
    double rho[PAIRS];       /* 1 / (s . y) */
} Memory;

static double dot(const double *a, const double *b, size_t size) {
    double sum = 0.0;
    for (size_t i = 0; i < size; i++)
        sum += a[i] * b[i];
    return sum;
}

static void add_scaled(double *a, double scale, const double *b, size_t size) {
    for (size_t i = 0; i < size; i++)
        a[i] += scale * b[i];
}

/* The two loops: direction = -H gradient. */
static void find_direction(const Memory *m, const double *gradient, double *direction) {
    double alphas[PAIRS];
    for (size_t i = 0; i < m->size; i++)
        direction[i] = -gradient[i];
    for (int n = 1; n <= m->count; n++) {
        const int pair = (m->next - n + PAIRS) % PAIRS;
        alphas[pair] = m->rho[pair] * dot(m->steps + (size_t)pair * m->size, direction, m->size);
        add_scaled(direction, -alphas[pair], m->changes + (size_t)pair * m->size, m->size);
    }
    if (m->count > 0) {
        const int last = (m->next - 1 + PAIRS) % PAIRS;
        const double *y = m->changes + (size_t)last * m->size;
        const double scale = 1.0 / (m->rho[last] * dot(y, y, m->size));
        for (size_t i = 0; i < m->size; i++)
            direction[i] *= scale;
    }
    for (int n = m->count; n >= 1; n--) {
        const int pair = (m->next - n + PAIRS) % PAIRS;
        const double beta = m->rho[pair] * dot(m->changes + (size_t)pair * m->size, direction, m->size);
        add_scaled(direction, alphas[pair] - beta, m->steps + (size_t)pair * m->size, m->size);
    }
}

/* Keeps the pair unless its curvature is lost in rounding. */
static void keep_pair(Memory *m, const double *x, const double *old_x, const double *gradient,
                      const double *old_gradient) {
    double *s = m->steps + (size_t)m->next * m->size, *y = m->changes + (size_t)m->next * m->size;
    for (size_t i = 0; i < m->size; i++) {
        s[i] = x[i] - old_x[i];
        y[i] = gradient[i] - old_gradient[i];
    }
    const double curvature = dot(s, y, m->size);
    if (curvature <= 1e-10 * dot(y, y, m->size)) return;
    m->rho[m->next] = 1.0 / curvature;
    m->next = (m->next + 1) % PAIRS;
    if (m->count < PAIRS) m->count++;
}

typedef struct State {
    double *x, *gradient, *trial, *trial_gradient, *direction;
    double loss;
} State;

/* Backtracking until Armijo's condition holds; the convex objective needs no more. Moves the state, old values to the
 * trial's places. Whether a step was found. */
static bool take_step(const Problem *p, State *s, double first_step) {
    const double slope = dot(s->gradient, s->direction, p->size);
    double step = first_step;
    if (!(slope < 0.0)) return false;
    for (int n = 0; n < HALVINGS; n++) {
        memcpy(s->trial, s->x, p->size * sizeof *s->x);
        add_scaled(s->trial, step, s->direction, p->size);
        const double loss = evaluate(p, s->trial, s->trial_gradient);
        if (!(loss <= s->loss + 1e-4 * step * slope)) {
            step *= 0.5;
            continue;
        }
        double *swap = s->x;
        s->x = s->trial;
        s->trial = swap;
        swap = s->gradient;
        s->gradient = s->trial_gradient;
        s->trial_gradient = swap;
        s->loss = loss;
        return true;
    }
    return false;
}

static double largest(const double *values, size_t count) {
    double most = 0.0;
    for (size_t i = 0; i < count; i++)
        most = fmax(most, fabs(values[i]));
    return most;
}

static Status minimise(const Problem *p, State *s, Memory *m, LinearFit *fit) {
    const int iterations = p->settings->iterations > 0 ? p->settings->iterations : 200;
    const double tolerance = p->settings->tolerance > 0.0 ? p->settings->tolerance : 1e-5;
    s->loss = evaluate(p, s->x, s->gradient);
    int done = 0;
    for (; done < iterations && largest(s->gradient, p->size) > tolerance; done++) {
        TRY(context_check_cancel(p->ctx));
        find_direction(m, s->gradient, s->direction);
        const double first = m->count > 0 ? 1.0 : 1.0 / fmax(sqrt(dot(s->gradient, s->gradient, p->size)), 1e-12);
        if (!take_step(p, s, first)) break;
        keep_pair(m, s->x, s->trial, s->gradient, s->trial_gradient);
    }
    if (!isfinite(s->loss))
        return context_fail(p->ctx, SPICA_ERROR_NUMERIC, "linear classifier: a feature is not finite");
    *fit = (LinearFit){.loss = s->loss, .iterations = done};
    return SPICA_OK;
}

/* ---- opening and closing ---- */

static Status check(Context *ctx, const LinearSettings *settings, const int32_t *labels, size_t rows, size_t dim) {
    if (settings->classes < 1 || rows < 1 || dim < 1 || settings->decay < 0.0)
        return context_fail(ctx, SPICA_ERROR_OPTION, "linear classifier: %zu rows of %zu features in %zu classes", rows,
                            dim, settings->classes);
    for (size_t i = 0; i < rows; i++)
        if (labels[i] < 0 || (size_t)labels[i] >= settings->classes)
            return context_fail(ctx, SPICA_ERROR_OPTION, "linear classifier: label %d of row %zu, but %zu classes",
                                (int)labels[i], i, settings->classes);
    return SPICA_OK;
}

static Status open_problem(Context *ctx, Problem *p, State *s, Memory *m) {
    const size_t blocks = (p->rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
    p->size = p->classes * (p->dim + 1);
    p->parts = blocks < PARTS_MOST ? blocks : PARTS_MOST;
    m->size = p->size;
    TRY(NEW_ARRAY(ctx, &p->logits, p->rows * p->classes));
    TRY(NEW_ARRAY(ctx, &p->gradients, p->parts * p->size));
    TRY(NEW_ARRAY(ctx, &p->losses, p->parts));
    TRY(NEW_ZEROED(ctx, &s->x, p->size));
    TRY(NEW_ARRAY(ctx, &s->gradient, p->size));
    TRY(NEW_ARRAY(ctx, &s->trial, p->size));
    TRY(NEW_ARRAY(ctx, &s->trial_gradient, p->size));
    TRY(NEW_ARRAY(ctx, &s->direction, p->size));
    TRY(NEW_ARRAY(ctx, &m->steps, PAIRS * p->size));
    return NEW_ARRAY(ctx, &m->changes, PAIRS * p->size);
}

static void close_problem(Context *ctx, Problem *p, State *s, Memory *m) {
    FREE_ARRAY(ctx, &p->logits);
    FREE_ARRAY(ctx, &p->gradients);
    FREE_ARRAY(ctx, &p->losses);
    FREE_ARRAY(ctx, &s->x);
    FREE_ARRAY(ctx, &s->gradient);
    FREE_ARRAY(ctx, &s->trial);
    FREE_ARRAY(ctx, &s->trial_gradient);
    FREE_ARRAY(ctx, &s->direction);
    FREE_ARRAY(ctx, &m->steps);
    FREE_ARRAY(ctx, &m->changes);
}

Status linear_fit(Context *ctx, const LinearSettings *settings, const float *features, const int32_t *labels,
                  size_t rows, size_t dim, float *weights, LinearFit *fit) {
    LinearFit ignored;
    State s = {0};
    Memory m = {0};
    Problem p = {.ctx = ctx,
                 .settings = settings,
                 .features = features,
                 .labels = labels,
                 .rows = rows,
                 .dim = dim,
                 .classes = settings->classes,
                 .weights = weights};
    TRY(check(ctx, settings, labels, rows, dim));
    Status status = open_problem(ctx, &p, &s, &m);
    if (status == SPICA_OK) status = minimise(&p, &s, &m, fit != NULL ? fit : &ignored);
    for (size_t i = 0; status == SPICA_OK && i < p.size; i++)
        weights[i] = (float)s.x[i];
    close_problem(ctx, &p, &s, &m);
    return status;
}

Status linear_predict(Context *ctx, const float *weights, const float *features, size_t rows, size_t dim,
                      size_t classes, int32_t *predicted) {
    Problem p = {.ctx = ctx, .features = features, .rows = rows, .dim = dim, .classes = classes};
    Status status = NEW_ARRAY(ctx, &p.logits, rows * classes);
    const int threads = blas_threads_set(1);
    for (size_t first = 0; status == SPICA_OK && first < rows; first += BLOCK_ROWS)
        compute_logits(&p, weights, first, first + BLOCK_ROWS < rows ? first + BLOCK_ROWS : rows);
    blas_threads_restore(threads);
    for (size_t i = 0; status == SPICA_OK && i < rows; i++) {
        const float *row = p.logits + i * classes;
        predicted[i] = 0;
        for (size_t k = 1; k < classes; k++)
            if (row[k] > row[predicted[i]]) predicted[i] = (int32_t)k;
    }
    FREE_ARRAY(ctx, &p.logits);
    return status;
}

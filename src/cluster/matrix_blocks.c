#include "cluster/matrix_blocks.h"

#include <math.h>

#include <cblas.h>

#include "base/simd.h"

/* Doubles of a block: 16 MiB, worth waking the threads for. */
#define BLOCK_DOUBLES ((size_t)1 << 21)
#define MIN_BLOCK_ROWS ((size_t)64)
#define MAX_BLOCK_ROWS ((size_t)1024)
/* Rows of a product that one thread makes at once. */
#define TILE_ROWS ((size_t)64)

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

Status matrix_blocks_open(Context *ctx, MatrixBlocks *blocks, const float *values, size_t count, size_t dim,
                          const double *shift) {
    *blocks = (MatrixBlocks){.values = values, .count = count, .dim = dim, .shift = shift, .threads = ctx->threads};
    blocks->block_rows = smaller(BLOCK_DOUBLES / dim, MAX_BLOCK_ROWS);
    if (blocks->block_rows < MIN_BLOCK_ROWS) blocks->block_rows = MIN_BLOCK_ROWS;
    return memory_allocate(ctx, (void **)&blocks->rows, smaller(blocks->block_rows, count), dim * sizeof(double));
}

void matrix_blocks_close(Context *ctx, MatrixBlocks *blocks) { FREE_ARRAY(ctx, &blocks->rows); }

SIMD_VERSIONS static void row_load(double *out, const float *values, const double *shift, size_t dim) {
    for (size_t d = 0; d < dim; d++)
        out[d] = (double)values[d];
    if (shift == NULL) return;
    for (size_t d = 0; d < dim; d++)
        out[d] -= shift[d];
}

size_t matrix_blocks_load(const MatrixBlocks *blocks, size_t first) {
    if (first >= blocks->count) return 0;
    const size_t rows = smaller(blocks->block_rows, blocks->count - first), dim = blocks->dim;
#pragma omp parallel for schedule(static) num_threads(blocks->threads)
    for (size_t row = 0; row < rows; row++)
        row_load(blocks->rows + row * dim, blocks->values + (first + row) * dim, blocks->shift, dim);
    return rows;
}

/* Adds the rows first .. end-1 of the columns begin .. begin+width-1, one row after the other. */
SIMD_VERSIONS static void columns_add(double *sums, const float *values, size_t count, size_t dim, size_t width) {
    for (size_t row = 0; row < count; row++)
        for (size_t d = 0; d < width; d++)
            sums[d] += (double)values[row * dim + d];
}

Status matrix_mean(Context *ctx, const char *who, double *mean, const float *values, size_t count, size_t dim) {
#pragma omp parallel for schedule(static) num_threads(ctx->threads)
    for (size_t begin = 0; begin < dim; begin += TILE_ROWS) {
        const size_t width = smaller(TILE_ROWS, dim - begin);
        for (size_t d = 0; d < width; d++)
            mean[begin + d] = 0;
        columns_add(mean + begin, values + begin, count, dim, width);
    }
    for (size_t d = 0; d < dim; d++) {
        if (!isfinite(mean[d]))
            return context_fail(ctx, SPICA_ERROR_NUMERIC, "%s: column %zu holds a value that is not finite", who, d);
        mean[d] /= (double)count;
    }
    return SPICA_OK;
}

void matrix_product(int threads, ProductKind kind, double *out, const double *a, const double *b, size_t rows,
                    size_t columns, size_t inner, double keep) {
    const bool left = kind == PRODUCT_LEFT_TRANSPOSED, right = kind == PRODUCT_RIGHT_TRANSPOSED;
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t first = 0; first < rows; first += TILE_ROWS) {
        const double *tile = left ? a + first : a + first * inner;
        cblas_dgemm(CblasRowMajor, left ? CblasTrans : CblasNoTrans, right ? CblasTrans : CblasNoTrans,
                    (int)smaller(TILE_ROWS, rows - first), (int)columns, (int)inner, 1.0, tile,
                    (int)(left ? rows : inner), b, (int)(right ? inner : columns), keep, out + first * columns,
                    (int)columns);
    }
}

void matrix_add_squares(int threads, double *out, const double *a, size_t rows, size_t columns) {
    /* Later tiles are longer, so that the tiles are dealt one by one. */
#pragma omp parallel for schedule(static, 1) num_threads(threads)
    for (size_t first = 0; first < columns; first += TILE_ROWS) {
        const size_t height = smaller(TILE_ROWS, columns - first);
        cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)height, (int)(first + height), (int)rows, 1.0,
                    a + first, (int)columns, a, (int)columns, 1.0, out + first * columns, (int)columns);
    }
}

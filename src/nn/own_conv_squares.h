/* 3x3 windows over maps of 2x2 for blocks of LANES channels: the transforms between pictures and their 9 planes.
 * Included by own_conv_lanes.h, once for each number of lanes.
 *
 * Along a side every output reads every input, y0 = g1 x0 + g2 x1 and y1 = g0 x0 + g1 x1, which are three products:
 *
 *     m = ((g0 - g1) x0, g1 (x0 + x1), (g2 - g1) x1)      y0 = m1 + m2      y1 = m0 + m1
 */

/* planes[9] of one block of a picture, map[2][2]; `turned`: of the output's gradient, whose sides are read from the
 * other end, (dy1, dy0 + dy1, dy0). */
INLINE void NAME(read_square)(const float *map, const bool turned, float *planes, size_t stride) {
    const size_t last = turned ? 3 : 0;
    Lanes rows[3][2];
    for (size_t x = 0; x < 2; x++) {
        rows[0][x] = LOAD(map + (last ^ x) * LANES);
        rows[2][x] = LOAD(map + (last ^ (2 + x)) * LANES);
        rows[1][x] = rows[0][x] + rows[2][x];
    }
    for (size_t i = 0; i < 3; i++, planes += 3 * stride) {
        STORE(planes, rows[i][0]);
        STORE(planes + stride, rows[i][0] + rows[i][1]);
        STORE(planes + 2 * stride, rows[i][1]);
    }
}

/* One block of a picture, map[2][2], out of its planes. */
INLINE void NAME(write_square)(const float *planes, size_t stride, float *map, const NAME(Behind) * behind) {
    Lanes rows[3][2];
    for (size_t i = 0; i < 3; i++, planes += 3 * stride) {
        const Lanes middle = LOAD(planes + stride);
        rows[i][0] = middle + LOAD(planes + 2 * stride);
        rows[i][1] = middle + LOAD(planes);
    }
    for (size_t x = 0; x < 2; x++) {
        const Lanes first = rows[1][x] + rows[2][x], second = rows[1][x] + rows[0][x];
        NAME(write_pixel)(map + x * LANES, &first, behind);
        NAME(write_pixel)(map + (2 + x) * LANES, &second, behind);
    }
}

/* --- weights ------------------------------------------------------------------------------------------------------ */

INLINE void NAME(square_filter_column)(const Lanes w[3], Lanes u[3]) {
    u[0] = w[0] - w[1];
    u[1] = w[1];
    u[2] = w[2] - w[1];
}

/* packed[9] at `stride` */
INLINE void NAME(pack_square)(const Lanes w[9], float *packed, size_t stride) {
    Lanes rows[3][3];
    for (size_t i = 0; i < 3; i++)
        NAME(square_filter_column)(w + i * 3, rows[i]);
    for (size_t j = 0; j < 3; j++) {
        const Lanes column[3] = {rows[0][j], rows[1][j], rows[2][j]};
        Lanes u[3];
        NAME(square_filter_column)(column, u);
        for (size_t i = 0; i < 3; i++)
            STORE(packed + (i * 3 + j) * stride, u[i]);
    }
}

/* The gradients of one pair of blocks += the sums[9][LANES][LANES] taken back; target: as in add_filters. */
INLINE void NAME(add_squares)(const float *sums, float *target, size_t stride) {
    const size_t pair = (size_t)LANES * LANES;
    for (size_t k = 0; k < LANES; k++, sums += LANES, target += LANES) {
        Lanes rows[3][3];
        for (size_t i = 0; i < 3; i++) {
            const float *s = sums + i * 3 * pair;
            rows[i][0] = LOAD(s);
            rows[i][2] = LOAD(s + 2 * pair);
            rows[i][1] = LOAD(s + pair) - rows[i][0] - rows[i][2];
        }
        for (size_t j = 0; j < 3; j++) {
            ADD(target + j * stride, rows[0][j]);
            ADD(target + (3 + j) * stride, rows[1][j] - rows[0][j] - rows[2][j]);
            ADD(target + (6 + j) * stride, rows[2][j]);
        }
    }
}

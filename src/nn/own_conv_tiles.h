/* Winograd's F(4x4, 3x3) for blocks of LANES channels: the transforms between strips of tiles and their 36 planes.
 * Included by own_conv_lanes.h, once for each number of lanes. */

/* --- transforms of one column of a tile ----------------------------------------------------------------------------
 *
 * Points 0, +-P, +-Q, infinity, with P = sqrt(1/2), Q = sqrt(2): P^2 = 1/2, Q^2 = 2, P Q = 1. */

#define P 0.70710678118654752F
#define Q 1.41421356237309505F

/* v[6] = B' d[6]: d times x (x^2 - P^2) (x^2 - Q^2) without the factor of each point. */
INLINE void NAME(input_column)(const Lanes d[6], Lanes v[6]) {
    const Lanes p_even = d[4] - 2.0F * d[2], p_odd = P * (d[3] - 2.0F * d[1]);
    const Lanes q_even = d[4] - 0.5F * d[2], q_odd = Q * (d[3] - 0.5F * d[1]);
    v[0] = d[0] - 2.5F * d[2] + d[4];
    v[1] = p_even + p_odd;
    v[2] = p_even - p_odd;
    v[3] = q_even + q_odd;
    v[4] = q_even - q_odd;
    v[5] = d[1] - 2.5F * d[3] + d[5];
}

/* y[4] = A' m[6]: the sums over the points of their powers 0 to 3. */
INLINE void NAME(output_column)(const Lanes m[6], Lanes y[4]) {
    const Lanes p_even = m[1] + m[2], p_odd = P * (m[1] - m[2]);
    const Lanes q_even = m[3] + m[4], q_odd = Q * (m[3] - m[4]);
    y[0] = m[0] + p_even + q_even;
    y[1] = p_odd + q_odd;
    y[2] = 0.5F * p_even + 2.0F * q_even;
    y[3] = 0.5F * p_odd + 2.0F * q_odd + m[5];
}

/* e[6] = A g[4]: the polynomial of coefficients g at the points. */
INLINE void NAME(gradient_column)(const Lanes g[4], Lanes e[6]) {
    const Lanes p_even = g[0] + 0.5F * g[2], p_odd = P * (g[1] + 0.5F * g[3]);
    const Lanes q_even = g[0] + 2.0F * g[2], q_odd = Q * (g[1] + 2.0F * g[3]);
    e[0] = g[0];
    e[1] = p_even + p_odd;
    e[2] = p_even - p_odd;
    e[3] = q_even + q_odd;
    e[4] = q_even - q_odd;
    e[5] = g[3];
}

/* u[6] = G w[3]: the polynomial of coefficients w at the points, over the points' factors: 1, -3/2, 6, 1. */
INLINE void NAME(filter_column)(const Lanes w[3], Lanes u[6]) {
    const Lanes p_even = (-2.0F / 3.0F) * w[0] + (-1.0F / 3.0F) * w[2], p_odd = (-2.0F / 3.0F * P) * w[1];
    const Lanes q_even = (1.0F / 6.0F) * w[0] + (1.0F / 3.0F) * w[2], q_odd = (1.0F / 6.0F * Q) * w[1];
    u[0] = w[0];
    u[1] = p_even + p_odd;
    u[2] = p_even - p_odd;
    u[3] = q_even + q_odd;
    u[4] = q_even - q_odd;
    u[5] = w[2];
}

/* z[3] = G' s[6] */
INLINE void NAME(sum_column)(const Lanes s[6], Lanes z[3]) {
    const Lanes p_even = s[1] + s[2], q_even = s[3] + s[4];
    z[0] = s[0] - (2.0F / 3.0F) * p_even + (1.0F / 6.0F) * q_even;
    z[1] = (-2.0F / 3.0F * P) * (s[1] - s[2]) + (1.0F / 6.0F * Q) * (s[3] - s[4]);
    z[2] = (1.0F / 3.0F) * (q_even - p_even) + s[5];
}

/* --- from pictures to planes --------------------------------------------------------------------------------------
 *
 * A strip is a row of a picture's tiles. Its columns are transformed first, for all its tiles at once, into a buffer of
 * 6 rows, and from there row by row into the planes. */

INLINE const float *NAME(map_row)(const OwnConv *conv, const float *map, size_t row, const float *zeros) {
    return row < conv->source_height ? map + row * conv->source_width * LANES : zeros;
}

/* planes[36][tile] = B' d B of one block of one strip. */
INLINE void NAME(input_strip)(const OwnConv *conv, const float *map, size_t row, float *strip, float *planes,
                              size_t stride) {
    const size_t wide = strip_width(conv);
    const float *rows[6], *zeros = strip + 6 * wide * LANES;
    for (size_t i = 0; i < 6; i++) /* row - 1 is none where row is 0: SIZE_MAX is no row either */
        rows[i] = NAME(map_row)(conv, map, row + i - 1, zeros);
    for (size_t x = 0; x < conv->source_width; x++) {
        const Lanes d[6] = {LOAD(rows[0] + x * LANES), LOAD(rows[1] + x * LANES), LOAD(rows[2] + x * LANES),
                            LOAD(rows[3] + x * LANES), LOAD(rows[4] + x * LANES), LOAD(rows[5] + x * LANES)};
        Lanes v[6];
        NAME(input_column)(d, v);
        for (size_t i = 0; i < 6; i++)
            STORE(strip + (i * wide + x + 1) * LANES, v[i]);
    }
    for (size_t tile = 0; tile < conv->columns; tile++)
        for (size_t i = 0; i < 6; i++) {
            const float *row_of = strip + (i * wide + tile * TILE) * LANES;
            float *out = planes + i * 6 * stride + tile * LANES;
            const Lanes d[6] = {LOAD(row_of),
                                LOAD(row_of + LANES),
                                LOAD(row_of + (size_t)2 * LANES),
                                LOAD(row_of + (size_t)3 * LANES),
                                LOAD(row_of + (size_t)4 * LANES),
                                LOAD(row_of + (size_t)5 * LANES)};
            Lanes v[6];
            NAME(input_column)(d, v);
            for (size_t j = 0; j < 6; j++)
                STORE(out + j * stride, v[j]);
        }
}

/* planes[36][tile] = A dy A' of one block of one strip. */
INLINE void NAME(gradient_strip)(const OwnConv *conv, const float *map, size_t row, float *strip, float *planes,
                                 size_t stride) {
    const size_t wide = strip_width(conv);
    const float *rows[4], *zeros = strip + 6 * wide * LANES;
    for (size_t i = 0; i < TILE; i++)
        rows[i] = NAME(map_row)(conv, map, row + i, zeros);
    for (size_t x = 0; x < conv->source_width; x++) {
        const Lanes g[4] = {LOAD(rows[0] + x * LANES), LOAD(rows[1] + x * LANES), LOAD(rows[2] + x * LANES),
                            LOAD(rows[3] + x * LANES)};
        Lanes e[6];
        NAME(gradient_column)(g, e);
        for (size_t i = 0; i < 6; i++)
            STORE(strip + (i * wide + x + 1) * LANES, e[i]);
    }
    for (size_t tile = 0; tile < conv->columns; tile++)
        for (size_t i = 0; i < 6; i++) {
            const float *row_of = strip + (i * wide + tile * TILE + 1) * LANES;
            float *out = planes + i * 6 * stride + tile * LANES;
            const Lanes g[4] = {LOAD(row_of), LOAD(row_of + LANES), LOAD(row_of + (size_t)2 * LANES),
                                LOAD(row_of + (size_t)3 * LANES)};
            Lanes e[6];
            NAME(gradient_column)(g, e);
            for (size_t j = 0; j < 6; j++)
                STORE(out + j * stride, e[j]);
        }
}

/* What stands beside the map stays zero: the strip's first column and those behind the map, and a row of zeros. */
INLINE void NAME(clear_strip)(const OwnConv *conv, float *strip) {
    const size_t wide = strip_width(conv);
    for (size_t i = 0; i < 6; i++)
        for (size_t x = 0; x < wide; x++)
            if (x == 0 || x > conv->source_width) STORE(strip + (i * wide + x) * LANES, SPLAT(0.0F));
    for (size_t x = 0; x < conv->source_width; x++)
        STORE(strip + (6 * wide + x) * LANES, SPLAT(0.0F));
}

/* --- from planes to pictures --------------------------------------------------------------------------------------
 */

/* The map's part of y = A' m A of one block of one strip. */
INLINE void NAME(output_strip)(const OwnConv *conv, const float *planes, size_t stride, size_t row, float *strip,
                               float *map, const NAME(Behind) * behind) {
    const size_t wide = strip_width(conv), left = conv->target_height - row, rows = left < TILE ? left : TILE;
    for (size_t tile = 0; tile < conv->columns; tile++)
        for (size_t i = 0; i < 6; i++) {
            const float *in = planes + i * 6 * stride + tile * LANES;
            float *out = strip + (i * wide + tile * TILE) * LANES;
            const Lanes m[6] = {LOAD(in),
                                LOAD(in + stride),
                                LOAD(in + 2 * stride),
                                LOAD(in + 3 * stride),
                                LOAD(in + 4 * stride),
                                LOAD(in + 5 * stride)};
            Lanes y[4];
            NAME(output_column)(m, y);
            for (size_t j = 0; j < TILE; j++)
                STORE(out + j * LANES, y[j]);
        }
    for (size_t x = 0; x < conv->target_width; x++) {
        const float *in = strip + x * LANES;
        const size_t down = wide * LANES;
        const Lanes m[6] = {
            LOAD(in),           LOAD(in + down), LOAD(in + 2 * down), LOAD(in + 3 * down), LOAD(in + 4 * down),
            LOAD(in + 5 * down)};
        Lanes y[4];
        NAME(output_column)(m, y);
        for (size_t i = 0; i < rows; i++)
            NAME(write_pixel)(map + ((row + i) * conv->target_width + x) * LANES, &y[i], behind);
    }
}

/* --- weights ------------------------------------------------------------------------------------------------------
 */

/* packed[36] at `stride` = G w G' */
INLINE void NAME(pack_tile)(const Lanes w[9], float *packed, size_t stride) {
    Lanes rows[3][6];
    for (size_t i = 0; i < 3; i++)
        NAME(filter_column)(w + i * 3, rows[i]);
    for (size_t j = 0; j < 6; j++) {
        const Lanes column[3] = {rows[0][j], rows[1][j], rows[2][j]};
        Lanes u[6];
        NAME(filter_column)(column, u);
        for (size_t i = 0; i < 6; i++)
            STORE(packed + (i * 6 + j) * stride, u[i]);
    }
}

/* The gradients of one pair of blocks += G' s G; target: those of tap 0, `stride` floats from tap to tap. */
INLINE void NAME(add_filters)(const float *sums, float *target, size_t stride) {
    for (size_t k = 0; k < LANES; k++) {
        Lanes rows[6][3];
        for (size_t i = 0; i < 6; i++) {
            Lanes s[6];
            for (size_t j = 0; j < 6; j++)
                s[j] = LOAD(sums + ((i * 6 + j) * LANES + k) * LANES);
            NAME(sum_column)(s, rows[i]);
        }
        for (size_t j = 0; j < 3; j++) {
            const Lanes s[6] = {rows[0][j], rows[1][j], rows[2][j], rows[3][j], rows[4][j], rows[5][j]};
            Lanes z[3];
            NAME(sum_column)(s, z);
            for (size_t i = 0; i < 3; i++)
                ADD(target + (i * 3 + j) * stride + k * LANES, z[i]);
        }
    }
}

#undef P
#undef Q

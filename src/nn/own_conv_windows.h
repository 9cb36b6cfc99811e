/* First layers, whose input has a few channels and lies in no blocks: from pictures to planes whose channels are the
 * numbers of a window, tap by tap, all channels of a tap side by side. Included by own_conv_lanes.h, once for each
 * number of lanes. */

/* out[row_width]: one row of a picture, channels of a pixel side by side, with what stands beside it. */
INLINE void NAME(window_row)(const OwnConv *conv, const float *picture, size_t row, float *out) {
    const OwnWindow *window = &conv->window;
    const size_t width = smaller(conv->source_width, window->row_width / window->channels - window->padding);
    memset(out, 0, window->row_width * sizeof *out);
    if (row >= conv->source_height) return;
    out += window->padding * window->channels;
    if (!window->planar || window->channels == 1) {
        memcpy(out, picture + row * conv->source_width * window->channels, width * window->channels * sizeof *out);
        return;
    }
    for (size_t channel = 0; channel < window->channels; channel++)
        for (size_t x = 0; x < width; x++)
            out[x * window->channels + channel] =
                picture[(channel * conv->source_height + row) * conv->source_width + x];
}

/* windows[columns][k_maps][LANES] out of the window's rows, zeros behind its numbers. Copies whole registers: what is
 * too much of one row, the next one overwrites. */
INLINE void NAME(window_columns)(const OwnConv *conv, const float *rows, float *windows) {
    const OwnWindow *window = &conv->window;
    const size_t numbers = window->side * window->channels, padded = conv->k_maps * LANES;
    const size_t step = conv->source_step * window->channels;
    for (size_t x = 0; x < conv->columns; x++, windows += padded) {
        for (size_t i = 0; i < window->side; i++)
            for (size_t j = 0; j < numbers; j += LANES) {
                Lanes part;
                memcpy(&part, rows + i * window->row_width + x * step + j, sizeof part);
                memcpy(windows + i * numbers + j, &part, sizeof part);
            }
        for (size_t k = conv->k; k < padded; k++)
            windows[k] = 0.0F;
    }
}

/* planes[k_maps][columns] of one strip, a row of outputs. */
INLINE void NAME(window_strip)(const OwnConv *conv, const float *picture, size_t strip, float *buffer, float *planes) {
    const OwnWindow *window = &conv->window;
    const size_t plane = conv->group * LANES, padded = conv->k_maps * LANES;
    float *windows = buffer, *rows = buffer + window_floats(conv);
    for (size_t i = 0; i < window->side; i++) /* before the first row: past the last */
        NAME(window_row)(conv, picture, strip * conv->source_step + i - window->padding, rows + i * window->row_width);
    NAME(window_columns)(conv, rows, windows);
    for (size_t block = 0; block < conv->k_maps; block++)
        for (size_t x = 0; x < conv->columns; x++)
            STORE(planes + block * plane + x * LANES, LOAD(windows + x * padded + block * LANES));
}

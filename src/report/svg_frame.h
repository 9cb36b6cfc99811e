/* The frame of a plot: its title, legend, axes and the scale between values and places. Used by svg_plot.c alone. */
#ifndef SPICA_REPORT_SVG_FRAME_H
#define SPICA_REPORT_SVG_FRAME_H

#include "report/svg_plot.h"

/* Lengths in tenths of a pixel. */
typedef struct SvgFrame {
    int outer_width, outer_height;
    int left, top, width, height; /* of the part that values are drawn in */
    int right, bottom;            /* margins there */
    int legend_x, legend_y;       /* where the next entry of the legend goes */
    bool slanted;                 /* names under the axis */
    double x_low, x_high, y_low, y_high;
} SvgFrame;

/* Opens the element and writes its label for readers who do not see it, which may go on until svg_end_label. */
void svg_begin(TextBuffer *svg, SvgFrame *frame, const Plot *plot);
/* Ends the label and writes the title. */
void svg_end_label(TextBuffer *svg, const Plot *plot);
void svg_add_legend(TextBuffer *svg, SvgFrame *frame, const char *name, size_t colour, bool faint);
/* Room at the left and below for these names (either may be NULL): before svg_settle. */
void svg_reserve_names(SvgFrame *frame, const char *const *rows, size_t row_count, const char *const *columns,
                       size_t column_count);
/* After the legend: the frame's place is known. */
void svg_settle(SvgFrame *frame);

/* Both axes with ticks at round numbers, or the vertical one alone. */
void svg_add_axes(TextBuffer *svg, const SvgFrame *frame, const Plot *plot);
void svg_add_value_axis(TextBuffer *svg, const SvgFrame *frame, const Plot *plot);
void svg_add_axis_titles(TextBuffer *svg, const SvgFrame *frame, const Plot *plot);
/* Names under equal parts of the horizontal axis, or beside those of the vertical one from the top. */
void svg_add_names(TextBuffer *svg, const SvgFrame *frame, const char *const *names, size_t count);
void svg_add_row_names(TextBuffer *svg, const SvgFrame *frame, const char *const *names, size_t count);
/* A border without ticks. */
void svg_add_border(TextBuffer *svg, const SvgFrame *frame);
void svg_end(TextBuffer *svg);

/* Places of values. */
int svg_x(const SvgFrame *frame, double x);
int svg_y(const SvgFrame *frame, double y);

#endif

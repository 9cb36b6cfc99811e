/* Plots as SVG: axes with ticks, titles with units, legends. A plot is one <svg> element, which may stand in a page
 * (whose style sheet has plot.css) and, by svg_file, in a file of its own. Colours follow the reader's light or dark
 * scheme.
 *
 * Coordinates inside the SVG are whole tenths of a pixel, so that no number depends on the locale. */
#ifndef SPICA_REPORT_SVG_PLOT_H
#define SPICA_REPORT_SVG_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text_buffer.h"

/* What all plots have. Texts may hold anything: they are escaped. */
typedef struct Plot {
    const char *title;
    const char *x_title, *y_title; /* with their units; NULL: none */
    double x_low, x_high;          /* of the axis; equal: as the values ask */
    double y_low, y_high;
    int width, height; /* in pixels; 0: the usual size */
} Plot;

/* A colour for the number of a cluster, class or series: ten that can be told apart, then a wheel of hues. */
#define PLOT_COLOUR_TEXT 32
void plot_colour(char text[PLOT_COLOUR_TEXT], size_t number);

/* One curve: y[count] over x[count], in ascending order of x. Values that are not finite interrupt it. */
typedef struct PlotLine {
    const char *name; /* in the legend; NULL: not there */
    const double *x, *y;
    size_t count;
    size_t colour; /* a number for plot_colour */
    bool faint;    /* drawn thin and grey, as one of many */
} PlotLine;

void plot_lines(TextBuffer *svg, const Plot *plot, const PlotLine *lines, size_t count);

/* Bars in groups: values[groups x bars], one group for each name under the axis, one bar in it for each of the legend's
 * names. A value that is not finite has no bar. */
typedef struct PlotBars {
    const char *const *groups; /* names */
    size_t group_count;
    const char *const *bars; /* names, NULL: one bar and no legend */
    size_t bar_count;
    const double *values;
    bool many_colours; /* each group in its own colour, where there is one bar */
} PlotBars;

void plot_bars(TextBuffer *svg, const Plot *plot, const PlotBars *bars);

/* counts[bins] over equal parts of plot->x_low .. x_high, in the colour of this number. */
void plot_histogram(TextBuffer *svg, const Plot *plot, const double *counts, size_t bins, size_t colour);

/* counts[rows x columns], each row shaded by its share of the row's sum, small tables with the counts written. */
typedef struct PlotMatrix {
    const char *const *rows, *const *columns; /* names */
    size_t row_count, column_count;
    const double *values;
} PlotMatrix;

void plot_matrix(TextBuffer *svg, const Plot *plot, const PlotMatrix *matrix);

/* Places xy[count x 2] in one colour. */
typedef struct PlotPoints {
    const char *name; /* in the legend; NULL: not there */
    const float *xy;
    size_t count;
    size_t colour;
} PlotPoints;

/* Points in the plane, without ticks: a map's axes have no meaning. Both axes have the same scale. */
void plot_points(TextBuffer *svg, const Plot *plot, const PlotPoints *groups, size_t count);

/* A whole SVG file of one plot's element: with a declaration and the style sheet. */
void svg_file(TextBuffer *file, const char *svg);

#endif

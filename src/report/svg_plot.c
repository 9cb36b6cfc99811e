#include "report/svg_plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "report/html_text.h"
#include "report/report_texts.h"
#include "report/svg_frame.h"

/* ---- colours ---- */

void plot_colour(char text[PLOT_COLOUR_TEXT], size_t number) {
    /* Told apart also by most who see colours otherwise, and on white as on black. */
    static const char *const first[] = {"#4477cc", "#ee7733", "#2a9d60", "#cc3366", "#9966cc",
                                        "#b8860b", "#22aabb", "#dd77aa", "#88993a", "#808890"};
    const size_t few = sizeof first / sizeof first[0];
    if (number < few) {
        snprintf(text, PLOT_COLOUR_TEXT, "%s", first[number]);
        return;
    }
    const unsigned hue = (unsigned)((number - few) * 137 + 20) % 360; /* about the golden angle */
    const unsigned light = 45 + (unsigned)(number / 3 % 3) * 8;
    snprintf(text, PLOT_COLOUR_TEXT, "hsl(%u,60%%,%u%%)", hue, light);
}

/* ---- lines ---- */

static void widen(double *low, double *high, const double *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) continue;
        if (!(*low <= values[i])) *low = values[i];
        if (!(*high >= values[i])) *high = values[i];
    }
}

/* Room around the values from low to high, also where they are one. */
static double range_margin(double low, double high) {
    return high > low ? 0.05 * (high - low) : low != 0.0 ? 0.05 * fabs(low) : 1.0;
}

/* The plot with its open ranges set from the values. */
static Plot lines_range(const Plot *plot, const PlotLine *lines, size_t count) {
    double x_low = NAN, x_high = NAN, y_low = NAN, y_high = NAN;
    Plot ranged = *plot;
    for (size_t i = 0; i < count; i++) {
        widen(&x_low, &x_high, lines[i].x, lines[i].count);
        widen(&y_low, &y_high, lines[i].y, lines[i].count);
    }
    if (plot->x_low >= plot->x_high && x_high >= x_low) {
        const double margin = x_high > x_low ? 0.0 : range_margin(x_low, x_high);
        ranged.x_low = x_low - margin, ranged.x_high = x_high + margin;
    }
    if (plot->y_low >= plot->y_high && y_high >= y_low) {
        ranged.y_low = y_low - range_margin(y_low, y_high);
        ranged.y_high = y_high + range_margin(y_low, y_high);
        if (y_low >= 0.0 && ranged.y_low < 0.0) ranged.y_low = 0.0;
    }
    return ranged;
}

static void add_line(TextBuffer *svg, const SvgFrame *frame, const PlotLine *line) {
    char colour[PLOT_COLOUR_TEXT];
    bool drawing = false;
    plot_colour(colour, line->colour);
    if (line->faint)
        text_add(svg, "<path class=\"faint\" d=\"");
    else
        text_print(svg, "<path class=\"line\" stroke=\"%s\" d=\"", colour);
    for (size_t i = 0; i < line->count; i++) {
        const bool here = isfinite(line->x[i]) && isfinite(line->y[i]);
        if (here) text_print(svg, "%c%d %d", drawing ? 'L' : 'M', svg_x(frame, line->x[i]), svg_y(frame, line->y[i]));
        drawing = here;
    }
    text_add(svg, "\"/>\n");
    for (size_t i = 0; i < line->count && line->count <= 20 && !line->faint; i++)
        if (isfinite(line->x[i]) && isfinite(line->y[i]))
            text_print(svg, "<circle r=\"25\" cx=\"%d\" cy=\"%d\" fill=\"%s\"/>", svg_x(frame, line->x[i]),
                       svg_y(frame, line->y[i]), colour);
}

/* For those who do not see the plot: where every named curve begins and ends. */
static void describe_lines(TextBuffer *svg, const PlotLine *lines, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (lines[i].name == NULL || lines[i].count == 0) continue;
        text_add(svg, "; ");
        html_text(svg, lines[i].name);
        text_add(svg, " from ");
        html_number(svg, lines[i].y[0], 3);
        text_add(svg, " to ");
        html_number(svg, lines[i].y[lines[i].count - 1], 3);
    }
}

void plot_lines(TextBuffer *svg, const Plot *plot, const PlotLine *lines, size_t count) {
    const Plot ranged = lines_range(plot, lines, count);
    SvgFrame frame;
    svg_begin(svg, &frame, &ranged);
    describe_lines(svg, lines, count);
    svg_end_label(svg, plot);
    for (size_t i = 0; i < count; i++)
        if (lines[i].name != NULL) svg_add_legend(svg, &frame, lines[i].name, lines[i].colour, lines[i].faint);
    svg_settle(&frame);
    svg_add_axes(svg, &frame, &ranged);
    for (size_t i = 0; i < count; i++)
        if (lines[i].faint) add_line(svg, &frame, &lines[i]);
    for (size_t i = 0; i < count; i++)
        if (!lines[i].faint) add_line(svg, &frame, &lines[i]);
    svg_end(svg);
}

/* ---- bars ---- */

static void add_bar(TextBuffer *svg, const SvgFrame *frame, const PlotBars *bars, size_t group, size_t bar) {
    const double value = bars->values[group * bars->bar_count + bar];
    char colour[PLOT_COLOUR_TEXT];
    if (!isfinite(value)) return;
    plot_colour(colour, bars->many_colours ? group : bar);
    const double slot = (double)frame->width / (double)bars->group_count;
    const double wide = slot * (bars->group_count > 40 ? 0.9 : 0.76) / (double)bars->bar_count;
    const double left = frame->left + slot * (double)group + (slot - wide * (double)bars->bar_count) / 2.0;
    const int top = svg_y(frame, fmax(value, frame->y_low)), bottom = svg_y(frame, frame->y_low);
    text_print(svg, "<rect x=\"%ld\" y=\"%d\" width=\"%ld\" height=\"%d\" fill=\"%s\"><title>",
               lround(left + wide * (double)bar), top, lround(fmax(wide - 6.0, 4.0)), bottom - top, colour);
    html_text(svg, bars->groups[group]);
    if (bars->bars != NULL) {
        text_add(svg, ", ");
        html_text(svg, bars->bars[bar]);
    }
    text_add(svg, ": ");
    html_number(svg, value, 6);
    text_add(svg, "</title></rect>\n");
}

static Plot bars_range(const Plot *plot, const PlotBars *bars) {
    Plot ranged = *plot;
    double low = NAN, high = NAN;
    widen(&low, &high, bars->values, bars->group_count * bars->bar_count);
    if (plot->y_low >= plot->y_high) ranged.y_high = high > 0.0 ? 1.06 * high : 1.0, ranged.y_low = 0.0;
    return ranged;
}

void plot_bars(TextBuffer *svg, const Plot *plot, const PlotBars *bars) {
    const Plot ranged = bars_range(plot, bars);
    SvgFrame frame;
    svg_begin(svg, &frame, &ranged);
    for (size_t group = 0; group < bars->group_count && bars->bar_count == 1 && group < 20; group++) {
        text_add(svg, "; ");
        html_text(svg, bars->groups[group]);
        text_add(svg, " ");
        html_number(svg, bars->values[group], 6);
    }
    svg_end_label(svg, plot);
    for (size_t bar = 0; bars->bars != NULL && bar < bars->bar_count; bar++)
        svg_add_legend(svg, &frame, bars->bars[bar], bar, false);
    svg_reserve_names(&frame, NULL, 0, bars->groups, bars->group_count);
    svg_settle(&frame);
    svg_add_value_axis(svg, &frame, &ranged);
    svg_add_names(svg, &frame, bars->groups, bars->group_count);
    for (size_t group = 0; group < bars->group_count; group++)
        for (size_t bar = 0; bar < bars->bar_count; bar++)
            add_bar(svg, &frame, bars, group, bar);
    svg_end(svg);
}

void plot_histogram(TextBuffer *svg, const Plot *plot, const double *counts, size_t bins, size_t colour) {
    char text[PLOT_COLOUR_TEXT];
    SvgFrame frame;
    Plot ranged = *plot;
    double low = NAN, high = NAN;
    widen(&low, &high, counts, bins);
    ranged.y_low = 0.0;
    ranged.y_high = high > 0.0 ? 1.06 * high : 1.0;
    plot_colour(text, colour);
    svg_begin(svg, &frame, &ranged);
    svg_end_label(svg, plot);
    svg_settle(&frame);
    svg_add_axes(svg, &frame, &ranged);
    text_print(svg, "<path fill=\"%s\" d=\"", text);
    for (size_t bin = 0; bin < bins; bin++) {
        const double width = (ranged.x_high - ranged.x_low) / (double)bins, from = ranged.x_low + width * (double)bin;
        if (counts[bin] > 0.0)
            text_print(svg, "M%d %dV%dH%dV%dz", svg_x(&frame, from), svg_y(&frame, 0.0), svg_y(&frame, counts[bin]),
                       svg_x(&frame, from + width) - 3, svg_y(&frame, 0.0));
    }
    text_add(svg, "\"/>\n");
    svg_end(svg);
}

/* ---- matrices ---- */

/* Larger tables have no room for numbers. */
#define MATRIX_WRITTEN 12

static void add_cell(TextBuffer *svg, const SvgFrame *frame, const PlotMatrix *matrix, size_t row, size_t column,
                     double sum) {
    const double value = matrix->values[row * matrix->column_count + column];
    const double wide = (double)frame->width / (double)matrix->column_count;
    const double high = (double)frame->height / (double)matrix->row_count;
    const long x = lround(frame->left + wide * (double)column), y = lround(frame->top + high * (double)row);
    const long percent = sum > 0.0 ? lround(100.0 * value / sum) : 0;
    if (value <= 0.0) return;
    text_print(svg, "<rect class=\"cell\" x=\"%ld\" y=\"%ld\" width=\"%ld\" height=\"%ld\" fill-opacity=\"%ld.%02ld\">",
               x, y, lround(wide) - 4, lround(high) - 4, percent / 100, percent % 100);
    text_add(svg, "<title>");
    html_text(svg, matrix->rows[row]);
    text_add(svg, ", ");
    html_text(svg, matrix->columns[column]);
    text_print(svg, ": %.0f</title></rect>", value);
    if (matrix->column_count <= MATRIX_WRITTEN)
        text_print(svg, "<text class=\"%s\" x=\"%ld\" y=\"%ld\">%.0f</text>", percent > 55 ? "full" : "middle",
                   x + lround(wide / 2.0), y + lround(high / 2.0) + 38, value);
    text_add(svg, "\n");
}

void plot_matrix(TextBuffer *svg, const Plot *plot, const PlotMatrix *matrix) {
    SvgFrame frame;
    svg_begin(svg, &frame, plot);
    svg_end_label(svg, plot);
    svg_reserve_names(&frame, matrix->rows, matrix->row_count, matrix->columns, matrix->column_count);
    svg_settle(&frame);
    svg_add_row_names(svg, &frame, matrix->rows, matrix->row_count);
    svg_add_names(svg, &frame, matrix->columns, matrix->column_count);
    svg_add_axis_titles(svg, &frame, plot);
    for (size_t row = 0; row < matrix->row_count; row++) {
        double sum = 0.0;
        for (size_t column = 0; column < matrix->column_count; column++)
            sum += matrix->values[row * matrix->column_count + column];
        for (size_t column = 0; column < matrix->column_count; column++)
            add_cell(svg, &frame, matrix, row, column, sum);
    }
    svg_end(svg);
}

/* ---- points ---- */

/* Both axes with one scale, around the middle of the points. */
static Plot points_range(const Plot *plot, const PlotPoints *groups, size_t count) {
    double low[2] = {NAN, NAN}, high[2] = {NAN, NAN};
    Plot ranged = *plot;
    for (size_t g = 0; g < count; g++)
        for (size_t i = 0; i < groups[g].count; i++)
            for (int axis = 0; axis < 2; axis++) {
                const double value = (double)groups[g].xy[2 * i + (size_t)axis];
                widen(&low[axis], &high[axis], &value, 1);
            }
    double reach = 0.52 * fmax(high[0] - low[0], high[1] - low[1]);
    if (!(reach > 0.0)) reach = 1.0;
    ranged.x_low = (low[0] + high[0]) / 2.0 - reach, ranged.x_high = ranged.x_low + 2.0 * reach;
    ranged.y_low = (low[1] + high[1]) / 2.0 - reach, ranged.y_high = ranged.y_low + 2.0 * reach;
    return plot->x_low < plot->x_high ? *plot : ranged;
}

/* The frame is seldom a square: the range along its longer side grows. */
static void level_scale(SvgFrame *frame) {
    const double x_range = frame->x_high - frame->x_low, y_range = frame->y_high - frame->y_low;
    const double unit = fmax(x_range / frame->width, y_range / frame->height);
    frame->x_low -= (unit * frame->width - x_range) / 2.0, frame->x_high = frame->x_low + unit * frame->width;
    frame->y_low -= (unit * frame->height - y_range) / 2.0, frame->y_high = frame->y_low + unit * frame->height;
}

void plot_points(TextBuffer *svg, const Plot *plot, const PlotPoints *groups, size_t count) {
    const Plot ranged = points_range(plot, groups, count);
    char colour[PLOT_COLOUR_TEXT];
    SvgFrame frame;
    svg_begin(svg, &frame, &ranged);
    svg_end_label(svg, plot);
    for (size_t g = 0; g < count; g++)
        if (groups[g].name != NULL) svg_add_legend(svg, &frame, groups[g].name, groups[g].colour, false);
    svg_settle(&frame);
    level_scale(&frame);
    svg_add_border(svg, &frame);
    for (size_t g = 0; g < count; g++) {
        plot_colour(colour, groups[g].colour);
        text_print(svg, "<path class=\"points\" stroke=\"%s\" d=\"", colour);
        for (size_t i = 0; i < groups[g].count; i++)
            if (isfinite(groups[g].xy[2 * i]) && isfinite(groups[g].xy[2 * i + 1]))
                text_print(svg, "M%d %dh0", svg_x(&frame, (double)groups[g].xy[2 * i]),
                           svg_y(&frame, (double)groups[g].xy[2 * i + 1]));
        text_add(svg, "\"/>\n");
    }
    svg_end(svg);
}

void svg_file(TextBuffer *file, const char *svg) {
    const char *body = strchr(svg, '>'); /* of the opening tag: no attribute holds one unescaped */
    text_add(file, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    if (body == NULL) return;
    text_add_bytes(file, svg, (size_t)(body + 1 - svg));
    text_add(file, "<style>");
    text_add(file, report_plot_style);
    text_add(file, "</style>");
    text_add(file, body + 1);
}

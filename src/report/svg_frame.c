#include "report/svg_frame.h"

#include <math.h>
#include <string.h>

#include "base/number.h"
#include "report/html_text.h"

/* The usual size, in pixels: readable on a telephone without being shrunk much. */
#define PLOT_WIDTH 420
#define PLOT_HEIGHT 270

/* Tenths of a pixel. */
#define LETTER 62 /* mean width of a letter */
#define LINE 170  /* of text */
#define TITLE_HEIGHT 240
#define SIDE_MARGIN 500 /* for the numbers of the vertical axis and its title */
#define FOOT_MARGIN 460 /* for the numbers of the horizontal axis and its title */

/* Names that are longer are cut. */
#define NAME_LETTERS 16

int svg_x(const SvgFrame *frame, double x) {
    const double range = frame->x_high - frame->x_low;
    return frame->left + (int)lround((range > 0.0 ? (x - frame->x_low) / range : 0.5) * frame->width);
}

int svg_y(const SvgFrame *frame, double y) {
    const double range = frame->y_high - frame->y_low;
    return frame->top + frame->height - (int)lround((range > 0.0 ? (y - frame->y_low) / range : 0.5) * frame->height);
}

/* ---- the element ---- */

void svg_begin(TextBuffer *svg, SvgFrame *frame, const Plot *plot) {
    *frame = (SvgFrame){
        .outer_width = 10 * (plot->width > 0 ? plot->width : PLOT_WIDTH),
        .outer_height = 10 * (plot->height > 0 ? plot->height : PLOT_HEIGHT),
        .left = plot->y_title != NULL ? SIDE_MARGIN : 60,
        .top = TITLE_HEIGHT,
        .right = 120,
        .bottom = plot->x_title != NULL ? FOOT_MARGIN : 60,
        .x_low = plot->x_low,
        .x_high = plot->x_high,
        .y_low = plot->y_low,
        .y_high = plot->y_high,
    };
    frame->legend_x = frame->left;
    text_print(svg,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" viewBox=\"0 0 %d %d\" role=\"img\" "
               "aria-label=\"",
               frame->outer_width, frame->outer_height);
    html_text(svg, plot->title);
}

/* Text at a place; the class says how it is aligned. */
static void add_text(TextBuffer *svg, const char *class, int x, int y, const char *text) {
    text_print(svg, "<text class=\"%s\" x=\"%d\" y=\"%d\">", class, x, y);
    html_text(svg, text);
    text_add(svg, "</text>");
}

void svg_end_label(TextBuffer *svg, const Plot *plot) {
    text_add(svg, "\">\n");
    add_text(svg, "title", 60, 150, plot->title);
    text_add(svg, "\n");
}

void svg_end(TextBuffer *svg) { text_add(svg, "</svg>\n"); }

void svg_add_legend(TextBuffer *svg, SvgFrame *frame, const char *name, size_t colour, bool faint) {
    char text[PLOT_COLOUR_TEXT];
    const int width = 200 + (int)strlen(name) * LETTER;
    if (frame->legend_y == 0) frame->legend_y = frame->top + 90;
    if (frame->legend_x > frame->left && frame->legend_x + width > frame->outer_width - frame->right) {
        frame->legend_x = frame->left;
        frame->legend_y += LINE;
    }
    plot_colour(text, colour);
    text_print(svg, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"90\" height=\"90\" fill=\"%s\"/>",
               faint ? "key faint" : "key", frame->legend_x, frame->legend_y - 85, text);
    add_text(svg, "left", frame->legend_x + 130, frame->legend_y, name);
    text_add(svg, "\n");
    frame->legend_x += width + 80;
}

void svg_settle(SvgFrame *frame) {
    if (frame->legend_y > 0) frame->top = frame->legend_y + 90;
    frame->width = frame->outer_width - frame->left - frame->right;
    frame->height = frame->outer_height - frame->top - frame->bottom;
}

/* ---- axes with numbers ---- */

/* 1, 2 or 5 times a power of ten: the least that cuts the range into at most `most` parts. */
static double tick_step(double range, int most) {
    const double least = range / most, power = pow(10.0, floor(log10(least)));
    const double factor = least / power;
    return power * (factor <= 1.0 ? 1.0 : factor <= 2.0 ? 2.0 : factor <= 5.0 ? 5.0 : 10.0);
}

/* "20k" for 20,000. */
static void print_tick(char text[NUMBER_TEXT], double value, double step) {
    const bool thousands = fabs(value) >= 10000.0 && fmod(step, 1000.0) == 0.0;
    number_print_digits(text, thousands ? value / 1000.0 : value, 6);
    if (thousands) strncat(text, "k", NUMBER_TEXT - strlen(text) - 1);
}

static void add_horizontal_ticks(TextBuffer *svg, const SvgFrame *frame) {
    char text[NUMBER_TEXT];
    const int foot = frame->top + frame->height;
    if (!(frame->x_high > frame->x_low)) return;
    const double step = tick_step(frame->x_high - frame->x_low, 6);
    const long last = lround(floor(frame->x_high / step + 1e-9));
    for (long k = lround(ceil(frame->x_low / step - 1e-9)); k <= last; k++) {
        const double value = (double)k * step;
        const int x = svg_x(frame, value);
        text_print(svg, "<path class=\"tick\" d=\"M%d %dv40\"/>", x, foot);
        print_tick(text, value, step);
        add_text(svg, "middle", x, foot + 160, text);
    }
    text_add(svg, "\n");
}

static void add_vertical_ticks(TextBuffer *svg, const SvgFrame *frame) {
    char text[NUMBER_TEXT];
    if (!(frame->y_high > frame->y_low)) return;
    const double step = tick_step(frame->y_high - frame->y_low, 5);
    const long last = lround(floor(frame->y_high / step + 1e-9));
    for (long k = lround(ceil(frame->y_low / step - 1e-9)); k <= last; k++) {
        const double value = (double)k * step;
        const int y = svg_y(frame, value);
        text_print(svg, "<path class=\"grid\" d=\"M%d %dh%d\"/>", frame->left, y, frame->width);
        print_tick(text, value, step);
        add_text(svg, "right", frame->left - 50, y + 40, text);
    }
    text_add(svg, "\n");
}

void svg_add_axis_titles(TextBuffer *svg, const SvgFrame *frame, const Plot *plot) {
    const int middle = frame->top + frame->height / 2;
    if (plot->x_title != NULL)
        add_text(svg, "middle axis-title", frame->left + frame->width / 2, frame->outer_height - 70, plot->x_title);
    if (plot->y_title == NULL) return;
    text_print(svg, "<text class=\"middle axis-title\" transform=\"rotate(-90 110 %d)\" x=\"110\" y=\"%d\">", middle,
               middle);
    html_text(svg, plot->y_title);
    text_add(svg, "</text>\n");
}

void svg_add_value_axis(TextBuffer *svg, const SvgFrame *frame, const Plot *plot) {
    add_vertical_ticks(svg, frame);
    text_print(svg, "<path class=\"axis\" d=\"M%d %dV%dH%d\"/>\n", frame->left, frame->top, frame->top + frame->height,
               frame->left + frame->width);
    svg_add_axis_titles(svg, frame, plot);
}

void svg_add_axes(TextBuffer *svg, const SvgFrame *frame, const Plot *plot) {
    add_horizontal_ticks(svg, frame);
    svg_add_value_axis(svg, frame, plot);
}

void svg_add_border(TextBuffer *svg, const SvgFrame *frame) {
    text_print(svg, "<rect class=\"border\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n", frame->left, frame->top,
               frame->width, frame->height);
}

/* ---- axes with names ---- */

static size_t longest_name(const char *const *names, size_t count) {
    size_t longest = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t length = strlen(names[i]);
        if (length > longest) longest = length;
    }
    return longest < NAME_LETTERS ? longest : NAME_LETTERS;
}

void svg_reserve_names(SvgFrame *frame, const char *const *rows, size_t row_count, const char *const *columns,
                       size_t column_count) {
    const int side = (int)longest_name(rows, row_count) * LETTER + 120;
    if (rows != NULL) frame->left = side + 170; /* and the axis' title */
    const int letters = (int)longest_name(columns, column_count);
    const int slot = (frame->outer_width - frame->left - frame->right) / (int)(column_count > 0 ? column_count : 1);
    frame->slanted = letters * LETTER + 40 > slot;
    if (columns != NULL) frame->bottom += frame->slanted ? letters * LETTER * 6 / 10 : 0;
}

/* At most NAME_LETTERS bytes of a name, cut between characters. */
static void add_name(TextBuffer *svg, const char *name) {
    char cut[NAME_LETTERS + 4];
    size_t length = strlen(name);
    if (length <= NAME_LETTERS) {
        html_text(svg, name);
        return;
    }
    for (length = NAME_LETTERS - 1; length > 0 && ((unsigned char)name[length] & 0xc0) == 0x80; length--)
        ;
    memcpy(cut, name, length);
    cut[length] = '\0';
    html_text(svg, cut);
    text_add(svg, "&#8230;");
}

/* Names stand at every so manieth place, so that they do not touch. */
static size_t name_stride(size_t count, int length) {
    const size_t most = (size_t)(length / 130);
    return most > 0 && count > most ? (count + most - 1) / most : 1;
}

void svg_add_names(TextBuffer *svg, const SvgFrame *frame, const char *const *names, size_t count) {
    const size_t stride = name_stride(count, frame->width);
    const int y = frame->top + frame->height + 160;
    for (size_t i = 0; i < count; i += stride) {
        const int x = frame->left + (int)lround(((double)i + 0.5) * frame->width / (double)count);
        if (frame->slanted)
            text_print(svg, "<text class=\"right\" transform=\"rotate(-38 %d %d)\" x=\"%d\" y=\"%d\">", x + 30, y - 30,
                       x + 30, y - 30);
        else
            text_print(svg, "<text class=\"middle\" x=\"%d\" y=\"%d\">", x, y);
        add_name(svg, names[i]);
        text_add(svg, "</text>");
    }
    text_add(svg, "\n");
}

void svg_add_row_names(TextBuffer *svg, const SvgFrame *frame, const char *const *names, size_t count) {
    const size_t stride = name_stride(count, frame->height);
    for (size_t i = 0; i < count; i += stride) {
        const int y = frame->top + (int)lround(((double)i + 0.5) * frame->height / (double)count) + 40;
        text_print(svg, "<text class=\"right\" x=\"%d\" y=\"%d\">", frame->left - 60, y);
        add_name(svg, names[i]);
        text_add(svg, "</text>");
    }
    text_add(svg, "\n");
}

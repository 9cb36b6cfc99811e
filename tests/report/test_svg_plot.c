/* Plots: whatever values and names they are given, an SVG that every reader takes, with the shapes that were meant. */
#include "support/comma_locale.h"
#include "support/svg_check.h"

#include "report/report_texts.h"
#include "report/svg_plot.h"

static char *take_text(TextBuffer *buffer) {
    char *text = buffer->text;
    assert_int_equal(buffer->status, SPICA_OK);
    assert_non_null(text);
    *buffer = (TextBuffer){.ctx = buffer->ctx};
    return text;
}

/* The picture drawn so far, which must be a sound one. */
static char *take_plot(TextBuffer *svg) {
    char *text = take_text(svg);
    svg_check(text);
    return text;
}

/* Reads so many whole numbers where the pattern stands next, and moves behind its beginning. */
static bool find_numbers(const char **next, const char *begin, const char *pattern, int *numbers) {
    const char *found = strstr(*next, begin);
    if (found == NULL) return false;
    if (sscanf(found + strlen(begin), pattern, &numbers[0], &numbers[1], &numbers[2], &numbers[3]) < 2)
        fail_msg("not \"%s\" at %.60s", pattern, found);
    *next = found + 1;
    return true;
}

/* The places of a path of M and L, where h0 draws a dot; returns how many there are. */
static size_t read_places(const char *path, int places[][2], size_t most) {
    size_t count = 0;
    int used = 0;
    for (; count < most && sscanf(path, "%*[ML]%d %d%n", &places[count][0], &places[count][1], &used) == 2; count++)
        path += (size_t)used + strspn(path + used, "h0");
    return count;
}

/* ---- every kind of plot, of any names and values ---- */

/* All titles and names are `text`. */
typedef void DrawPlot(TextBuffer *svg, const char *text, const double *values, size_t count);

#define VALUES_MOST 64

static void draw_lines(TextBuffer *svg, const char *text, const double *values, size_t count) {
    const Plot plot = {.title = text, .x_title = text, .y_title = text};
    double x[VALUES_MOST];
    for (size_t i = 0; i < count; i++)
        x[i] = (double)i;
    const PlotLine lines[] = {{.name = text, .x = x, .y = values, .count = count, .colour = 3},
                              {.x = x, .y = values, .count = count, .faint = true}};
    plot_lines(svg, &plot, lines, 2);
}

static void draw_bars(TextBuffer *svg, const char *text, const double *values, size_t count) {
    const Plot plot = {.title = text, .x_title = text, .y_title = text};
    const char *names[VALUES_MOST];
    for (size_t i = 0; i < count; i++)
        names[i] = text;
    const PlotBars bars = {
        .groups = names, .group_count = count, .bars = &text, .bar_count = 1, .values = values, .many_colours = true};
    plot_bars(svg, &plot, &bars);
}

static void draw_histogram(TextBuffer *svg, const char *text, const double *values, size_t count) {
    const Plot plot = {.title = text, .x_title = text, .y_title = text, .x_low = 0.0, .x_high = 1.0};
    plot_histogram(svg, &plot, values, count, 5);
}

static void draw_matrix(TextBuffer *svg, const char *text, const double *values, size_t count) {
    const Plot plot = {.title = text, .x_title = text, .y_title = text};
    const char *names[VALUES_MOST];
    for (size_t i = 0; i < count; i++)
        names[i] = text;
    const PlotMatrix matrix = {
        .rows = &text, .columns = names, .row_count = 1, .column_count = count, .values = values};
    plot_matrix(svg, &plot, &matrix);
}

static void draw_points(TextBuffer *svg, const char *text, const double *values, size_t count) {
    const Plot plot = {.title = text};
    float xy[2 * VALUES_MOST];
    for (size_t i = 0; i < count; i++) {
        xy[2 * i] = (float)values[i];
        xy[2 * i + 1] = (float)values[count - 1 - i];
    }
    const PlotPoints groups[] = {{.name = text, .xy = xy, .count = count, .colour = 12}, {.xy = xy}};
    plot_points(svg, &plot, groups, 2);
}

/* The last two draw counts, which are finite. */
static DrawPlot *const kinds[] = {draw_lines, draw_bars, draw_points, draw_histogram, draw_matrix};
enum { KINDS = sizeof kinds / sizeof kinds[0], KINDS_WITH_GAPS = 3 };

static void test_names(void **state) {
    (void)state;
    static const char *const texts[] = {
        "<script>alert(\"1 & 2\")</script>",
        "\"><svg onload='a'>",
        "]]> --> &amp; &#60;",
        "\x01\x02\x7f\xc2\x85 \xff\xfe \xed\xa0\x80",
        "\xef\xbf\xbe and \xef\xbf\xbf are no characters of XML",
        "",
        "one name that is longer than the place for names",
        "fifteen letters\xf0\x9f\x98\x80\xf0\x9f\x98\x80", /* cut where a character begins */
    };
    const double values[] = {1.0, 3.0, 2.0};
    Context *ctx = test_context_open();
    TextBuffer svg = {.ctx = ctx};
    for (size_t kind = 0; kind < KINDS; kind++)
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
            kinds[kind](&svg, texts[i], values, 3);
            char *text = take_plot(&svg);
            assert_null(strstr(text, "<script"));
            FREE_ARRAY(ctx, &text);
        }
    draw_bars(&svg, texts[0], values, 3);
    char *text = take_plot(&svg);
    assert_non_null(strstr(text, "<title>&lt;script&gt;alert(&quot;1 &amp; 2&quot;)&lt;/script&gt;, "));
    FREE_ARRAY(ctx, &text);
    test_context_close(&ctx);
}

/* The name under the axis is cut, the one in the cell's own title is whole. */
static void test_long_names_are_cut(void **state) {
    (void)state;
    const double values[] = {1.0};
    Context *ctx = test_context_open();
    TextBuffer svg = {.ctx = ctx};
    draw_matrix(&svg, "fourteen chars\xe2\x82\xacz", values, 1);
    char *text = take_plot(&svg);
    assert_int_equal(svg_count(text, ">fourteen chars&#8230;<"), 2);
    assert_int_equal(svg_count(text, "<title>fourteen chars\xe2\x82\xacz, fourteen chars\xe2\x82\xacz: 1</title>"), 1);
    FREE_ARRAY(ctx, &text);
    test_context_close(&ctx);
}

typedef struct ValueCase {
    size_t count;
    double values[40];
} ValueCase;

static void test_values(void **state) {
    (void)state;
    static const ValueCase cases[] = {
        {0, {0.0}},
        {1, {5.0}},
        {1, {0.0}},
        {3, {2.0, 2.0, 2.0}},
        {3, {0.0, 0.0, 0.0}},
        {3, {-2.0, -2.0, -2.0}},
        {3, {0.0, 1e300, 1e299}},
        {2, {-1e300, 5e299}},
        {3, {1e-300, 3e-300, 2e-300}},
        {2, {1e9, 1e9 + 1e-6}},
        {2, {1.0, 1.0 + 1e-12}},
        {4, {-3.0, 0.0, -0.5, 2.0}},
        {40, {1.0, 2.0, 3.0, 4.0}},
    };
    Context *ctx = test_context_open();
    TextBuffer svg = {.ctx = ctx};
    for (size_t kind = 0; kind < KINDS; kind++)
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            kinds[kind](&svg, "plot", cases[i].values, cases[i].count);
            char *text = take_plot(&svg);
            FREE_ARRAY(ctx, &text);
        }
    test_context_close(&ctx);
}

/* Neither attributes nor texts show what is no number. */
static void test_gaps(void **state) {
    (void)state;
    static const ValueCase cases[] = {
        {1, {(double)NAN}},           {3, {(double)NAN, (double)NAN, (double)NAN}},
        {2, {HUGE_VAL, -HUGE_VAL}},   {6, {(double)NAN, 1.0, HUGE_VAL, 3.0, -HUGE_VAL, 2.0}},
        {3, {4.0, (double)NAN, 4.0}},
    };
    Context *ctx = test_context_open();
    TextBuffer svg = {.ctx = ctx};
    for (size_t kind = 0; kind < KINDS_WITH_GAPS; kind++)
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            kinds[kind](&svg, "plot", cases[i].values, cases[i].count);
            char *text = take_plot(&svg);
            assert_null(strstr(text, "nan"));
            assert_null(strstr(text, "inf"));
            FREE_ARRAY(ctx, &text);
        }
    test_context_close(&ctx);
}

static void test_locale(void **state) {
    (void)state;
    const double values[] = {0.125, 0.5, 1234.5};
    char *plain[KINDS];
    Context *ctx = test_context_open();
    TextBuffer svg = {.ctx = ctx};
    for (size_t kind = 0; kind < KINDS; kind++) {
        kinds[kind](&svg, "plot", values, 3);
        plain[kind] = take_text(&svg);
    }
    const bool found = comma_locale_enter(ctx);
    for (size_t kind = 0; kind < KINDS; kind++) {
        kinds[kind](&svg, "plot", values, 3);
        char *text = take_text(&svg);
        assert_string_equal(text, plain[kind]);
        FREE_ARRAY(ctx, &text);
        FREE_ARRAY(ctx, &plain[kind]);
    }
    setlocale(LC_ALL, "C");
    test_context_close(&ctx);
    if (!found) skip();
}

static void test_failures(void **state) {
    (void)state;
    const double values[] = {1.0, 3.0, 2.0};
    Context *ctx = test_context_open();
    for (size_t kind = 0; kind < KINDS; kind++) {
        Status status = SPICA_ERROR_MEMORY;
        int64_t failures = 0;
        for (; status != SPICA_OK; failures++) {
            TextBuffer svg = {.ctx = ctx};
            test_state(ctx)->fail_at = test_state(ctx)->allocations + failures;
            kinds[kind](&svg, "plot", values, 3);
            status = svg.status;
            assert_true(status == SPICA_OK || status == SPICA_ERROR_MEMORY);
            /* it is told of every failure */
            assert_int_equal(status == SPICA_OK, test_state(ctx)->allocations <= test_state(ctx)->fail_at);
            text_close(&svg);
        }
        assert_true(failures > 3);
    }
    test_state(ctx)->fail_at = -1;
    test_context_close(&ctx);
}

/* ---- axes ---- */

/* What stands along one axis: places of ticks, the numbers at them, and the axis' own ends. */
typedef struct Ticks {
    int places[16];
    double values[16];
    size_t count;
    int first, last;
} Ticks;

/* "20k" is 20,000. */
static double read_label(const char *label) {
    char *end;
    const double value = strtod(label, &end);
    if (strncmp(end, "k<", 2) == 0) return 1000.0 * value;
    if (*end != '<') fail_msg("no number at a tick: %.40s", label);
    return value;
}

static Ticks read_ticks(const char *svg, bool across) {
    Ticks ticks = {.count = 0};
    int axis[4], place[4]; /* left, top, foot, right */
    const char *next = svg;
    assert_true(find_numbers(&next, "<path class=\"axis\" d=\"", "M%d %dV%dH%d", axis));
    ticks.first = across ? axis[0] : axis[2];
    ticks.last = across ? axis[3] : axis[1];
    const char *begin = across ? "<path class=\"tick\" d=\"" : "<path class=\"grid\" d=\"";
    for (next = svg; find_numbers(&next, begin, across ? "M%d %dv%d" : "M%d %dh%d", place); ticks.count++) {
        assert_in_range(ticks.count, 0, 15);
        const char *text = strstr(next, "<text");
        assert_non_null(text);
        ticks.places[ticks.count] = place[across ? 0 : 1];
        ticks.values[ticks.count] = read_label(strchr(text, '>') + 1);
    }
    return ticks;
}

/* Ticks stand at even distances from one end of the axis to the other, each at the place of its number. */
static void assert_ticks(const Ticks *ticks, double low, double high) {
    assert_in_range(ticks->count, 2, 7);
    const double length = ticks->last - ticks->first, step = ticks->places[1] - ticks->places[0];
    assert_true(fabs((ticks->places[0] - ticks->first) / step) < 1.01);
    assert_true(fabs((ticks->last - ticks->places[ticks->count - 1]) / step) < 1.01);
    for (size_t i = 0; i < ticks->count; i++) {
        const double share = (ticks->values[i] - low) / (high - low);
        assert_true(share > -1e-9 && share < 1.0 + 1e-9);
        assert_true(fabs(ticks->first + share * length - ticks->places[i]) < 1.0);
        if (i > 0) assert_true(fabs(ticks->places[i] - ticks->places[i - 1] - step) < 2.0);
    }
}

static void test_ticks_cover_the_range(void **state) {
    (void)state;
    static const double ranges[][2] = {{0.0, 1.0},    {-3.0, 17.0},     {0.0, 70000.0},    {0.0, 1e6},
                                       {1e-6, 3e-6},  {-2e-300, 0.0},   {0.0, 1e300},      {123456.0, 123466.0},
                                       {0.42, 0.441}, {-1000.0, 999.0}, {9500.0, 10500.0}, {0.0, 1000.0}};
    Context *ctx = test_context_open();
    TextBuffer svg = {.ctx = ctx};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        const double low = ranges[i][0], high = ranges[i][1];
        const Plot plot = {
            .title = "t", .x_title = "x", .y_title = "y", .x_low = low, .x_high = high, .y_low = low, .y_high = high};
        const PlotLine line = {.x = (const double[]){low, high}, .y = (const double[]){low, high}, .count = 2};
        plot_lines(&svg, &plot, &line, 1);
        char *text = take_plot(&svg);
        const Ticks across = read_ticks(text, true), up = read_ticks(text, false);
        assert_ticks(&across, low, high);
        assert_ticks(&up, low, high);
        FREE_ARRAY(ctx, &text);
    }
    test_context_close(&ctx);
}

/* Large round numbers are written short, and others whole. */
static void test_thousands(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TextBuffer svg = {.ctx = ctx};
    const Plot plot = {.title = "t", .x_low = 0.0, .x_high = 60000.0, .y_low = 10000.0, .y_high = 10005.0};
    plot_lines(&svg, &plot, NULL, 0);
    char *text = take_plot(&svg);
    assert_non_null(strstr(text, ">0<"));
    assert_non_null(strstr(text, ">60k<"));
    assert_non_null(strstr(text, ">10005<"));
    FREE_ARRAY(ctx, &text);
    test_context_close(&ctx);
}

/* One value has an axis with numbers too, among which it lies. */
static void test_constant_line_has_numbers(void **state) {
    (void)state;
    static const double constants[] = {0.0, 0.03, 5.0, -2.0, 1e-9, 1e300};
    Context *ctx = test_context_open();
    TextBuffer svg = {.ctx = ctx};
    for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++) {
        const double value = constants[i];
        const PlotLine line = {.x = &value, .y = &value, .count = 1};
        const Plot plot = {.title = "t", .x_title = "x", .y_title = "y"};
        plot_lines(&svg, &plot, &line, 1);
        char *text = take_plot(&svg);
        for (int axis = 0; axis < 2; axis++) {
            const Ticks ticks = read_ticks(text, axis == 0);
            assert_in_range(ticks.count, 2, 7);
            assert_true(ticks.values[0] <= value && ticks.values[ticks.count - 1] >= value);
        }
        FREE_ARRAY(ctx, &text);
    }
    test_context_close(&ctx);
}

/* ---- lines ---- */

static void test_lines(void **state) {
    (void)state;
    static const double x[] = {0.0, 1.0, 2.0, 3.0, 4.0}, y[] = {4.0, 2.0, (double)NAN, 1.0, 0.0};
    const PlotLine lines[] = {{.name = "own", .x = x, .y = y, .count = 5, .colour = 1},
                              {.name = "others", .x = x, .y = y, .count = 5, .colour = 1, .faint = true}};
    const Plot plot = {.title = "t", .x_title = "x", .y_title = "y"};
    Context *ctx = test_context_open();
    TextBuffer svg = {.ctx = ctx};
    plot_lines(&svg, &plot, lines, 2);
    char *text = take_plot(&svg);
    assert_non_null(strstr(text, "aria-label=\"t; own from 4 to 0; others from 4 to 0\""));
    assert_int_equal(svg_count(text, "<rect class=\"key"), 2);
    assert_int_equal(svg_count(text, "<circle"), 4); /* of the curve that is not faint */
    const char *faint = strstr(text, "<path class=\"faint\"");
    const char *own = strstr(text, "<path class=\"line\" stroke=\"#ee7733\" d=\""), *next = text;
    assert_true(faint != NULL && own != NULL && faint < own); /* what matters is drawn over the others */
    int places[5][2], axis[4];
    assert_int_equal(read_places(strstr(own, "M"), places, 5), 4);
    assert_int_equal(svg_count(own, "M"), 2); /* interrupted once */
    assert_true(find_numbers(&next, "<path class=\"axis\" d=\"", "M%d %dV%dH%d", axis));
    assert_int_equal(places[0][0], axis[0]);
    assert_int_equal(places[3][0], axis[3]);
    assert_int_equal(places[3][1], axis[2]);
    const int fall = places[3][1] - places[0][1]; /* from 4 to 0 */
    assert_true(abs(2 * (places[3][1] - places[1][1]) - fall) <= 2);
    assert_true(abs(4 * (places[3][1] - places[2][1]) - fall) <= 4);
    FREE_ARRAY(ctx, &text);
    test_context_close(&ctx);
}

/* Circles would hide a curve of many values. */
static void test_many_values_have_no_circles(void **state) {
    (void)state;
    double values[21];
    Context *ctx = test_context_open();
    TextBuffer svg = {.ctx = ctx};
    for (size_t i = 0; i < 21; i++)
        values[i] = (double)(i * i);
    for (size_t count = 20; count <= 21; count++) {
        draw_lines(&svg, "t", values, count);
        char *text = take_plot(&svg);
        assert_int_equal(svg_count(text, "<circle"), count == 20 ? 20 : 0);
        FREE_ARRAY(ctx, &text);
    }
    test_context_close(&ctx);
}

/* ---- bars ---- */

/* x, y, width and height of the next bar. */
static bool find_bar(const char **next, int *bar) {
    return find_numbers(next, "<rect x=", "\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"", bar);
}

static void test_bars(void **state) {
    (void)state;
    static const char *const groups[] = {"a", "b"}, *const names[] = {"one", "two"};
    static const double values[] = {1.0, 2.0, 4.0, (double)NAN};
    const PlotBars bars = {.groups = groups, .group_count = 2, .bars = names, .bar_count = 2, .values = values};
    const Plot plot = {.title = "t", .y_title = "y"};
    Context *ctx = test_context_open();
    TextBuffer svg = {.ctx = ctx};
    plot_bars(&svg, &plot, &bars);
    char *text = take_plot(&svg);
    const char *next = text;
    int bar[3][4];
    for (size_t i = 0; i < 3; i++)
        assert_true(find_bar(&next, bar[i]));
    assert_false(find_bar(&next, (int[4]){0}));
    assert_true(abs(bar[1][3] - 2 * bar[0][3]) <= 2 && abs(bar[2][3] - 4 * bar[0][3]) <= 4);
    for (size_t i = 1; i < 3; i++) {
        assert_int_equal(bar[i][1] + bar[i][3], bar[0][1] + bar[0][3]); /* one foot */
        assert_true(bar[i][0] >= bar[i - 1][0] + bar[i - 1][2]);
    }
    assert_int_equal(svg_count(text, "<title>a, two: 2</title>"), 1);
    assert_int_equal(svg_count(text, "<rect class=\"key\""), 2);
    assert_int_equal(svg_count(text, "fill=\"#4477cc\""), 3); /* the legend's and two bars */
    FREE_ARRAY(ctx, &text);
    test_context_close(&ctx);
}

/* A score may be below 0 (ARI); its bar has no height, which may not be negative. */
static void test_bars_below_the_axis(void **state) {
    (void)state;
    static const char *const groups[] = {"a", "b"};
    static const double values[] = {-0.25, 0.5};
    const PlotBars bars = {.groups = groups, .group_count = 2, .bar_count = 1, .values = values};
    const Plot plot = {.title = "t", .y_low = 0.0, .y_high = 1.0};
    Context *ctx = test_context_open();
    TextBuffer svg = {.ctx = ctx};
    plot_bars(&svg, &plot, &bars);
    char *text = take_plot(&svg);
    const char *next = text;
    int low[4], high[4];
    assert_non_null(strstr(text, "aria-label=\"t; a -0.25; b 0.5\""));
    assert_true(find_bar(&next, low) && find_bar(&next, high));
    assert_int_equal(low[3], 0);
    assert_int_equal(low[1], high[1] + high[3]);
    assert_non_null(strstr(text, "<title>a: -0.25</title>"));
    FREE_ARRAY(ctx, &text);
    test_context_close(&ctx);
}

static void test_colour_for_each_group(void **state) {
    (void)state;
    double values[12];
    char colour[PLOT_COLOUR_TEXT], fill[PLOT_COLOUR_TEXT + 10];
    Context *ctx = test_context_open();
    TextBuffer svg = {.ctx = ctx};
    for (size_t i = 0; i < 12; i++)
        values[i] = 1.0;
    draw_bars(&svg, "t", values, 12);
    char *text = take_plot(&svg);
    for (size_t i = 1; i < 12; i++) { /* the first one's is the legend's too */
        plot_colour(colour, i);
        snprintf(fill, sizeof fill, "fill=\"%s\"", colour);
        assert_int_equal(svg_count(text, fill), 1);
    }
    FREE_ARRAY(ctx, &text);
    test_context_close(&ctx);
}

static void test_histogram(void **state) {
    (void)state;
    static const double counts[] = {2.0, 0.0, 4.0, 1.0};
    const Plot plot = {.title = "t", .x_title = "x", .y_title = "y", .x_low = -1.0, .x_high = 1.0};
    Context *ctx = test_context_open();
    TextBuffer svg = {.ctx = ctx};
    plot_histogram(&svg, &plot, counts, 4, 2);
    char *text = take_plot(&svg);
    const char *next = strstr(text, "<path fill=\"#2a9d60\"");
    assert_non_null(next);
    int bins[3][4], axis[4]; /* left, foot, top, right */
    assert_int_equal(svg_count(next, "M"), 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(find_numbers(&next, "M", "%d %dV%dH%d", bins[i]));
    next = text;
    assert_true(find_numbers(&next, "<path class=\"axis\" d=\"", "M%d %dV%dH%d", axis));
    const int width = axis[3] - axis[0], height = bins[0][1] - bins[0][2];
    assert_int_equal(bins[0][0], axis[0]);
    assert_true(abs(bins[1][0] - (axis[0] + width / 2)) <= 1);
    assert_in_range(axis[3] - bins[2][3], 0, 10); /* up to the gap between bars */
    assert_true(abs(bins[1][1] - bins[1][2] - 2 * height) <= 2 && abs(bins[2][1] - bins[2][2] - height / 2) <= 2);
    FREE_ARRAY(ctx, &text);
    test_context_close(&ctx);
}

/* ---- matrices ---- */

static void test_matrix(void **state) {
    (void)state;
    static const char *const rows[] = {"r0", "r1", "r2"}, *const columns[] = {"c0", "c1"};
    static const double values[] = {3.0, 1.0, 0.0, 70000.0, 0.0, 0.0};
    const PlotMatrix matrix = {.rows = rows, .columns = columns, .row_count = 3, .column_count = 2, .values = values};
    const Plot plot = {.title = "t", .x_title = "x", .y_title = "y"};
    Context *ctx = test_context_open();
    TextBuffer svg = {.ctx = ctx};
    plot_matrix(&svg, &plot, &matrix);
    char *text = take_plot(&svg);
    const char *next = text;
    int cells[3][4];
    for (size_t i = 0; i < 3; i++)
        assert_true(
            find_numbers(&next, "<rect class=\"cell\" x=", "\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"", cells[i]));
    assert_int_equal(svg_count(text, "<rect class=\"cell\""), 3);
    assert_int_equal(svg_count(text, "fill-opacity=\"0.75\"><title>r0, c0: 3</title>"), 1);
    assert_int_equal(svg_count(text, "fill-opacity=\"0.25\"><title>r0, c1: 1</title>"), 1);
    assert_int_equal(svg_count(text, "fill-opacity=\"1.00\"><title>r1, c1: 70000</title>"), 1);
    assert_int_equal(svg_count(text, ">70000</text>"), 1);
    assert_int_equal(cells[0][1], cells[1][1]);
    assert_int_equal(cells[1][0], cells[2][0]);
    assert_true(cells[1][0] >= cells[0][0] + cells[0][2] && cells[2][1] >= cells[1][1] + cells[1][3]);
    FREE_ARRAY(ctx, &text);
    test_context_close(&ctx);
}

/* Numbers are written into the cells of a small table alone. */
static void test_wide_matrix(void **state) {
    (void)state;
    double values[13];
    Context *ctx = test_context_open();
    TextBuffer svg = {.ctx = ctx};
    for (size_t i = 0; i < 13; i++)
        values[i] = 50.0;
    for (size_t columns = 12; columns <= 13; columns++) {
        draw_matrix(&svg, "t", values, columns);
        char *text = take_plot(&svg);
        assert_int_equal(svg_count(text, ">50</text>"), columns == 12 ? 12 : 0);
        assert_int_equal(svg_count(text, "<title>t, t: 50</title>"), columns);
        FREE_ARRAY(ctx, &text);
    }
    test_context_close(&ctx);
}

/* ---- points ---- */

static void test_points(void **state) {
    (void)state;
    static const float xy[] = {0.0f, 0.0f, 4.0f, 0.0f, 0.0f, 4.0f, NAN, 1.0f, 1.0f, INFINITY};
    const PlotPoints groups[] = {{.name = "a", .xy = xy, .count = 3, .colour = 3},
                                 {.xy = xy + 6, .count = 2, .colour = 4}};
    static const Plot plots[] = {{.title = "t"},
                                 {.title = "t", .width = 300, .height = 500},
                                 {.title = "t", .x_low = -5.0, .x_high = 5.0, .y_low = -5.0, .y_high = 5.0}};
    Context *ctx = test_context_open();
    TextBuffer svg = {.ctx = ctx};
    for (size_t i = 0; i < sizeof plots / sizeof plots[0]; i++) {
        plot_points(&svg, &plots[i], groups, 2);
        char *text = take_plot(&svg);
        const char *own = strstr(text, "stroke=\"#cc3366\" d=\"");
        int places[4][2];
        assert_non_null(own);
        assert_int_equal(svg_count(text, "h0"), 3);
        assert_int_equal(svg_count(text, "<path class=\"points\""), 2);
        assert_non_null(strstr(text, "stroke=\"#9966cc\" d=\"\"/>"));
        assert_int_equal(read_places(strstr(own, "M"), places, 4), 3);
        assert_int_equal(places[0][1], places[1][1]);
        assert_int_equal(places[0][0], places[2][0]);
        /* a distance is as long across as upwards */
        assert_true(abs((places[1][0] - places[0][0]) - (places[0][1] - places[2][1])) <= 2);
        assert_true(places[1][0] > places[0][0]);
        FREE_ARRAY(ctx, &text);
    }
    test_context_close(&ctx);
}

/* ---- colours and files ---- */

static void test_colours(void **state) {
    (void)state;
    static const size_t far[] = {(size_t)1 << 32, SIZE_MAX / 137, SIZE_MAX};
    char colour[PLOT_COLOUR_TEXT], others[10][PLOT_COLOUR_TEXT];
    for (size_t number = 0; number <= 1000; number++) {
        plot_colour(colour, number);
        if (!svg_is_colour(colour)) fail_msg("%zu has %s", number, colour);
        for (size_t i = 0; i < 10 && i < number; i++)
            assert_string_not_equal(colour, others[i]);
        memcpy(others[number % 10], colour, sizeof colour);
    }
    for (size_t i = 0; i < sizeof far / sizeof far[0]; i++) {
        plot_colour(colour, far[i]);
        assert_true(svg_is_colour(colour));
    }
}

static void test_file(void **state) {
    (void)state;
    static const char declaration[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    const double values[] = {1.0, 3.0, 2.0};
    Context *ctx = test_context_open();
    TextBuffer svg = {.ctx = ctx}, file = {.ctx = ctx};
    draw_lines(&svg, "a > b", values, 3);
    char *plot = take_plot(&svg);
    svg_file(&file, plot);
    char *text = take_text(&file);
    assert_true(strncmp(text, declaration, strlen(declaration)) == 0);
    svg_check(text + strlen(declaration));
    assert_non_null(strstr(text, report_plot_style));
    assert_true(strlen(text) ==
                strlen(declaration) + strlen(plot) + strlen("<style></style>") + strlen(report_plot_style));
    FREE_ARRAY(ctx, &text);
    FREE_ARRAY(ctx, &plot);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_long_names_are_cut),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_locale),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_ticks_cover_the_range),
        cmocka_unit_test(test_thousands),
        cmocka_unit_test(test_constant_line_has_numbers),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_many_values_have_no_circles),
        cmocka_unit_test(test_bars),
        cmocka_unit_test(test_bars_below_the_axis),
        cmocka_unit_test(test_colour_for_each_group),
        cmocka_unit_test(test_histogram),
        cmocka_unit_test(test_matrix),
        cmocka_unit_test(test_wide_matrix),
        cmocka_unit_test(test_points),
        cmocka_unit_test(test_colours),
        cmocka_unit_test(test_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Takes a plot's SVG apart as an XML parser would, and fails the test at what such a parser or a browser refuses:
 * elements that are not closed or that no plot has, markup in a text, attributes whose values are no lengths, colours
 * or paths. */
#ifndef SPICA_TESTS_SUPPORT_SVG_CHECK_H
#define SPICA_TESTS_SUPPORT_SVG_CHECK_H

#include "base/number.h"
#include "base/utf8.h"
#include "support/testing.h"

#define SVG_DEPTH 8

typedef struct SvgCheck {
    const char *next;
    char open[SVG_DEPTH][16]; /* names of the elements that are open, the outermost first */
    size_t depth;
    int width, height; /* of the viewBox */
} SvgCheck;

#define SVG_REFUSE(check, words) fail_msg("%s at: %.60s", (words), (check)->next)

static inline bool svg_pass(SvgCheck *check, const char *word) {
    const size_t length = strlen(word);
    if (strncmp(check->next, word, length) != 0) return false;
    check->next += length;
    return true;
}

static inline void svg_require(SvgCheck *check, const char *word) {
    if (!svg_pass(check, word)) SVG_REFUSE(check, word);
}

/* ---- texts ---- */

static inline void svg_pass_reference(SvgCheck *check) {
    static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;", "&#8211;", "&#8230;"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (svg_pass(check, known[i])) return;
    SVG_REFUSE(check, "a reference that XML does not know");
}

/* Up to the first of `ends`. */
static inline void svg_pass_text(SvgCheck *check, const char *ends) {
    while (*check->next != '\0' && strchr(ends, *check->next) == NULL) {
        const size_t length = utf8_length(check->next);
        if (length == 0) SVG_REFUSE(check, "no UTF-8");
        const uint32_t character = utf8_character(check->next, length);
        if ((character < 0x20 && character != '\n') || character == 0xfffe || character == 0xffff)
            SVG_REFUSE(check, "a character that XML does not have");
        if (character == '&')
            svg_pass_reference(check);
        else
            check->next += length;
    }
}

static inline void svg_pass_name(SvgCheck *check, char name[16]) {
    const size_t length = strspn(check->next, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-");
    if (length == 0 || length >= 16) SVG_REFUSE(check, "no name");
    memcpy(name, check->next, length);
    name[length] = '\0';
    check->next += length;
}

/* ---- values of attributes ---- */

/* Whole numbers up to the value's end, as many as stand there. */
static inline size_t svg_read_numbers(const char *value, int *numbers, size_t most) {
    size_t count = 0;
    int used = 0;
    while (count < most && sscanf(value, "%d%n", &numbers[count], &used) == 1) {
        value += used;
        count++;
    }
    if (*value != '\0') fail_msg("no whole numbers: %s", value);
    return count;
}

/* #RRGGBB, or hsl() with every part in its range. */
static inline bool svg_is_colour(const char *text) {
    unsigned hue, saturation, light;
    int used = 0;
    if (text[0] == '#') return strlen(text) == 7 && strspn(text + 1, "0123456789abcdef") == 6;
    if (sscanf(text, "hsl(%u,%u%%,%u%%)%n", &hue, &saturation, &light, &used) != 3) return false;
    return used > 0 && text[used] == '\0' && hue < 360 && saturation <= 100 && light <= 100;
}

static inline bool svg_is_opacity(const char *text) {
    return strlen(text) == 4 && (strncmp(text, "0.", 2) == 0 || strcmp(text, "1.00") == 0) &&
           strspn(text + 2, "0123456789") == 2;
}

static inline void svg_check_place(const SvgCheck *check, int x, int y) {
    if (x < 0 || x > check->width || y < 0 || y > check->height) fail_msg("%d, %d is not in the picture", x, y);
}

/* Commands M L H V h v z with whole numbers; places in full are in the picture. */
static inline void svg_check_path(const SvgCheck *check, const char *path) {
    int x = 0, y = 0, length, used = 0;
    for (; *path != '\0'; path += used) {
        used = 1;
        if (*path == 'z') continue;
        used = 0;
        if (sscanf(path, "M%d %d%n", &x, &y, &used) == 2 || sscanf(path, "L%d %d%n", &x, &y, &used) == 2 ||
            sscanf(path, "H%d%n", &x, &used) == 1 || sscanf(path, "V%d%n", &y, &used) == 1)
            svg_check_place(check, x, y);
        else if (sscanf(path, "h%d%n", &length, &used) != 1 && sscanf(path, "v%d%n", &length, &used) != 1)
            fail_msg("no path: %s", path);
    }
}

static inline bool svg_is_one_of(const char *name, const char *const *names) {
    for (; *names != NULL; names++)
        if (strcmp(name, *names) == 0) return true;
    return false;
}

static inline void svg_check_value(SvgCheck *check, const char *name, const char *value) {
    static const char *const places[] = {"x", "y", "cx", "cy", NULL}, *const sizes[] = {"width", "height", "r", NULL};
    static const char *const colours[] = {"fill", "stroke", NULL};
    static const char *const words[] = {"xmlns", "class", "role", "aria-label", NULL};
    int numbers[4] = {0, 0, 0, 0};
    int64_t number = 0;
    if (svg_is_one_of(name, places) || svg_is_one_of(name, sizes)) {
        if (!number_parse_integer(value, &number)) fail_msg("%s=\"%s\" is no length", name, value);
        if (number < 0 && svg_is_one_of(name, sizes)) fail_msg("%s=\"%s\" is negative", name, value);
    } else if (svg_is_one_of(name, colours)) {
        if (!svg_is_colour(value)) fail_msg("%s=\"%s\" is no colour", name, value);
    } else if (strcmp(name, "fill-opacity") == 0) {
        if (!svg_is_opacity(value)) fail_msg("%s=\"%s\" is no opacity", name, value);
    } else if (strcmp(name, "d") == 0) {
        svg_check_path(check, value);
    } else if (strcmp(name, "viewBox") == 0) {
        assert_int_equal(svg_read_numbers(value, numbers, 4), 4);
        check->width = numbers[2];
        check->height = numbers[3];
    } else if (strcmp(name, "transform") == 0) {
        int used = 0;
        sscanf(value, "rotate(%d %d %d)%n", &numbers[0], &numbers[1], &numbers[2], &used);
        assert_true(used > 0 && value[used] == '\0');
    } else if (!svg_is_one_of(name, words)) {
        fail_msg("no plot has the attribute %s", name);
    }
}

/* ---- elements ---- */

static inline void svg_pass_attribute(SvgCheck *check) {
    char name[16];
    svg_pass_name(check, name);
    svg_require(check, "=\"");
    const char *from = check->next;
    svg_pass_text(check, "\"<>"); /* svg_file counts on it that no > stands there */
    char *value = strndup(from, (size_t)(check->next - from));
    assert_non_null(value);
    svg_check_value(check, name, value);
    free(value);
    svg_require(check, "\"");
}

static inline void svg_pass_start(SvgCheck *check) {
    static const char *const elements[] = {"svg", "text", "path", "rect", "circle", "title", "style", NULL};
    char *name = check->open[check->depth++];
    assert_true(check->depth < SVG_DEPTH);
    svg_pass_name(check, name);
    if (!svg_is_one_of(name, elements)) fail_msg("no plot has the element %s", name);
    while (svg_pass(check, " "))
        svg_pass_attribute(check);
    if (svg_pass(check, "/>"))
        check->depth--;
    else
        svg_require(check, ">");
}

static inline void svg_pass_end(SvgCheck *check) {
    char name[16];
    svg_pass_name(check, name);
    if (check->depth == 0 || strcmp(name, check->open[check->depth - 1]) != 0) fail_msg("</%s> is not open", name);
    check->depth--;
    svg_require(check, ">");
}

/* The text is one whole svg element. */
static inline void svg_check(const char *svg) {
    SvgCheck check = {.next = svg};
    assert_true(strncmp(svg, "<svg ", 5) == 0);
    do {
        svg_require(&check, "<");
        if (svg_pass(&check, "/"))
            svg_pass_end(&check);
        else
            svg_pass_start(&check);
        if (check.depth > 0) svg_pass_text(&check, "<");
    } while (check.depth > 0);
    assert_string_equal(check.next, "\n");
}

/* ---- counting ---- */

/* How often the words stand in the text. */
static inline size_t svg_count(const char *svg, const char *words) {
    size_t count = 0;
    for (const char *next = svg; (next = strstr(next, words)) != NULL; next++)
        count++;
    return count;
}

#endif

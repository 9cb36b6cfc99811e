#include "run/corrections.h"

#include <stdio.h>
#include <string.h>

#include "base/number.h"

static bool read_pair(const char *text, size_t length, Correction *pair) {
    char from[24], steps[24];
    const char *colon = memchr(text, ':', length);
    if (colon == NULL) return false;
    const size_t head = (size_t)(colon - text), tail = length - head - 1;
    if (head >= sizeof from || tail >= sizeof steps) return false;
    memcpy(from, text, head);
    memcpy(steps, colon + 1, tail);
    from[head] = steps[tail] = '\0';
    return number_parse_integer(from, &pair->from) && number_parse_integer(steps, &pair->steps) && pair->steps > 0;
}

/* The first pair is from step 0, each other one from a later step than the one before. */
static bool follows(const Corrections *corrections, int64_t from) {
    if (corrections->count == 0) return from == 0;
    return from > corrections->items[corrections->count - 1].from;
}

Status corrections_read(Context *ctx, const char *text, Corrections *corrections) {
    *corrections = (Corrections){0};
    const char *next = text;
    while (*next != '\0') {
        Correction pair;
        const size_t length = strcspn(next, ",");
        if (corrections->count == CORRECTIONS_MOST || !read_pair(next, length, &pair) ||
            !follows(corrections, pair.from))
            return context_fail(ctx, SPICA_ERROR_OPTION,
                                "features.corrections = %.200s: STEP:STEPS pairs with commas between are expected, at "
                                "most %d, from step 0 upwards",
                                text, CORRECTIONS_MOST);
        corrections->items[corrections->count++] = pair;
        next += length;
        if (*next == ',') next++;
    }
    return SPICA_OK;
}

void corrections_print(const Corrections *corrections, char text[CORRECTIONS_TEXT]) {
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < corrections->count; i++)
        used += (size_t)snprintf(text + used, CORRECTIONS_TEXT - used, "%s%lld:%lld", i > 0 ? "," : "",
                                 (long long)corrections->items[i].from, (long long)corrections->items[i].steps);
}

int64_t corrections_at(const Corrections *corrections, int64_t step) {
    for (int i = 0; i < corrections->count; i++)
        if (corrections->items[i].from == step) return corrections->items[i].steps;
    return 0;
}

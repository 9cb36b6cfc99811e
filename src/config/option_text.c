/* The table and its values as texts for people and files: config.ini and docs/options.md. */
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/text_buffer.h"
#include "config/option_value.h"
#include "config/options.h"

/* Length of the key's part before the last dot that makes a section: "features", "features.augment". */
static size_t section_length(const char *key) { return (size_t)(strrchr(key, '.') - key); }

static bool same_section(const OptionRow *a, const OptionRow *b) {
    const size_t length = section_length(a->key);
    return length == section_length(b->key) && memcmp(a->key, b->key, length) == 0;
}

static bool is_missing(const OptionRow *row, const char *text) {
    return row->type == OPTION_INTEGER && option_value_real(text) < row->low;
}

static void write_option(TextBuffer *buffer, const OptionRow *row, const char *text) {
    const char *name = row->key + section_length(row->key) + 1;
    if (row->type != OPTION_TEXT) {
        text_print(buffer, "%s = %s\n", name, text);
        return;
    }
    char *escaped;
    if (buffer->status == SPICA_OK) buffer->status = option_text_escape(buffer->ctx, &escaped, text);
    if (buffer->status != SPICA_OK) return;
    text_print(buffer, "%s =%s%s\n", name, *escaped != '\0' ? " " : "", escaped);
    FREE_ARRAY(buffer->ctx, &escaped);
}

Status options_write(Context *ctx, const Options *options, char **text) {
    TextBuffer buffer = {.ctx = ctx};
    text_add(&buffer, "# Every option of this run as it was resolved. Used as a recipe it repeats the run.\n");
    for (size_t i = 0; i < option_count; i++) {
        const OptionRow *row = &option_table[i];
        if (i == 0 || !same_section(row, row - 1))
            text_print(&buffer, "\n[%.*s]\n", (int)section_length(row->key), row->key);
        if (!is_missing(row, options->texts[i])) write_option(&buffer, row, options->texts[i]);
    }
    return text_take(&buffer, text);
}

/* A cell of a Markdown table: a bar would end it. */
static void add_cell(TextBuffer *buffer, const char *text) {
    char escaped[1024];
    size_t used = 0;
    for (; *text != '\0' && used + 2 < sizeof escaped; text++) {
        if (*text == '|') escaped[used++] = '\\';
        escaped[used++] = *text;
    }
    escaped[used] = '\0';
    text_print(buffer, " %s |", escaped);
}

static const char *section_title(const char *key) {
    static const struct {
        const char *section, *title;
    } titles[] = {
        {"run", "The run"},
        {"data", "The pictures"},
        {"features", "Stage 1: features by contrast (MoCo v2)"},
        {"features.augment", "Stage 1: random views"},
        {"head", "Stage 2: clustering head by prototype pseudo-labels"},
        {"head.weak", "Stage 2: weak views"},
        {"head.strong", "Stage 2: strong views"},
        {"reliable", "Reliable pseudo-labels"},
        {"joint", "Stage 3: joint training (FixMatch)"},
        {"partition", "The classic algorithms"},
        {"joint.weak", "Stage 3: weak views"},
        {"joint.strong", "Stage 3: strong views"},
    };
    const size_t length = section_length(key);
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
        if (strlen(titles[i].section) == length && memcmp(titles[i].section, key, length) == 0) return titles[i].title;
    return "Other options";
}

static void write_row(TextBuffer *buffer, const OptionRow *row) {
    char rule[256], cell[512];
    text_print(buffer, "| `%s`%s%s%s |", row->key, row->flag != NULL ? ", `" : "", row->flag != NULL ? row->flag : "",
               row->flag != NULL ? "`" : "");
    add_cell(buffer, option_value_rule(row, rule, sizeof rule));
    const bool missing = is_missing(row, row->initial);
    snprintf(cell, sizeof cell, "%s%s%s", missing ? "" : row->initial, *row->unit != '\0' ? " " : "", row->unit);
    add_cell(buffer, cell);
    add_cell(buffer, row->help);
    add_cell(buffer, row->source);
    text_add(buffer, "\n");
}

Status options_markdown(Context *ctx, char **text) {
    TextBuffer buffer = {.ctx = ctx};
    text_add(&buffer, "# Options\n\n"
                      "Made from the option table by `spica options`; do not edit. Every option is set by\n"
                      "`--set KEY=VALUE` or in a recipe, some by a flag of their own. Built-in default < recipe <\n"
                      "`--set` and flags. The last column names the paper's equation, section or table that the\n"
                      "option comes from, or the authors' program.\n");
    for (size_t i = 0; i < option_count; i++) {
        const OptionRow *row = &option_table[i];
        if (i == 0 || !same_section(row, row - 1))
            text_print(&buffer, "\n## %s\n\n| option | value | default | meaning | source |\n|---|---|---|---|---|\n",
                       section_title(row->key));
        write_row(&buffer, row);
    }
    return text_take(&buffer, text);
}

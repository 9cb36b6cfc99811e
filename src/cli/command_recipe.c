#include <stdio.h>
#include <string.h>

#include "command.h"

/* The first comment line of a recipe says what it is for. */
static void print_summary(const char *name) {
    const char *text = spica_recipe_text(name);
    const int length = text[0] == '#' || text[0] == ';' ? (int)strcspn(text, "\n") : 0;
    printf("%-24s%.*s\n", name, length > 2 ? length - 2 : 0, text + 2);
}

static spica_status run(spica_context *context, Console *console, const Arguments *arguments) {
    (void)console;
    if (arguments->operand_count == 0) {
        for (size_t i = 0; i < spica_recipe_count(); i++)
            print_summary(spica_recipe_name(i));
        return SPICA_OK;
    }
    const char *text = spica_recipe_text(arguments->operands[0]);
    /* Applying an unknown recipe gives the error with the known names. */
    if (text == NULL) return spica_options_recipe(context, arguments->options, arguments->operands[0]);
    fputs(text, stdout);
    return SPICA_OK;
}

const Command command_recipe = {
    .name = "recipe",
    .usage = "[NAME]",
    .summary = "lists the presets, or prints one",
    .least = 0,
    .most = 1,
    .run = run,
};

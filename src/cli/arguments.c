#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

#define FLAGS_MAX 64
#define FLAGS_OWN 16

/* A flag of the command line that is not an option of the table. */
typedef struct Flag {
    const char *name, *value, *help; /* value: what it is called in the help, NULL for a switch */
} Flag;

static const Flag flag_output = {"--output", "PATH", "where the result goes (-o)"};
static const Flag flag_recipe = {"--recipe", "NAME|FILE", "a preset (see spica recipe) or a file like RUN/config.ini"};
static const Flag flag_set = {"--set", "KEY=VALUE", "sets any option of docs/options.md; may be repeated"};
static const Flag flag_seeds = {"--seeds", "N", "runs of every variant, with the seeds --seed, --seed + 1 ... [3]"};
static const Flag flag_confusion = {"--confusion", "FILE", "writes the confusion matrix as CSV"};
static const Flag flag_form = {"--to", "FORM", "folders, csv, json, labelstudio or coco"};
static const Flag flag_link = {"--link", "copy|symlink|hardlink", "how folders get their pictures [copy]"};
static const Flag flag_dry_run = {"--dry-run", NULL, "writes nothing, and prints what would be written"};
static const Flag flag_overwrite = {"--overwrite", NULL, "empties an existing run folder first"};
static const Flag flag_no_report = {"--no-report", NULL, "makes no report (see spica report)"};
static const Flag flag_tune = {"--tune", NULL,
                               "measures the convolutions, and prints the table that chooses among them"};
static const Flag flag_json = {"--json", NULL, "prints the result as JSON"};
static const Flag flag_memory = {"--memory-limit", "SIZE", "fails rather than take more: 800M, 4G"};
static const Flag flag_quiet = {"--quiet", NULL, "no log and no progress on stderr (-q)"};
static const Flag flag_help = {"--help", NULL, "this text (-h)"};

static bool option_allowed(const Command *command, const spica_option_info *option) {
    if (option->flag[0] == '\0') return false;
    return command->takes_all_options || strncmp(option->key, "data.", 5) == 0 ||
           strcmp(option->key, "run.threads") == 0;
}

/* The command's own flags, then NULL. */
static int own_flags(const Command *command, const Flag *flags[]) {
    int count = 0;
    if (command->takes_output) flags[count++] = &flag_output;
    if (command->takes_recipe) flags[count++] = &flag_recipe;
    flags[count++] = &flag_set;
    if (command->takes_seeds) flags[count++] = &flag_seeds;
    if (command->takes_confusion) flags[count++] = &flag_confusion;
    if (command->takes_form) {
        flags[count++] = &flag_form;
        flags[count++] = &flag_link;
        flags[count++] = &flag_dry_run;
    }
    if (command->takes_overwrite) flags[count++] = &flag_overwrite;
    if (command->takes_no_report) flags[count++] = &flag_no_report;
    if (command->takes_tune) flags[count++] = &flag_tune;
    if (command->takes_json) flags[count++] = &flag_json;
    flags[count++] = &flag_memory;
    flags[count++] = &flag_quiet;
    flags[count++] = &flag_help;
    return count;
}

static spica_status unknown_flag(Console *console, const Command *command, const char *word) {
    const Flag *flags[FLAGS_OWN];
    const char *names[FLAGS_MAX];
    size_t count = 0;
    for (int i = 0, own = own_flags(command, flags); i < own; i++)
        names[count++] = flags[i]->name;
    spica_option_info option;
    for (size_t i = 0; spica_option_describe(i, &option) == SPICA_OK && count < FLAGS_MAX; i++)
        if (option_allowed(command, &option)) names[count++] = option.flag;
    const char *near = spica_nearest_word(word, names, count);
    if (near != NULL)
        console_error(console, "%s: unknown option '%s' (did you mean '%s'?)", command->name, word, near);
    else
        console_error(console, "%s: unknown option '%s' (see spica %s --help)", command->name, word, command->name);
    return SPICA_ERROR_OPTION;
}

/* Passes a failure of the library on to the console. */
static spica_status option_result(spica_context *context, Console *console, spica_status status) {
    if (status != SPICA_OK) console_error(console, "%s", spica_context_reason(context));
    return status;
}

static spica_status set_pair(spica_context *context, Console *console, spica_options *options, const char *pair) {
    char key[128];
    const char *equals = strchr(pair, '=');
    if (equals == NULL || equals == pair || (size_t)(equals - pair) >= sizeof key) {
        console_error(console, "--set takes KEY=VALUE, not '%s'", pair);
        return SPICA_ERROR_OPTION;
    }
    memcpy(key, pair, (size_t)(equals - pair));
    key[equals - pair] = '\0';
    return option_result(context, console, spica_options_set(context, options, key, equals + 1));
}

/* The library knows the bounds. */
static spica_status set_seeds(Console *console, const char *text, size_t *seeds) {
    char *end;
    errno = 0;
    const unsigned long number = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0) {
        console_error(console, "--seeds takes a number of runs, not '%s'", text);
        return SPICA_ERROR_OPTION;
    }
    *seeds = number;
    return SPICA_OK;
}

/* A number of bytes with K, M or G (powers of 1024) behind it. */
static spica_status set_memory(Console *console, const char *text, size_t *bytes) {
    char *end;
    errno = 0;
    const unsigned long long number = strtoull(text, &end, 10);
    const char *units = "KMG", *unit = *end != '\0' ? strchr(units, *end) : NULL;
    const int shift = unit != NULL ? 10 * (int)(unit - units + 1) : 0;
    if (text[0] < '1' || text[0] > '9' || errno != 0 || (*end != '\0' && (unit == NULL || end[1] != '\0')) ||
        number > SIZE_MAX >> shift) {
        console_error(console, "--memory-limit takes a size such as 800M or 4G, not '%s'", text);
        return SPICA_ERROR_OPTION;
    }
    *bytes = (size_t)number << shift;
    return SPICA_OK;
}

/* The words still to be read. */
typedef struct Words {
    char *const *word;
    int left;
} Words;

/* The flag's value: after '=' in the same word, or the next word. */
static spica_status take_value(Console *console, Words *words, const char *name, const char *inline_value,
                               const char **value) {
    *value = inline_value;
    if (inline_value != NULL) return SPICA_OK;
    if (words->left == 0) {
        console_error(console, "option '%s' needs a value", name);
        return SPICA_ERROR_OPTION;
    }
    *value = *words->word++;
    words->left--;
    return SPICA_OK;
}

static const char *long_name(const char *word) {
    if (strcmp(word, "-k") == 0) return "--clusters";
    if (strcmp(word, "-o") == 0) return "--output";
    if (strcmp(word, "-h") == 0) return "--help";
    if (strcmp(word, "-q") == 0) return "--quiet";
    return word;
}

static spica_status read_own_flag(spica_context *context, Console *console, const Flag *flag, const char *value,
                                  Arguments *arguments) {
    if (flag == &flag_output) arguments->output = value;
    if (flag == &flag_confusion) arguments->confusion = value;
    if (flag == &flag_form) arguments->form = value;
    if (flag == &flag_link) arguments->link = value;
    if (flag == &flag_dry_run) arguments->dry_run = true;
    if (flag == &flag_overwrite) arguments->overwrite = true;
    if (flag == &flag_no_report) arguments->no_report = true;
    if (flag == &flag_tune) arguments->tune = true;
    if (flag == &flag_json) arguments->json = true;
    if (flag == &flag_quiet) console->quiet = true;
    if (flag == &flag_help) arguments->help = true;
    if (flag == &flag_memory) return set_memory(console, value, &arguments->memory);
    if (flag == &flag_seeds) return set_seeds(console, value, &arguments->seeds);
    if (flag == &flag_set) return set_pair(context, console, arguments->options, value);
    if (flag == &flag_recipe)
        return option_result(context, console, spica_options_recipe(context, arguments->options, value));
    return SPICA_OK;
}

static spica_status read_flag(spica_context *context, Console *console, const Command *command, const char *word,
                              Words *words, Arguments *arguments) {
    char name[64];
    const char *equals = strchr(word, '=');
    const size_t length = equals != NULL ? (size_t)(equals - word) : strlen(word);
    if (length >= sizeof name) return unknown_flag(console, command, word);
    memcpy(name, word, length);
    name[length] = '\0';
    const char *inline_value = equals != NULL ? equals + 1 : NULL;
    const char *known = long_name(name), *value;

    const Flag *flags[FLAGS_OWN];
    for (int i = 0, own = own_flags(command, flags); i < own; i++) {
        if (strcmp(flags[i]->name, known) != 0) continue;
        value = ""; /* of a switch */
        if (flags[i]->value != NULL) {
            const spica_status status = take_value(console, words, name, inline_value, &value);
            if (status != SPICA_OK) return status;
        } else if (inline_value != NULL) {
            console_error(console, "option '%s' takes no value", name);
            return SPICA_ERROR_OPTION;
        }
        return read_own_flag(context, console, flags[i], value, arguments);
    }
    spica_option_info option;
    for (size_t i = 0; spica_option_describe(i, &option) == SPICA_OK; i++) {
        if (!option_allowed(command, &option) || strcmp(option.flag, known) != 0) continue;
        const spica_status status = take_value(console, words, name, inline_value, &value);
        if (status != SPICA_OK) return status;
        if (strcmp(option.key, "data.labels") == 0) arguments->labels_given = true;
        return option_result(context, console, spica_options_set(context, arguments->options, option.key, value));
    }
    return unknown_flag(console, command, name);
}

spica_status arguments_read(spica_context *context, Console *console, const Command *command, int count,
                            char *const *words, Arguments *arguments) {
    Words left = {.word = words, .left = count};
    bool flags_ended = false;
    while (left.left > 0) {
        const char *word = *left.word++;
        left.left--;
        if (!flags_ended && strcmp(word, "--") == 0) {
            flags_ended = true;
        } else if (!flags_ended && word[0] == '-' && word[1] != '\0') {
            const spica_status status = read_flag(context, console, command, word, &left, arguments);
            if (status != SPICA_OK) return status;
        } else if (arguments->operand_count == command->most) {
            console_error(console, "%s: unexpected word '%s' (usage: spica %s %s)", command->name, word, command->name,
                          command->usage);
            return SPICA_ERROR_OPTION;
        } else {
            arguments->operands[arguments->operand_count++] = word;
        }
    }
    if (!arguments->help && arguments->operand_count < command->least) {
        console_error(console, "usage: spica %s %s", command->name, command->usage);
        return SPICA_ERROR_OPTION;
    }
    if (!arguments->help && command->output_needed != NULL && arguments->output == NULL) {
        console_error(console, "%s: -o is missing: %s", command->name, command->output_needed);
        return SPICA_ERROR_OPTION;
    }
    return SPICA_OK;
}

void command_help(const Command *command) {
    const Flag *flags[FLAGS_OWN];
    printf("usage: spica %s %s\n\n%s\n\n", command->name, command->usage, command->summary);
    if (command->help != NULL) command->help();
    for (int i = 0, own = own_flags(command, flags); i < own; i++) {
        char left[64];
        snprintf(left, sizeof left, "%s %s", flags[i]->name, flags[i]->value != NULL ? flags[i]->value : "");
        printf("  %-24s %s\n", left, flags[i]->help);
    }
    spica_option_info option;
    for (size_t i = 0; spica_option_describe(i, &option) == SPICA_OK; i++) {
        if (!option_allowed(command, &option)) continue;
        char left[96];
        snprintf(left, sizeof left, "%s %s", option.flag, option.choices[0] != '\0' ? option.choices : option.type);
        printf("  %-24s %s", left, option.help);
        if (option.initial[0] != '\0') printf(" [%s]", option.initial);
        printf("\n");
    }
}

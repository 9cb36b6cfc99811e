#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <omp.h>

#include "command.h"

static const Command *const commands[] = {&command_cluster, &command_assign, &command_eval,   &command_report,
                                          &command_embed,   &command_info,   &command_recipe, &command_options,
                                          &command_ablate,  &command_probe,  &command_semi,   &command_export,
                                          &command_cache,   &command_bench};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static void print_usage(FILE *stream) {
    fputs("usage: spica COMMAND [OPERANDS] [OPTIONS]\n\n"
          "Groups unlabelled pictures into K meaningful clusters.\n\n",
          stream);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(stream, "  %-8s  %s\n", commands[i]->name, commands[i]->summary);
    fputs("\nspica COMMAND --help explains a command; spica --version prints the version.\n", stream);
}

static int exit_status(spica_status status) {
    if (status == SPICA_CANCELLED && signals_exit_status() != 0) return signals_exit_status();
    switch (status) {
#define EXIT_CASE(name, text, exit)                                                                                    \
    case name: return exit;
        SPICA_STATUS_LIST(EXIT_CASE)
#undef EXIT_CASE
    }
    return 1;
}

static const Command *find_command(Console *console, const char *name) {
    const char *names[COMMAND_COUNT];
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i]->name, name) == 0) return commands[i];
        names[i] = commands[i]->name;
    }
    const char *near = spica_nearest_word(name, names, COMMAND_COUNT);
    if (near != NULL)
        console_error(console, "unknown command '%s' (did you mean '%s'?)", name, near);
    else
        console_error(console, "unknown command '%s' (see spica --help)", name);
    return NULL;
}

/* What failed in the library has left its reason on the context. */
static void tell_reason(const spica_context *context, Console *console) {
    const char *reason = spica_context_reason(context);
    if (reason[0] != '\0') console_error(console, "%s", reason);
}

/* A command that failed in its arguments has told the console already. */
static spica_status run_command(spica_context *context, Console *console, const Command *command, int count,
                                char *const *words) {
    Arguments arguments = {.seeds = SEEDS_USUAL};
    spica_status status = spica_options_open(context, &arguments.options);
    if (status != SPICA_OK) {
        tell_reason(context, console);
    } else {
        status = arguments_read(context, console, command, count, words, &arguments);
        if (status == SPICA_OK && arguments.help) {
            command_help(command);
        } else if (status == SPICA_OK) {
            spica_context_limit_memory(context, arguments.memory);
            status = command->run(context, console, &arguments);
            if (status != SPICA_OK) tell_reason(context, console);
        }
    }
    spica_options_close(context, &arguments.options);
    return status;
}

void print_quality(const spica_quality *quality) {
    /* Only NaN differs from itself: no labels. */
    if (quality->acc != quality->acc) return;
    printf("ACC %.4f  NMI %.4f  ARI %.4f  purity %.4f  NMI (geometric) %.4f\n", quality->acc, quality->nmi,
           quality->ari, quality->purity, quality->nmi_geometric);
}

/* Only NaN differs from itself: undefined, and left out. */
static void print_figure(const char *name, double value) {
    if (value == value) printf("  %s %.4f", name, value);
}

void print_label_free(const spica_quality *quality) {
    if (quality->smallest_share == quality->smallest_share)
        printf("smallest cluster %.1f %%  largest %.1f %%", 100.0 * quality->smallest_share,
               100.0 * quality->largest_share);
    print_figure("silhouette", quality->silhouette);
    print_figure("mean confidence", quality->mean_confidence);
    print_figure("calibration error", quality->calibration_error);
    putchar('\n');
}

/* Idle OpenMP threads of GCC's library spin for milliseconds, which on a machine that others use too takes the
 * processor from the thread that they wait for. The library reads its environment before main, so the program starts
 * itself once more with a short spin; but not where threads are bound to processors, as this one already is: what it
 * starts would find that one processor alone. */
static void limit_spinning(char **words) {
    char path[4096];
    if (getenv("GOMP_SPINCOUNT") != NULL || getenv("OMP_WAIT_POLICY") != NULL) return;
    if (omp_get_proc_bind() != omp_proc_bind_false) return;
    const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length <= 0 || setenv("GOMP_SPINCOUNT", "20000", 1) != 0) return;
    path[length] = '\0';
    execv(path, words); /* comes back only where it fails, and then all goes on as it is */
}

/* A word as a shell would have to read it. */
static void print_word(FILE *text, const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_";
    if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
        fputs(word, text);
        return;
    }
    fputc('\'', text);
    for (; *word != '\0'; word++)
        if (*word == '\'')
            fputs("'\\''", text);
        else
            fputc(*word, text);
    fputc('\'', text);
}

/* The command line as one text, released by the caller; NULL where memory is short. */
static char *command_text(char **words) {
    char *command = NULL;
    size_t bytes;
    FILE *text = open_memstream(&command, &bytes);
    if (text == NULL) return NULL;
    fputs("spica", text);
    for (words++; *words != NULL; words++) {
        fputc(' ', text);
        print_word(text, *words);
    }
    if (fclose(text) == 0) return command;
    free(command);
    return NULL;
}

int main(int count, char **words) {
    limit_spinning(words);
    Console console;
    console_open(&console);
    if (count < 2) {
        print_usage(stderr);
        return 2;
    }
    if (strcmp(words[1], "--help") == 0 || strcmp(words[1], "-h") == 0 || strcmp(words[1], "help") == 0) {
        print_usage(stdout);
        return 0;
    }
    if (strcmp(words[1], "--version") == 0) {
        printf("spica %s\n", spica_version());
        return 0;
    }
    const Command *command = find_command(&console, words[1]);
    if (command == NULL) return 2;

    signals_catch();
    char *line = command_text(words);
    const spica_settings settings = {
        .log = console_log, .progress = console_progress, .cancel = signals_cancel, .user = &console, .command = line};
    spica_context *context;
    spica_status status = spica_context_open(&context, &settings);
    if (status != SPICA_OK) {
        console_error(&console, "%s", spica_status_text(status));
        free(line);
        return exit_status(status);
    }
    status = run_command(context, &console, command, count - 2, words + 2);
    console_clear(&console);
    spica_context_close(&context);
    free(line);
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == SPICA_OK) {
        console_error(&console, "standard output could not be written");
        return 1;
    }
    return exit_status(status);
}

/* The command line: one table of commands, one reader of arguments. Floor plan of the room:
 *   main.c          finds the command, turns a status into an exit status
 *   arguments.c     flags and operands -> Arguments
 *   console.c       progress line, log, signals
 *   command_*.c     one file per command
 * The commands are clients of the public library: they include spica/spica.h and nothing else of it. */
#ifndef SPICA_CLI_COMMAND_H
#define SPICA_CLI_COMMAND_H

#include <stdbool.h>

#include "console.h"
#include "spica/spica.h"

#define OPERANDS_MAX 16
#define SEEDS_USUAL 3

/* What the words after the command said. Texts point into argv. */
typedef struct Arguments {
    const char *operands[OPERANDS_MAX];
    int operand_count;
    const char *output;    /* -o */
    const char *confusion; /* --confusion */
    const char *form;      /* --to */
    const char *link;      /* --link */
    bool dry_run;          /* --dry-run */
    bool json, overwrite, help;
    bool tune;         /* --tune */
    size_t memory;     /* --memory-limit: bytes; 0: no limit */
    bool no_report;    /* --no-report */
    bool labels_given; /* --labels */
    size_t seeds;      /* --seeds, else SEEDS_USUAL */
    spica_options *options;
} Arguments;

typedef struct Command {
    const char *name;
    const char *usage;         /* operands and flags, after "spica NAME " */
    const char *summary;       /* one line of the list of commands */
    int least, most;           /* operands */
    const char *output_needed; /* what -o gives, where the command cannot do without; else NULL */
    bool takes_output, takes_json, takes_overwrite, takes_recipe, takes_seeds, takes_confusion;
    bool takes_form;        /* --to, --link, --dry-run */
    bool takes_no_report;   /* --no-report */
    bool takes_tune;        /* --tune */
    bool takes_all_options; /* else data.* and run.threads alone */
    void (*help)(void);     /* what --help says between summary and flags; NULL: nothing */
    spica_status (*run)(spica_context *context, Console *console, const Arguments *arguments);
} Command;

extern const Command command_cluster, command_assign, command_eval, command_probe, command_embed, command_info,
    command_recipe, command_options, command_ablate, command_semi, command_export, command_cache, command_report,
    command_bench;

/* Reads argv[0..count-1], the words after the command's name. A wrong word is reported on the console and gives
 * SPICA_ERROR_OPTION. */
spica_status arguments_read(spica_context *context, Console *console, const Command *command, int count,
                            char *const *words, Arguments *arguments);

/* The command's --help on stdout: usage, its flags, and from the option table the named options. */
void command_help(const Command *command);

/* RUN/metrics.json on stdout. */
void print_metrics(Console *console, const char *run);

/* spica_cluster, its result on stdout by `print`, and then, without --no-report, a report that does not take long
 * beside it: a report that fails takes nothing away. */
typedef void PrintResult(Console *console, const Arguments *arguments, const spica_quality *quality);
spica_status cluster_and_report(spica_context *context, Console *console, const Arguments *arguments,
                                PrintResult *print);

/* How many pictures are in how many clusters, and the scores. */
void print_clusters(const spica_quality *quality, const char *run);

/* ACC, NMI ... in one line on stdout; nothing where there are no labels. */
void print_quality(const spica_quality *quality);

/* What needs no labels, in one line. */
void print_label_free(const spica_quality *quality);

#endif

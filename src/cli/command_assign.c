#include <stdio.h>
#include <string.h>

#include "command.h"

/* RFC 4180: a field with a comma, a quote or a line break is quoted, quotes inside doubled. */
static void print_field(const char *text) {
    if (strpbrk(text, ",\"\r\n") == NULL) {
        fputs(text, stdout);
        return;
    }
    putchar('"');
    for (; *text != '\0'; text++) {
        if (*text == '"') putchar('"');
        putchar(*text);
    }
    putchar('"');
}

typedef struct Table {
    bool begun, labelled;
} Table;

static int print_row(void *user, const spica_row *row) {
    Table *table = user;
    if (!table->begun) {
        table->begun = true;
        table->labelled = row->label != NULL;
        puts(table->labelled ? "path,cluster,confidence,reliable,label\r" : "path,cluster,confidence,reliable\r");
    }
    print_field(row->path);
    printf(",%d,%.9g,", (int)row->cluster, (double)row->confidence);
    if (row->reliable >= 0) printf("%d", row->reliable);
    if (table->labelled) {
        putchar(',');
        print_field(row->label != NULL ? row->label : "");
    }
    fputs("\r\n", stdout);
    return ferror(stdout);
}

static spica_status run(spica_context *context, Console *console, const Arguments *arguments) {
    (void)console;
    Table table = {0};
    return spica_assign(context, arguments->operands[0], arguments->operands[1], arguments->options, print_row, &table);
}

const Command command_assign = {
    .name = "assign",
    .usage = "RUN DATA [OPTIONS] > FILE.csv",
    .summary = "assigns the pictures of DATA to the clusters of RUN; CSV on stdout",
    .least = 2,
    .most = 2,
    .run = run,
};

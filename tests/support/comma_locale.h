/* A locale whose decimal sign is a comma, made where it is needed: a bare system has none. */
#ifndef SPICA_TESTS_SUPPORT_COMMA_LOCALE_H
#define SPICA_TESTS_SUPPORT_COMMA_LOCALE_H

#include <locale.h>

#include "support/testing.h"

/* Whether the process has it now; setlocale(LC_ALL, "C") ends it. */
static inline bool comma_locale_enter(Context *ctx) {
    static const char source[] = "escape_char /\nLC_NUMERIC\ndecimal_point \",\"\nthousands_sep \".\"\n"
                                 "grouping 3\nEND LC_NUMERIC\n";
    const TestScratch scratch = test_scratch();
    char command[2000];
    TEST_OK(ctx, file_replace(ctx, test_path(&scratch, "source"), source, strlen(source)));
    snprintf(command, sizeof command, "localedef -c -i %s/source -f ANSI_X3.4-1968 %s/comma >/dev/null 2>&1",
             scratch.path, scratch.path);
    /* localedef warns of the categories that the source leaves out, and so does not end with 0. */
    const bool made = system(command) >= 0;
    setenv("LOCPATH", scratch.path, 1);
    const bool entered = made && setlocale(LC_NUMERIC, "comma") != NULL;
    test_scratch_remove(ctx, &scratch);
    return entered;
}

#endif

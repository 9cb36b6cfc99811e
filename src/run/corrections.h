/* How a budget corrected the length of stage 1 while it ran: from which step on the learning rate falls over how many
 * steps. A run that repeats another follows its list instead of the clock. */
#ifndef SPICA_RUN_CORRECTIONS_H
#define SPICA_RUN_CORRECTIONS_H

#include "base/memory.h"

enum { CORRECTIONS_MOST = 8 };

typedef struct Correction {
    int64_t from;  /* step, counted from 0 */
    int64_t steps; /* the schedule's length, counted from step 0 */
} Correction;

typedef struct Corrections {
    int count;
    Correction items[CORRECTIONS_MOST]; /* by ascending `from`, the first from 0 */
} Corrections;

#define CORRECTIONS_TEXT ((size_t)CORRECTIONS_MOST * 44)

/* "0:6096,500:15000"; the empty text is none. SPICA_ERROR_OPTION naming the text where it is no such list. */
Status corrections_read(Context *ctx, const char *text, Corrections *corrections);
void corrections_print(const Corrections *corrections, char text[CORRECTIONS_TEXT]);

/* The schedule's length that begins at this step, or 0. */
int64_t corrections_at(const Corrections *corrections, int64_t step);

#endif

/* Names of an array's rows. */
#ifndef SPICA_DATA_ROW_NAMES_H
#define SPICA_DATA_ROW_NAMES_H

#include "data/dataset.h"

/* The lines of a text file become the paths of the rows, in their order; a byte order mark and the carriage returns of
 * CRLF are no part of them. Errors: SPICA_ERROR_DATA where there are not as many lines as rows, or a line is empty or
 * holds a byte 0. */
Status dataset_name_rows(Context *ctx, Dataset *dataset, const char *file);

#endif

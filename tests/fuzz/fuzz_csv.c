/* A table of text. */
#include "base/csv.h"

#include <string.h>

#include "fuzzing.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    CsvTable table;
    Context *ctx = fuzz_context();
    size_t length = 0;
    const Status status = csv_read(ctx, fuzz_file("table.csv", bytes, count), &table);
    if (status != SPICA_OK && *spica_context_reason(ctx) == '\0') abort();
    for (size_t row = 0; status == SPICA_OK && row < table.rows; row++)
        for (size_t column = 0; column < table.columns; column++)
            length += strlen(csv_cell(&table, row, column));
    if (length > count) abort();
    csv_close(ctx, &table);
    return 0;
}

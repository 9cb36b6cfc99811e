#include "run/confusion_table.h"

static Status add_name(Context *ctx, CsvWriter *writer, ConfusionSide side, size_t number) {
    if (side.names == NULL) return csv_add_integer(ctx, writer, (int64_t)number);
    return csv_add_text(ctx, writer, side.names[number]);
}

static Status write_rows(Context *ctx, CsvWriter *writer, const int64_t *confusion, ConfusionSide rows,
                         ConfusionSide columns) {
    TRY(csv_add_text(ctx, writer, "cluster"));
    for (size_t column = 0; column < columns.count; column++)
        TRY(add_name(ctx, writer, columns, column));
    TRY(csv_end_row(ctx, writer));
    for (size_t row = 0; row < rows.count; row++) {
        TRY(add_name(ctx, writer, rows, row));
        for (size_t column = 0; column < columns.count; column++)
            TRY(csv_add_integer(ctx, writer, confusion[row * columns.count + column]));
        TRY(csv_end_row(ctx, writer));
    }
    return csv_writer_commit(ctx, writer);
}

Status confusion_table_write(Context *ctx, const char *path, const int64_t *confusion, ConfusionSide rows,
                             ConfusionSide columns) {
    CsvWriter writer = {0};
    Status status = csv_writer_open(ctx, &writer, path);
    if (status == SPICA_OK) status = write_rows(ctx, &writer, confusion, rows, columns);
    csv_writer_close(ctx, &writer);
    return status;
}

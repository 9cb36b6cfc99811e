#include "state/cluster_table.h"

#include <math.h>
#include <string.h>

#include "base/number.h"

Status cluster_table_header(Context *ctx, CsvWriter *writer, const ClusterRows *rows) {
    static const char *const names[] = {"path", "cluster", "confidence", "reliable"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        TRY(csv_add_text(ctx, writer, names[i]));
    if (rows->labels != NULL) TRY(csv_add_text(ctx, writer, "label"));
    if (rows->known != NULL) {
        TRY(csv_add_text(ctx, writer, "name"));
        TRY(csv_add_text(ctx, writer, "known"));
    }
    return csv_end_row(ctx, writer);
}

/* The cluster's name, where it has one, and whether the picture's label was learnt from. */
static Status add_known(Context *ctx, CsvWriter *writer, const ClusterRows *rows, size_t row) {
    const size_t cluster = (size_t)rows->clusters[row];
    TRY(csv_add_text(ctx, writer, cluster < rows->name_count ? rows->names[cluster] : ""));
    return csv_add_integer(ctx, writer, rows->known[row] >= 0);
}

Status cluster_table_row(Context *ctx, CsvWriter *writer, const ClusterRows *rows, size_t row) {
    TRY(csv_add_text(ctx, writer, rows->paths[row]));
    TRY(csv_add_integer(ctx, writer, rows->clusters[row]));
    if (rows->confidences != NULL)
        TRY(csv_add_real(ctx, writer, (double)rows->confidences[row]));
    else
        TRY(csv_add_text(ctx, writer, ""));
    if (rows->reliable != NULL)
        TRY(csv_add_integer(ctx, writer, rows->reliable[row] >= 0));
    else
        TRY(csv_add_text(ctx, writer, ""));
    if (rows->labels != NULL)
        TRY(csv_add_text(ctx, writer, rows->labels[row] >= 0 ? rows->class_names[rows->labels[row]] : ""));
    if (rows->known != NULL) TRY(add_known(ctx, writer, rows, row));
    return csv_end_row(ctx, writer);
}

Status cluster_table_write(Context *ctx, const char *path, const ClusterRows *rows) {
    CsvWriter writer;
    Status status;
    TRY_GOTO(status, end, csv_writer_open(ctx, &writer, path));
    TRY_GOTO(status, end, cluster_table_header(ctx, &writer, rows));
    for (size_t row = 0; row < rows->count; row++)
        TRY_GOTO(status, end, cluster_table_row(ctx, &writer, rows, row));
    status = csv_writer_commit(ctx, &writer);
end:
    csv_writer_close(ctx, &writer);
    return status;
}

static Status cell_fail(Context *ctx, const ClusterTable *table, size_t row, const char *column, const char *cell,
                        const char *expected) {
    return context_fail(ctx, SPICA_ERROR_DATA, "%s: line %zu: %s \"%.100s\": %s is expected", table->csv.path,
                        csv_line(&table->csv, row), column, cell, expected);
}

/* Whether every cell is a number of a cluster; the numbers are stored. */
static bool clusters_parse(ClusterTable *table, size_t column) {
    table->cluster_count = 0;
    for (size_t row = 0; row < table->count; row++) {
        int64_t value;
        if (!number_parse_integer(csv_cell(&table->csv, row, column), &value)) return false;
        if (value < 0 || value >= CLUSTER_NUMBERS_MOST) return false;
        table->clusters[row] = (int32_t)value;
        if ((size_t)value >= table->cluster_count) table->cluster_count = (size_t)value + 1;
    }
    return true;
}

/* The clusters of another program may have any names: "cat", "-1" for what is in none. */
static Status clusters_name(Context *ctx, ClusterTable *table, size_t column) {
    const char **texts;
    TRY(NEW_ARRAY(ctx, &texts, table->count));
    for (size_t row = 0; row < table->count; row++)
        texts[row] = csv_cell(&table->csv, row, column);
    Status status = name_table_open(ctx, &table->names, texts, table->count);
    table->cluster_count = table->names.count;
    for (size_t row = 0; status == SPICA_OK && row < table->count; row++) {
        table->clusters[row] = (int32_t)name_table_find(&table->names, texts[row]);
        if (table->clusters[row] < 0) status = cell_fail(ctx, table, row, "cluster", texts[row], "a name");
    }
    FREE_ARRAY(ctx, &texts);
    return status;
}

static Status confidences_parse(Context *ctx, ClusterTable *table, long column) {
    for (size_t row = 0; row < table->count; row++) {
        const char *cell = column >= 0 ? csv_cell(&table->csv, row, (size_t)column) : "";
        double value = (double)NAN;
        if (*cell != '\0' && !number_parse_real(cell, &value))
            return cell_fail(ctx, table, row, "confidence", cell, "a number");
        table->confidences[row] = (float)value;
    }
    return SPICA_OK;
}

/* bits[count]: 1, 0, or -1 where the cell is empty or the column missing. */
static Status bits_parse(Context *ctx, const ClusterTable *table, const char *name, int8_t *bits) {
    const long column = csv_find(&table->csv, name);
    for (size_t row = 0; row < table->count; row++) {
        const char *cell = column >= 0 ? csv_cell(&table->csv, row, (size_t)column) : "";
        const bool is_bit = (*cell == '0' || *cell == '1') && cell[1] == '\0';
        if (*cell != '\0' && !is_bit) return cell_fail(ctx, table, row, name, cell, "0, 1 or nothing");
        bits[row] = (int8_t)(is_bit ? *cell - '0' : -1);
    }
    return SPICA_OK;
}

static Status known_parse(Context *ctx, ClusterTable *table) {
    if (csv_find(&table->csv, "known") < 0) return SPICA_OK;
    TRY(NEW_ARRAY(ctx, &table->known, table->count));
    return bits_parse(ctx, table, "known", table->known);
}

static Status labels_find(Context *ctx, ClusterTable *table, long column) {
    if (column < 0) return SPICA_OK;
    TRY(NEW_ARRAY(ctx, &table->labels, table->count));
    for (size_t row = 0; row < table->count; row++)
        table->labels[row] = csv_cell(&table->csv, row, (size_t)column);
    return SPICA_OK;
}

Status cluster_table_read(Context *ctx, const char *path, ClusterTable *table) {
    *table = (ClusterTable){0};
    size_t path_column, cluster_column;
    TRY(csv_read(ctx, path, &table->csv));
    TRY(csv_require(ctx, &table->csv, "path", &path_column));
    TRY(csv_require(ctx, &table->csv, "cluster", &cluster_column));
    table->count = table->csv.rows;
    TRY(NEW_ARRAY(ctx, &table->paths, table->count));
    TRY(NEW_ARRAY(ctx, &table->clusters, table->count));
    TRY(NEW_ARRAY(ctx, &table->confidences, table->count));
    TRY(NEW_ARRAY(ctx, &table->reliable, table->count));
    for (size_t row = 0; row < table->count; row++)
        table->paths[row] = csv_cell(&table->csv, row, path_column);
    if (!clusters_parse(table, cluster_column)) TRY(clusters_name(ctx, table, cluster_column));
    TRY(confidences_parse(ctx, table, csv_find(&table->csv, "confidence")));
    TRY(bits_parse(ctx, table, "reliable", table->reliable));
    TRY(known_parse(ctx, table));
    return labels_find(ctx, table, csv_find(&table->csv, "label"));
}

void cluster_table_close(Context *ctx, ClusterTable *table) {
    FREE_ARRAY(ctx, &table->paths);
    FREE_ARRAY(ctx, &table->clusters);
    FREE_ARRAY(ctx, &table->confidences);
    FREE_ARRAY(ctx, &table->reliable);
    FREE_ARRAY(ctx, &table->labels);
    FREE_ARRAY(ctx, &table->known);
    name_table_close(ctx, &table->names);
    csv_close(ctx, &table->csv);
    *table = (ClusterTable){0};
}

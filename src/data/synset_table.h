/* Classes of ImageNet and of what is taken from it: WordNet's synsets, which its folders are named by ("n02085936"). */
#ifndef SPICA_DATA_SYNSET_TABLE_H
#define SPICA_DATA_SYNSET_TABLE_H

#include "data/picture_list.h"
#include "data/reader.h"

/* Zeroed may be closed. The texts are the arena's. */
typedef struct SynsetTable {
    const char **ids;   /* count different ones in ascending order; owned */
    const char **names; /* [count] of the classes, by default the ids; no two are equal; owned */
    size_t count;
    Arena arena;
} SynsetTable;

/* Whether a text is a synset's id: an n and eight digits. */
bool text_is_synset(const char *text);

/* Synsets from a file of lines "ID" or "ID NAME", with spaces or a tab between. Errors: SPICA_ERROR_DATA naming the
 * line that is none; where a synset stands there twice, or there are none; where the file cannot be read. */
Status synset_table_read(Context *ctx, SynsetTable *table, const char *path);

/* Synsets ids[count], in any order, with their names, "" for none. */
Status synset_table_set(Context *ctx, SynsetTable *table, const char *const *ids, const char *const *names,
                        size_t count);

/* Names from a file of lines "ID NAME", of which many may be of other synsets; a name that two share gets its id behind
 * it. Where there is no such file nothing happens. Errors: SPICA_ERROR_DATA where it cannot be read. */
Status synset_table_read_names(Context *ctx, SynsetTable *table, const char *path);

/* The synset's place in the table, or -1. */
long synset_table_find(const SynsetTable *table, const char *id);

void synset_table_close(Context *ctx, SynsetTable *table);

/* Labels of a dataset whose rows are the list's entries without a problem, by their labels, which are ids of the table
 * or NULL; the table's names are the classes'. */
Status synset_labels_set(Context *ctx, Dataset *dataset, const PictureList *list, const SynsetTable *table);

#endif

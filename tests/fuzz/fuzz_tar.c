/* A tar, up to the list of its pictures. The archives of tests/golden/tar are a corpus to begin with. A mutation seldom
 * leaves a checksum right, so all of them are put right first, unless the last byte is odd. */
#include <string.h>

#include "data/tar_list.h"
#include "fuzzing.h"

#define BLOCK ((size_t)512)
#define SUM_AT ((size_t)148)

/* Where blocks are headers only the reader knows: every block whose field looks like a checksum gets a right one. */
static void sums_set(uint8_t *bytes, size_t count) {
    for (size_t at = 0; at + BLOCK <= count; at += BLOCK) {
        unsigned sum = 0;
        char text[8];
        if (bytes[at + SUM_AT] != '0') continue;
        memset(bytes + at + SUM_AT, ' ', 8);
        for (size_t i = 0; i < BLOCK; i++)
            sum += bytes[at + i];
        snprintf(text, sizeof text, "%06o", sum);
        memcpy(bytes + at + SUM_AT, text, 7);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static uint8_t file[1 << 20];
    Context *ctx = fuzz_context();
    PictureList list = {0};
    if (count == 0 || count > sizeof file) return 0;
    memcpy(file, bytes, count);
    if (bytes[count - 1] % 2 == 0) sums_set(file, count);
    const Status status = picture_list_tar(ctx, &list, fuzz_file("a.tar", file, count));
    if (status != SPICA_OK && *spica_context_reason(ctx) == '\0') abort();
    for (size_t i = 0; status == SPICA_OK && i < list.count; i++) {
        const PictureEntry *entry = &list.entries[i];
        if (entry->offset > count || entry->size > count - entry->offset) abort();
        if (i > 0 && strcmp(list.entries[i - 1].path, entry->path) >= 0) abort();
    }
    picture_list_close(ctx, &list);
    return 0;
}

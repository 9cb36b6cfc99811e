/* A list of pictures as text, and as a table. None of them is opened: what a list names is only examined. */
#include "data/picture_list.h"
#include "fuzzing.h"

static void read_list(Context *ctx, Status (*read)(Context *ctx, PictureList *list, const char *path),
                      const char *path) {
    PictureList list = {0};
    if (read(ctx, &list, path) != SPICA_OK && *spica_context_reason(ctx) == '\0') abort();
    for (size_t i = 0; i < list.count; i++)
        if (list.entries[i].path == NULL) abort();
    picture_list_close(ctx, &list);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    const char *path = fuzz_file("list.txt", bytes, count);
    Context *ctx = fuzz_context();
    (void)file_lists_pictures(path);
    (void)file_has_path_column(path);
    read_list(ctx, picture_list_lines, path);
    read_list(ctx, picture_list_table, path);
    return 0;
}

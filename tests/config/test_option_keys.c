/* Every key that the sources ask for by a literal stands in the table, with the type that the call reads. */
#include "support/testing.h"

#include "config/options.h"

static int calls_seen;

static bool type_fits(const char *accessor, OptionType type) {
    switch (type) {
    case OPTION_INTEGER: return strcmp(accessor, "integer") == 0 || strcmp(accessor, "real") == 0;
    case OPTION_REAL:
    case OPTION_DURATION: return strcmp(accessor, "real") == 0;
    case OPTION_BOOLEAN: return strcmp(accessor, "boolean") == 0;
    case OPTION_TEXT:
    case OPTION_CHOICE: return strcmp(accessor, "text") == 0;
    case OPTION_NUMBERS: return strcmp(accessor, "numbers") == 0;
    }
    return false;
}

/* `call` stands at "options_integer(" or the like; looks at the literal among its arguments. */
static void check_call(const char *path, const char *call) {
    char accessor[16], key[128];
    if (sscanf(call, "options_%15[a-z](", accessor) != 1) return;
    const char *quote = strchr(call, '"'), *end = strchr(call, ';');
    if (quote == NULL || end == NULL || quote > end || sscanf(quote, "\"%127[a-z0-9_.]\"", key) != 1) return;
    if (strchr(key, '.') == NULL) return;
    const long index = option_find(key);
    if (index < 0) fail_msg("%s asks for the option %s, which is not in the table", path, key);
    if (!type_fits(accessor, option_table[index].type))
        fail_msg("%s reads %s, a %s, with options_%s", path, key, option_type_name(option_table[index].type), accessor);
    calls_seen++;
}

static void check_file(Context *ctx, const char *path) {
    static const char *const accessors[] = {"options_integer(", "options_real(", "options_boolean(", "options_text(",
                                            "options_numbers("};
    char *text;
    size_t count;
    TEST_OK(ctx, file_read(ctx, path, &text, &count));
    for (size_t i = 0; i < sizeof accessors / sizeof accessors[0]; i++)
        for (const char *call = text; (call = strstr(call, accessors[i])) != NULL; call++)
            check_call(path, call);
    FREE_ARRAY(ctx, &text);
}

static void check_folder(Context *ctx, const char *path) {
    FolderList list;
    TEST_OK(ctx, folder_list(ctx, &list, path));
    for (size_t i = 0; i < list.count; i++) {
        char *child;
        TEST_OK(ctx, path_join(ctx, &child, path, list.names[i]));
        const size_t length = strlen(child);
        if (path_is_folder(child))
            check_folder(ctx, child);
        else if (strcmp(child + length - 2, ".c") == 0)
            check_file(ctx, child);
        FREE_ARRAY(ctx, &child);
    }
    folder_list_close(ctx, &list);
}

static void test_keys_of_the_sources(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    check_folder(ctx, SOURCE_DIR "/src");
    assert_true(calls_seen >= 5); /* options_check alone has them */
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_keys_of_the_sources)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

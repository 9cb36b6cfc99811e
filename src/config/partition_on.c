#include "config/partition_on.h"

#include <string.h>

#include "base/number.h"
#include "config/method_stages.h"

#define COMPONENTS_PREFIX "pca:"
#define COMPONENTS_MOST 1000000

bool partition_on_parse(const char *text, PartitionOn *on, size_t *components) {
    int64_t number;
    const size_t length = strlen(COMPONENTS_PREFIX);
    *components = 0;
    *on = strcmp(text, "embeddings") == 0 ? PARTITION_ON_EMBEDDINGS : PARTITION_ON_PIXELS;
    if (*on == PARTITION_ON_EMBEDDINGS || strcmp(text, "pixels") == 0 || strcmp(text, "auto") == 0) return true;
    if (strncmp(text, COMPONENTS_PREFIX, length) != 0) return false;
    if (!number_parse_integer(text + length, &number) || number < 1 || number > COMPONENTS_MOST) return false;
    *on = PARTITION_ON_COMPONENTS;
    *components = (size_t)number;
    return true;
}

PartitionOn partition_on_resolve(const Options *options, size_t *components) {
    PartitionOn on = PARTITION_ON_PIXELS;
    partition_on_parse(options_text(options, "partition.on"), &on, components);
    return method_has_stage(options, STAGE_FEATURES) ? PARTITION_ON_EMBEDDINGS : on;
}

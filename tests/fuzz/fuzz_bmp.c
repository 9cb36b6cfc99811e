/* A bitmap, and what kind of picture a file is. */
#include <string.h>

#include "data/bmp.h"
#include "data/picture_kind.h"
#include "fuzzing.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    BmpHeader header;
    const char *problem = NULL;
    (void)picture_kind_name(picture_kind(bytes, count));
    if (!bmp_read_header(bytes, count, &header, &problem)) {
        if (problem == NULL) abort();
        return 0;
    }
    if ((uint64_t)header.width * header.height > 1 << 20) return 0; /* the caller's limit */
    uint8_t *pixels = malloc((size_t)header.width * header.height * 3);
    if (pixels == NULL) abort();
    if (!bmp_read_pixels(bytes, count, &header, pixels, &problem) && problem == NULL) abort();
    free(pixels);
    return 0;
}

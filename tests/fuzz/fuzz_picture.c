/* A file of a picture, as the helper decodes it: to a small square, and to its own size. The libraries behind it are
 * those of the machine, without instrumentation: what they read is guided by our code alone. */
#include <vips/vips.h>

#include "decode/decode_picture.h"
#include "fuzzing.h"

int LLVMFuzzerInitialize(int *count, char ***words);
int LLVMFuzzerInitialize(int *count, char ***words) {
    (void)count;
    if (VIPS_INIT((*words)[0]) != 0) abort();
    vips_concurrency_set(1);
    vips_cache_set_max(0);
    return 0;
}

/* A failure has a reason of one line. */
static void decode(const PictureWish *wish, const uint8_t *bytes, size_t count, uint8_t *pixels) {
    PictureTold told = {0};
    if (picture_decode(wish, bytes, count, pixels, &told) == PICTURE_BAD && told.reason[0] == '\0') abort();
    for (const char *c = told.reason; *c != '\0'; c++)
        if (*c == '\n') abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static uint8_t pixels[20 * 20 * 3];
    const PictureWish crop = {.width = 20, .height = 14, .channels = 3, .fit = DECODE_CROP, .most_pixels = 1 << 17};
    PictureWish box = crop;
    box.width = box.height = 16;
    box.channels = 1;
    box.fit = DECODE_LETTERBOX;
    decode(&crop, bytes, count, NULL);
    decode(&crop, bytes, count, pixels);
    decode(&box, bytes, count, pixels);
    return 0;
}

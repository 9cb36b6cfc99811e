#include "report/webp_image.h"

#include <webp/encode.h>

/* The encoder's effort, 0 to 6: beyond 3 it takes twice as long for a few per cent of the bytes. */
#define WEBP_EFFORT 3

static bool encode_into(WebPMemoryWriter *writer, const uint8_t *rgb, int width, int height, int quality) {
    WebPConfig config;
    WebPPicture picture;
    if (!WebPConfigPreset(&config, WEBP_PRESET_PHOTO, (float)quality) || !WebPPictureInit(&picture)) return false;
    config.method = WEBP_EFFORT;
    config.filter_strength = 0; /* smoothing would mix neighbouring pictures of a sheet */
    picture.width = width;
    picture.height = height;
    picture.writer = WebPMemoryWrite;
    picture.custom_ptr = writer;
    const bool done = WebPPictureImportRGB(&picture, rgb, 3 * width) != 0 && WebPEncode(&config, &picture) != 0;
    WebPPictureFree(&picture);
    return done;
}

bool webp_encode(WebpImage *image, const uint8_t *rgb, int width, int height, int quality) {
    WebPMemoryWriter writer;
    WebPMemoryWriterInit(&writer);
    *image = (WebpImage){0};
    if (!encode_into(&writer, rgb, width, height, quality)) {
        WebPMemoryWriterClear(&writer);
        return false;
    }
    *image = (WebpImage){.bytes = writer.mem, .count = writer.size};
    return true;
}

void webp_close(WebpImage *image) {
    WebPFree(image->bytes);
    *image = (WebpImage){0};
}

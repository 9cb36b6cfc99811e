/* Pictures are decoded by helper processes (src/decode): what damaged or hostile files do to a decoder costs one
 * picture, never the run. */
#ifndef SPICA_DATA_DECODE_WORKERS_H
#define SPICA_DATA_DECODE_WORKERS_H

#include "data/picture_list.h"

typedef enum DecodeFit {
    DECODE_CROP,      /* short side to the size, the middle of the long one */
    DECODE_LETTERBOX, /* long side to the size, black beside it */
    DECODE_EXACT,     /* pictures must have the size */
} DecodeFit;

typedef struct DecodeSettings {
    int width, height; /* of the pixels */
    int channels;      /* 3: RGB, 1: grey */
    DecodeFit fit;
    uint64_t most_pixels; /* larger pictures are refused before they are decoded */
    double seconds;       /* that one picture may take */
    int file;             /* descriptor that the pixels are written to, open for writing */
    uint64_t offset;      /* of the first picture */
} DecodeSettings;

/* Decodes every entry that has no problem yet into its place in the file, by ctx->threads helpers; one that cannot be
 * decoded gets its problem. What becomes of a picture does not depend on the others, nor on the number of helpers.
 * *other_size: with DECODE_EXACT some picture has another size, and the rest was left undone. Errors: SPICA_ERROR_IO
 * where the helper cannot be found or started, or the file not written; SPICA_ERROR_MEMORY; SPICA_CANCELLED. */
Status decode_pictures(Context *ctx, PictureList *list, const DecodeSettings *settings, bool *other_size);

/* Width and height of the first picture that has some; both 0 where none has. Earlier ones get their problems. */
Status decode_measure(Context *ctx, PictureList *list, const DecodeSettings *settings, int *width, int *height);

#endif

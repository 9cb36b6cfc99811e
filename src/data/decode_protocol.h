/* What the library and its helper spica-decode say to each other, over one socket that is the helper's standard input
 * and output. Both ends are of one build and on one machine: numbers are in its byte order.
 *
 * The helper is started as
 *     spica-decode VERSION WIDTH HEIGHT CHANNELS FIT MOST_PIXELS OFFSET FOLDER
 * with the file of pixels as descriptor DECODE_FILE. It says READY and then answers jobs one by one, in their order.
 * The pixels of picture i, HEIGHT x WIDTH x CHANNELS bytes, go to OFFSET + i * their size in the file. */
#ifndef SPICA_DATA_DECODE_PROTOCOL_H
#define SPICA_DATA_DECODE_PROTOCOL_H

#include <stdint.h>

#define DECODE_VERSION 2
#define DECODE_FILE 3
#define DECODE_READY UINT64_MAX      /* the index of the answer that says READY */
#define DECODE_WHOLE_FILE UINT64_MAX /* the bytes of a job whose picture is a file, however long it turns out to be */

typedef enum DecodeJobKind {
    DECODE_JOB_MEASURE, /* only tells width and height */
    DECODE_JOB_PIXELS,
} DecodeJobKind;

/* Followed by the bytes of the path, relative to FOLDER, of the file that the picture lies in. */
typedef struct DecodeJob {
    uint64_t index;
    uint64_t offset, bytes; /* of the picture in the file */
    uint32_t kind, path_bytes;
} DecodeJob;

typedef enum DecodeAnswerKind {
    DECODE_ANSWER_DONE,       /* width and height are those of the picture as it is looked at */
    DECODE_ANSWER_BAD,        /* the picture cannot be used */
    DECODE_ANSWER_OTHER_SIZE, /* FIT is exact, and the picture has another size */
    DECODE_ANSWER_FAILED,     /* the file of pixels cannot be written */
} DecodeAnswerKind;

/* Followed by the reason's bytes, one line. */
typedef struct DecodeAnswer {
    uint64_t index;
    uint32_t kind, reason_bytes;
    uint32_t width, height;
    uint32_t picture; /* its PictureKind */
    uint32_t unused;  /* 0: no byte is sent that was never written */
} DecodeAnswer;

#define DECODE_PATH_MOST 4096
#define DECODE_REASON_MOST 400

#endif

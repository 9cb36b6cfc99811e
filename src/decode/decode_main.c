/* spica-decode: reads pictures for libspica in a process of its own (data/decode_protocol.h). It is no command of its
 * own right: it is started by the library, answers on its standard input, and ends when that is closed. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vips/vips.h>

#include "data/decode_protocol.h"
#include "data/picture_kind.h"
#include "decode/decode_picture.h"

/* Address space of this process: the libraries, and a picture of data.max_pixels several times over. */
#define MEMORY_MOST ((rlim_t)6 << 30)
/* A file of more bytes than this is no picture of any sane number of pixels. */
#define FILE_MOST ((uint64_t)1 << 31)
/* Room that every file gets. */
#define FILE_LEAST ((size_t)1 << 16)

typedef struct Helper {
    PictureWish wish;
    uint64_t offset;
    uint8_t *file; /* the bytes of the picture, and what room there is for them */
    size_t file_capacity;
    uint8_t *pixels;
} Helper;

static bool read_all(int file, void *bytes, size_t count) {
    for (uint8_t *next = bytes; count > 0;) {
        const ssize_t got = read(file, next, count);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        next += got;
        count -= (size_t)got;
    }
    return true;
}

static bool write_all(int file, const void *bytes, size_t count) {
    for (const uint8_t *next = bytes; count > 0;) {
        const ssize_t sent = send(file, next, count, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        next += sent;
        count -= (size_t)sent;
    }
    return true;
}

/* pixels into their place of the file. */
static bool place_all(const uint8_t *pixels, size_t count, uint64_t offset) {
    while (count > 0) {
        const ssize_t put = pwrite(DECODE_FILE, pixels, count, (off_t)offset);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false;
        pixels += put;
        count -= (size_t)put;
        offset += (uint64_t)put;
    }
    return true;
}

static PictureOutcome complain(PictureTold *told, const char *words) {
    snprintf(told->reason, sizeof told->reason, "%s", words);
    return PICTURE_BAD;
}

/* More room: for `expected` bytes, and one more that would show that the file has grown. */
static bool file_room_grow(Helper *helper, uint64_t expected) {
    size_t larger = 2 * helper->file_capacity;
    if (larger <= expected) larger = (size_t)expected + 1;
    if (larger < FILE_LEAST) larger = FILE_LEAST;
    uint8_t *block = helper->file_capacity > FILE_MOST ? NULL : realloc(helper->file, larger);
    if (block == NULL) return false;
    helper->file = block;
    helper->file_capacity = larger;
    return true;
}

/* The job's bytes, or all until the end, whatever the size was: a file may grow or shrink while it is read. */
static PictureOutcome file_take(Helper *helper, int file, const DecodeJob *job, uint64_t expected, size_t *count,
                                PictureTold *told) {
    *count = 0;
    while (*count < job->bytes) {
        if (*count == helper->file_capacity && !file_room_grow(helper, expected))
            return complain(told, "the file is too large to be read");
        uint64_t room = helper->file_capacity - *count;
        if (room > job->bytes - *count) room = job->bytes - *count;
        const ssize_t got = pread(file, helper->file + *count, (size_t)room, (off_t)(job->offset + *count));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return complain(told, strerror(errno));
        if (got == 0 && job->bytes != DECODE_WHOLE_FILE) return complain(told, "the archive ends within it");
        if (got == 0) break;
        *count += (size_t)got;
    }
    return *count > 0 ? PICTURE_DECODED : complain(told, "the file is empty");
}

static PictureOutcome file_decode(Helper *helper, int file, const DecodeJob *job, uint8_t *pixels, PictureTold *told) {
    struct stat facts;
    size_t count;
    if (fstat(file, &facts) != 0) return complain(told, strerror(errno));
    if (!S_ISREG(facts.st_mode)) return complain(told, "no regular file");
    const uint64_t expected = job->bytes == DECODE_WHOLE_FILE ? (uint64_t)facts.st_size : job->bytes;
    if (expected > FILE_MOST) return complain(told, "the file is too large to be read");
    const PictureOutcome outcome = file_take(helper, file, job, expected, &count, told);
    return outcome == PICTURE_DECODED ? picture_decode(&helper->wish, helper->file, count, pixels, told) : outcome;
}

static PictureOutcome job_decode(Helper *helper, const DecodeJob *job, const char *path, uint8_t *pixels,
                                 PictureTold *told) {
    *told = (PictureTold){0};
    /* Not blocking, should it have become a FIFO since it was listed. */
    const int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) return complain(told, strerror(errno));
    const PictureOutcome outcome = file_decode(helper, file, job, pixels, told);
    close(file);
    return outcome;
}

static size_t picture_bytes(const PictureWish *wish) {
    return (size_t)wish->width * (size_t)wish->height * (size_t)wish->channels;
}

static bool answer_send(const DecodeAnswer *answer, const char *reason) {
    uint8_t message[sizeof *answer + DECODE_REASON_MOST];
    memcpy(message, answer, sizeof *answer);
    memcpy(message + sizeof *answer, reason, answer->reason_bytes);
    return write_all(STDOUT_FILENO, message, sizeof *answer + answer->reason_bytes);
}

static bool job_do(Helper *helper, const DecodeJob *job, const char *path) {
    PictureTold told;
    const bool pixels_wanted = job->kind == DECODE_JOB_PIXELS;
    const size_t bytes = picture_bytes(&helper->wish);
    const PictureOutcome outcome = job_decode(helper, job, path, pixels_wanted ? helper->pixels : NULL, &told);
    DecodeAnswer answer = {.index = job->index,
                           .kind = outcome == PICTURE_DECODED      ? DECODE_ANSWER_DONE
                                   : outcome == PICTURE_OTHER_SIZE ? DECODE_ANSWER_OTHER_SIZE
                                                                   : DECODE_ANSWER_BAD,
                           .width = (uint32_t)told.width,
                           .height = (uint32_t)told.height,
                           .picture = (uint32_t)told.kind};
    if (outcome == PICTURE_DECODED && pixels_wanted &&
        !place_all(helper->pixels, bytes, helper->offset + job->index * bytes)) {
        answer.kind = DECODE_ANSWER_FAILED;
        complain(&told, strerror(errno));
    }
    answer.reason_bytes = (uint32_t)strnlen(told.reason, DECODE_REASON_MOST);
    return answer_send(&answer, told.reason);
}

static void jobs_do(Helper *helper) {
    const DecodeAnswer ready = {.index = DECODE_READY, .width = DECODE_VERSION};
    char path[DECODE_PATH_MOST + 1];
    DecodeJob job;
    if (!answer_send(&ready, "")) return;
    while (read_all(STDIN_FILENO, &job, sizeof job) && job.path_bytes <= DECODE_PATH_MOST &&
           read_all(STDIN_FILENO, path, job.path_bytes)) {
        path[job.path_bytes] = '\0';
        if (!job_do(helper, &job, path)) return;
    }
}

static void limits_set(void) {
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
#if !defined(__SANITIZE_ADDRESS__) /* which reserves far more than it uses */
    const struct rlimit memory = {MEMORY_MOST, MEMORY_MOST};
    setrlimit(RLIMIT_AS, &memory);
#endif
}

/* One picture at a time: the library starts as many helpers as it wants threads. */
static bool vips_start(const char *name) {
    if (VIPS_INIT(name) != 0) return false;
    vips_concurrency_set(1);
    vips_cache_set_max(0);
    vips_leak_set(FALSE);
    return true;
}

static bool wish_read(char **words, Helper *helper) {
    static const char *const fits[] = {"crop", "letterbox", "exact"};
    helper->wish.width = (int)strtol(words[2], NULL, 10);
    helper->wish.height = (int)strtol(words[3], NULL, 10);
    helper->wish.channels = (int)strtol(words[4], NULL, 10);
    helper->wish.most_pixels = strtoull(words[6], NULL, 10);
    helper->offset = strtoull(words[7], NULL, 10);
    for (int i = 0; i < 3; i++)
        if (strcmp(words[5], fits[i]) == 0) helper->wish.fit = (DecodeFit)i;
    const PictureWish *wish = &helper->wish;
    return wish->width > 0 && wish->height > 0 && (wish->channels == 1 || wish->channels == 3);
}

int main(int count, char **words) {
    Helper helper = {0};
    if (count != 9 || strtol(words[1], NULL, 10) != DECODE_VERSION || !wish_read(words, &helper)) {
        fputs("spica-decode is started by libspica to read pictures; it is of no use by itself\n", stderr);
        return 2;
    }
    limits_set();
    if (chdir(words[8]) != 0 || !vips_start(words[0])) return 1;
    helper.pixels = malloc(picture_bytes(&helper.wish));
    if (helper.pixels == NULL) return 1;
    jobs_do(&helper);
    /* Without the libraries' own ends: there is nothing that they would have to save. */
    _exit(0);
}

/* A helper that stands in for spica-decode in tests (src/data/decode_protocol.h): what it does with a picture is told
 * by the first word of its name. Any other name gives a picture whose bytes are all the length of the path. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/decode_protocol.h"
#include "data/picture_kind.h"

static int read_all(void *bytes, size_t count) {
    for (char *next = bytes; count > 0;) {
        const ssize_t got = read(STDIN_FILENO, next, count);
        if (got <= 0) return 0;
        next += got;
        count -= (size_t)got;
    }
    return 1;
}

static void answer(uint64_t index, uint32_t kind, uint32_t width, const char *reason) {
    const DecodeAnswer told = {.index = index,
                               .kind = kind,
                               .reason_bytes = (uint32_t)strlen(reason),
                               .width = width,
                               .height = 3,
                               .picture = PICTURE_PNG};
    char message[sizeof told + 64];
    memcpy(message, &told, sizeof told);
    memcpy(message + sizeof told, reason, told.reason_bytes);
    /* In two pieces: the reader must wait for the whole. */
    if (write(STDOUT_FILENO, message, 5) != 5) _exit(1);
    if (write(STDOUT_FILENO, message + 5, sizeof told + told.reason_bytes - 5) < 0) _exit(1);
}

static void misbehave(const char *name) {
    if (strncmp(name, "crash", 5) == 0) {
        signal(SIGSEGV, SIG_DFL); /* the sanitizers would make an exit of it */
        raise(SIGSEGV);
    }
    if (strncmp(name, "leave", 5) == 0) _exit(3);
    if (strncmp(name, "hang", 4) == 0) pause();
    if (strncmp(name, "babble", 6) == 0 && write(STDOUT_FILENO, "................................", 32) == 32) pause();
}

int main(int count, char **words) {
    char path[DECODE_PATH_MOST + 1];
    DecodeJob job;
    if (count != 9) return 2;
    const size_t bytes = (size_t)(atoi(words[2]) * atoi(words[3]) * atoi(words[4]));
    if (getenv("STUB_NEVER_READY") != NULL) return 7;
    answer(DECODE_READY, 0, DECODE_VERSION, "");
    while (read_all(&job, sizeof job) && job.path_bytes <= DECODE_PATH_MOST && read_all(path, job.path_bytes)) {
        path[job.path_bytes] = '\0';
        misbehave(path);
        char *pixels = malloc(bytes);
        memset(pixels, (int)job.path_bytes, bytes);
        const off_t place = (off_t)(atoll(words[7]) + (long long)(job.index * bytes));
        if (job.kind == DECODE_JOB_PIXELS && pwrite(DECODE_FILE, pixels, bytes, place) != (ssize_t)bytes) return 1;
        free(pixels);
        if (strncmp(path, "other", 5) == 0)
            answer(job.index, DECODE_ANSWER_OTHER_SIZE, 4, "");
        else if (strncmp(path, "full", 4) == 0)
            answer(job.index, DECODE_ANSWER_FAILED, 4, "No space left on device");
        else if (strncmp(path, "bad", 3) == 0)
            answer(job.index, DECODE_ANSWER_BAD, 4, "no good");
        else
            answer(job.index, DECODE_ANSWER_DONE, 4, "");
    }
    return 0;
}

/* Makes an IDX data set of small grey pictures for the tests of the command line: every class is a bright blob at a
 * place of its own, on noise. The same arguments give the same bytes. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const char usage[] =
    "usage: make_idx FOLDER [--count N] [--test N] [--classes C] [--size HEIGHTxWIDTH] [--gz]\n"
    "Writes FOLDER/train-images-idx3-ubyte, train-labels-idx1-ubyte and, unless --test is 0,\n"
    "t10k-*, with --gz gzipped. FOLDER must exist. Without more: 60 and 20 pictures of 3 classes, 16x16.\n";

typedef struct Job {
    const char *folder;
    unsigned long count, test; /* pictures of the two splits */
    unsigned long classes, height, width;
    bool gzipped;
    uint32_t noise; /* state of a linear congruential generator */
} Job;

static void fail(const char *what) {
    fprintf(stderr, "make_idx: %s\n", what);
    exit(2);
}

static unsigned next_noise(Job *job, unsigned bound) {
    job->noise = job->noise * 1664525u + 1013904223u;
    return (job->noise >> 16) % bound;
}

static gzFile open_file(const Job *job, const char *part, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s-%s-ubyte%s", job->folder, part, name, job->gzipped ? ".gz" : "");
    gzFile file = gzopen(path, job->gzipped ? "wb" : "wbT"); /* T: as it is */
    if (file == NULL) fail(path);
    return file;
}

static void put_number(gzFile file, unsigned long value) {
    for (int shift = 24; shift >= 0; shift -= 8)
        gzputc(file, (int)(value >> shift & 255));
}

/* The blob of class c stands on a circle around the picture's middle, within two pixels of its place. */
static unsigned char pixel_at(Job *job, unsigned long class, long y, long x, long dy, long dx) {
    static const long places[8][2] = {{0, 2}, {1, 3}, {2, 4}, {3, 3}, {4, 2}, {3, 1}, {2, 0}, {1, 1}};
    const long *place = places[class % 8];
    const long height = (long)job->height, width = (long)job->width;
    const long from_y = y - dy - height * (1 + place[0]) / 6, from_x = x - dx - width * (1 + place[1]) / 6;
    const long radius = (height < width ? height : width) / 5 + (long)(class / 8);
    const bool inside = from_y * from_y + from_x * from_x <= radius * radius;
    return (unsigned char)(next_noise(job, 48) + (inside ? 180 : 0));
}

static void write_part(Job *job, const char *part, unsigned long count) {
    gzFile images = open_file(job, part, "images-idx3"), labels = open_file(job, part, "labels-idx1");
    put_number(images, 0x803);
    put_number(images, count);
    put_number(images, job->height);
    put_number(images, job->width);
    put_number(labels, 0x801);
    put_number(labels, count);
    for (unsigned long i = 0; i < count; i++) {
        const unsigned long class = i % job->classes;
        const long dy = (long)next_noise(job, 3) - 1, dx = (long)next_noise(job, 3) - 1;
        gzputc(labels, (int)class);
        for (long y = 0; y < (long)job->height; y++)
            for (long x = 0; x < (long)job->width; x++)
                gzputc(images, pixel_at(job, class, y, x, dy, dx));
    }
    if (gzclose(images) != Z_OK || gzclose(labels) != Z_OK) fail("a file could not be written");
}

static unsigned long read_number(const char **text) {
    char *end;
    const unsigned long value = strtoul(*text, &end, 10);
    if (end == *text || value > 100000) fail(usage);
    *text = end;
    return value;
}

static void read_option(Job *job, const char *name, const char *value) {
    const bool size = strcmp(name, "--size") == 0;
    if (value == NULL) fail(usage);
    const unsigned long first = read_number(&value);
    if (size && *value++ != 'x') fail(usage);
    if (strcmp(name, "--count") == 0)
        job->count = first;
    else if (strcmp(name, "--test") == 0)
        job->test = first;
    else if (strcmp(name, "--classes") == 0 && first > 0)
        job->classes = first;
    else if (size) {
        job->height = first;
        job->width = read_number(&value);
    } else
        fail(usage);
}

int main(int count, char **words) {
    Job job = {.count = 60, .classes = 3, .test = 20, .height = 16, .width = 16, .noise = 1};
    for (int i = 1; i < count; i++) {
        if (strcmp(words[i], "--gz") == 0) {
            job.gzipped = true;
        } else if (strcmp(words[i], "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        } else if (words[i][0] == '-') {
            read_option(&job, words[i], words[i + 1]);
            i++;
        } else {
            job.folder = words[i];
        }
    }
    if (job.folder == NULL) fail(usage);
    write_part(&job, "train", job.count);
    if (job.test > 0) write_part(&job, "t10k", job.test);
    return 0;
}

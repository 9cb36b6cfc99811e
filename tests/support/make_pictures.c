/* Writes the same pictures in several formats, for the tests of the command line; shares no code with their readers. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

static const char usage[] =
    "usage: make_pictures RAW FOLDER\n"
    "RAW holds pictures of 32 x 32 RGB pixels, one behind the other. Writes FOLDER, which must not exist, with cifar\n"
    "(CIFAR-10's binary version, their labels 0 to 9 in turn), array.npy, png (a folder) and png.tar.\n";

#define SIDE 32
#define PLANE ((size_t)SIDE * SIDE)
#define PICTURE (3 * PLANE)
#define BATCHES 6
#define BLOCK 512

typedef struct Job {
    const char *folder;
    uint8_t *pixels; /* count x PICTURE */
    size_t count;
} Job;

static void fail(const char *what) {
    fprintf(stderr, "make_pictures: %s\n", what);
    exit(2);
}

static FILE *open_file(const Job *job, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", job->folder, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL) fail(path);
    return file;
}

static void make_folder(const Job *job, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", job->folder, name);
    if (mkdir(path, 0777) != 0) fail(path);
}

static void put(FILE *file, const void *bytes, size_t count) {
    if (fwrite(bytes, 1, count, file) != count) fail("a file could not be written");
}

static void close_file(FILE *file) {
    if (fclose(file) != 0) fail("a file could not be written");
}

static void read_pixels(Job *job, const char *path) {
    FILE *file = fopen(path, "rb");
    struct stat facts;
    if (file == NULL || fstat(fileno(file), &facts) != 0) fail(path);
    job->count = (size_t)facts.st_size / PICTURE;
    job->pixels = malloc(job->count * PICTURE + 1);
    if (job->pixels == NULL || fread(job->pixels, PICTURE, job->count, file) != job->count) fail(path);
    fclose(file);
}

/* Records of a label and the planes of red, green and blue, in six files. */
static void write_cifar(const Job *job) {
    static const char *const names[BATCHES] = {"cifar/data_batch_1.bin", "cifar/data_batch_2.bin",
                                               "cifar/data_batch_3.bin", "cifar/data_batch_4.bin",
                                               "cifar/data_batch_5.bin", "cifar/test_batch.bin"};
    make_folder(job, "cifar");
    for (size_t batch = 0, i = 0; batch < BATCHES; batch++) {
        FILE *file = open_file(job, names[batch]);
        for (; i < job->count * (batch + 1) / BATCHES; i++) {
            uint8_t record[1 + PICTURE] = {(uint8_t)(i % 10)};
            for (size_t pixel = 0; pixel < PLANE; pixel++)
                for (size_t channel = 0; channel < 3; channel++)
                    record[1 + channel * PLANE + pixel] = job->pixels[i * PICTURE + pixel * 3 + channel];
            put(file, record, sizeof record);
        }
        close_file(file);
    }
}

static void write_array(const Job *job) {
    char header[118], text[100];
    FILE *file = open_file(job, "array.npy");
    const int length = snprintf(text, sizeof text,
                                "{'descr': '|u1', 'fortran_order': False, 'shape': (%zu, 32, 32, 3), }", job->count);
    memset(header, ' ', sizeof header);
    memcpy(header, text, (size_t)length);
    header[sizeof header - 1] = '\n';
    put(file, "\x93NUMPY\x01\x00\x76\x00", 10);
    put(file, header, sizeof header);
    put(file, job->pixels, job->count * PICTURE);
    close_file(file);
}

static size_t add_number(uint8_t *to, uint32_t value) {
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (24 - 8 * i));
    return 4;
}

static size_t add_chunk(uint8_t *to, const char *type, const uint8_t *data, size_t count) {
    size_t at = add_number(to, (uint32_t)count);
    memcpy(to + at, type, 4);
    memcpy(to + at + 4, data, count);
    const uLong checksum = crc32(0, to + at, (uInt)(4 + count));
    at += 4 + count;
    return at + add_number(to + at, (uint32_t)checksum);
}

/* A PNG file; returns its bytes. png: room for twice a picture. */
static size_t make_png(const uint8_t *pixels, uint8_t *png) {
    static const uint8_t header[13] = {0, 0, 0, SIDE, 0, 0, 0, SIDE, 8, 2}; /* 8 bits, RGB */
    uint8_t rows[SIDE * (1 + SIDE * 3)], packed[2 * PICTURE - 200];
    uLongf packed_count = sizeof packed;
    for (size_t y = 0; y < SIDE; y++) {
        rows[y * (1 + SIDE * 3)] = 0; /* no filter */
        memcpy(rows + y * (1 + SIDE * 3) + 1, pixels + y * SIDE * 3, SIDE * 3);
    }
    if (compress2(packed, &packed_count, rows, sizeof rows, 1) != Z_OK) fail("a picture could not be packed");
    size_t count = 8;
    memcpy(png, "\x89PNG\r\n\x1a\n", count);
    count += add_chunk(png + count, "IHDR", header, sizeof header);
    count += add_chunk(png + count, "IDAT", packed, packed_count);
    return count + add_chunk(png + count, "IEND", header, 0);
}

/* A header of POSIX' ustar, and the file behind it in whole blocks. */
static void add_member(FILE *tar, const char *name, const uint8_t *bytes, size_t count) {
    char header[BLOCK] = {0};
    static const char zeros[BLOCK];
    unsigned sum = 0;
    snprintf(header, 100, "%s", name);
    snprintf(header + 100, 8, "%07o", 0644u);
    snprintf(header + 108, 8, "%07o", 0u);
    snprintf(header + 116, 8, "%07o", 0u);
    snprintf(header + 124, 12, "%011zo", count);
    snprintf(header + 136, 12, "%011o", 0u);
    memset(header + 148, ' ', 8);
    header[156] = '0';
    memcpy(header + 257, "ustar\00000", 8);
    for (size_t i = 0; i < BLOCK; i++)
        sum += (unsigned char)header[i];
    snprintf(header + 148, 8, "%06o", sum);
    put(tar, header, BLOCK);
    put(tar, bytes, count);
    put(tar, zeros, (BLOCK - count % BLOCK) % BLOCK);
}

static void write_png(const Job *job) {
    static const char zeros[2 * BLOCK];
    FILE *tar = open_file(job, "png.tar");
    make_folder(job, "png");
    for (size_t i = 0; i < job->count; i++) {
        uint8_t png[2 * PICTURE];
        char name[32];
        const size_t count = make_png(job->pixels + i * PICTURE, png);
        snprintf(name, sizeof name, "png/%07zu", i);
        FILE *file = open_file(job, name);
        put(file, png, count);
        close_file(file);
        add_member(tar, name, png, count);
    }
    put(tar, zeros, sizeof zeros);
    close_file(tar);
}

int main(int count, char **words) {
    if (count != 3) fail(usage);
    Job job = {.folder = words[2]};
    read_pixels(&job, words[1]);
    if (mkdir(job.folder, 0777) != 0) fail(job.folder);
    write_cifar(&job);
    write_array(&job);
    write_png(&job);
    free(job.pixels);
    return 0;
}

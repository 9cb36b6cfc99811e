/* Assigns pictures to the clusters of a finished run, as an embedding program would:
 *
 *     cc assign.c $(pkg-config --cflags --libs spica) -o assign
 *     ./assign RUN picture.pgm other.ppm
 *
 * Pictures are binary PGM (grey) or PPM (RGB) files of 8 bits. One line per picture: its cluster and how sure. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <spica/spica.h>

typedef struct Picture {
    int width, height, channels;
    unsigned char *pixels;
} Picture;

/* The next byte of a header; a comment, from # to the end of its line, counts as that end. */
static int next_byte(FILE *file) {
    int byte = fgetc(file);
    if (byte == '#')
        while (byte != '\n' && byte != EOF)
            byte = fgetc(file);
    return byte;
}

/* The header's next number, at most 65535, and the blank behind it; -1 where there is none. */
static int read_number(FILE *file) {
    int value = -1, byte = next_byte(file);
    while (isspace(byte))
        byte = next_byte(file);
    for (; isdigit(byte) && value <= 65535; byte = next_byte(file))
        value = 10 * (value < 0 ? 0 : value) + (byte - '0');
    return isspace(byte) && value <= 65535 ? value : -1;
}

static int read_picture(const char *path, Picture *picture) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return 0;
    const int magic = fgetc(file), kind = fgetc(file);
    picture->width = read_number(file);
    picture->height = read_number(file);
    int good = magic == 'P' && (kind == '5' || kind == '6') && picture->width > 0 && picture->height > 0 &&
               read_number(file) == 255;
    if (good) {
        picture->channels = kind == '5' ? 1 : 3;
        const size_t bytes = (size_t)picture->width * (size_t)picture->height * (size_t)picture->channels;
        picture->pixels = malloc(bytes);
        good = picture->pixels != NULL && fread(picture->pixels, 1, bytes, file) == bytes;
    }
    fclose(file);
    return good;
}

static int assign_picture(spica_context *context, spica_model *model, const char *path) {
    Picture picture = {0};
    int32_t cluster;
    float confidence;
    int failed = 1;
    if (!read_picture(path, &picture))
        fprintf(stderr, "%s: no readable binary PGM or PPM file of 8 bits\n", path);
    else if (spica_model_assign(context, model, picture.pixels, 1, picture.height, picture.width, picture.channels,
                                &cluster, &confidence, NULL, NULL) != SPICA_OK)
        fprintf(stderr, "%s: %s\n", path, spica_context_reason(context));
    else
        failed = printf("%s: cluster %d, confidence %.3f\n", path, (int)cluster, (double)confidence) < 0;
    free(picture.pixels);
    return failed;
}

int main(int count, char **words) {
    spica_context *context = NULL;
    spica_model *model = NULL;
    int failed = 0;
    if (count < 3) {
        fprintf(stderr, "usage: assign RUN PICTURE...\n");
        return 2;
    }
    if (spica_context_open(&context, NULL) != SPICA_OK) return 1;
    if (spica_model_open(context, &model, words[1]) != SPICA_OK) {
        fprintf(stderr, "%s\n", spica_context_reason(context));
        failed = 1;
    }
    for (int i = 2; model != NULL && i < count; i++)
        failed |= assign_picture(context, model, words[i]);
    spica_model_close(context, &model);
    spica_context_close(&context);
    return failed;
}

#include "data/picture_kind.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool begins(const uint8_t *bytes, size_t count, const char *magic, size_t length) {
    return count >= length && memcmp(bytes, magic, length) == 0;
}

/* Every form of TIFF's header: byte order, then 42, or 43 for BigTIFF. */
static bool is_tiff(const uint8_t *bytes, size_t count) {
    return begins(bytes, count, "II\x2a\0", 4) || begins(bytes, count, "MM\0\x2a", 4) ||
           begins(bytes, count, "II\x2b\0", 4) || begins(bytes, count, "MM\0\x2b", 4);
}

static bool is_heif_brand(const uint8_t brand[4]) {
    static const char brands[][5] = {"heic", "heix", "heim", "heis", "hevc", "hevx",
                                     "hevm", "hevs", "mif1", "msf1", "avif", "avis"};
    for (size_t i = 0; i < sizeof brands / sizeof brands[0]; i++)
        if (memcmp(brand, brands[i], 4) == 0) return true;
    return false;
}

/* ISO base media: a box "ftyp" with the major brand, a version and the brands that the file can be read as. Films begin
 * with the same box. */
static bool is_heif(const uint8_t *bytes, size_t count) {
    if (count < 12 || memcmp(bytes + 4, "ftyp", 4) != 0) return false;
    const size_t box = (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];
    if (is_heif_brand(bytes + 8)) return true;
    for (size_t at = 16; at + 4 <= count && at + 4 <= box; at += 4)
        if (is_heif_brand(bytes + at)) return true;
    return false;
}

/* "BM" begins many a text: the size of the second header must be one that there is. */
static bool is_bmp(const uint8_t *bytes, size_t count) {
    static const uint8_t sizes[] = {12, 40, 52, 56, 64, 108, 124};
    if (count < 18 || memcmp(bytes, "BM", 2) != 0) return false;
    return memchr(sizes, bytes[14], sizeof sizes) != NULL && bytes[15] == 0 && bytes[16] == 0 && bytes[17] == 0;
}

PictureKind picture_kind(const uint8_t *bytes, size_t count) {
    if (begins(bytes, count, "\xff\xd8\xff", 3)) return PICTURE_JPEG;
    if (begins(bytes, count, "\x89PNG\r\n\x1a\n", 8)) return PICTURE_PNG;
    if (begins(bytes, count, "RIFF", 4) && count >= 12 && memcmp(bytes + 8, "WEBP", 4) == 0) return PICTURE_WEBP;
    if (begins(bytes, count, "GIF87a", 6) || begins(bytes, count, "GIF89a", 6)) return PICTURE_GIF;
    if (is_tiff(bytes, count)) return PICTURE_TIFF;
    if (is_heif(bytes, count)) return PICTURE_HEIF;
    return is_bmp(bytes, count) ? PICTURE_BMP : PICTURE_NONE;
}

const char *picture_kind_name(PictureKind kind) {
    static const char *const names[] = {"no picture", "JPEG", "PNG", "WebP", "GIF", "TIFF", "HEIC or AVIF", "BMP"};
    return names[kind];
}

PictureKind picture_kind_of_file(const char *path) { return picture_kind_at(AT_FDCWD, path); }

PictureKind picture_kind_at(int folder, const char *name) {
    uint8_t bytes[PICTURE_KIND_BYTES];
    struct stat facts;
    size_t count = 0;
    /* Not blocking: a FIFO has nobody at its other end. */
    const int file = openat(folder, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) return PICTURE_NONE;
    if (fstat(file, &facts) == 0 && S_ISREG(facts.st_mode)) {
        for (ssize_t got = 1; got != 0 && count < sizeof bytes;) {
            got = read(file, bytes + count, sizeof bytes - count);
            if (got < 0 && errno != EINTR) break;
            if (got > 0) count += (size_t)got;
        }
    }
    close(file);
    return picture_kind(bytes, count);
}

#include "data/tar_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Most bytes of a header that only describes the next member: names are shorter. */
#define EXTENSION_MOST ((uint64_t)1 << 20)

/* Fields of a header: offset and bytes. GNU's headers have no prefix. */
#define NAME_AT 0
#define NAME_BYTES 100
#define SIZE_AT 124
#define SIZE_BYTES 12
#define SUM_AT 148
#define SUM_BYTES 8
#define KIND_AT 156
#define MAGIC_AT 257
#define TARGET_AT 157
#define TARGET_BYTES 100
#define PREFIX_AT 345
#define PREFIX_BYTES 155

static bool is_digit(uint8_t byte) { return byte >= '0' && byte <= '9'; }

/* Octal digits, with spaces before and a space or a 0 behind them, of which each may be missing. */
static bool octal_read(const uint8_t *field, size_t count, uint64_t *value) {
    size_t i = 0;
    *value = 0;
    while (i < count && field[i] == ' ')
        i++;
    for (; i < count && field[i] >= '0' && field[i] <= '7'; i++)
        *value = *value << 3 | (uint64_t)(field[i] - '0'); /* 12 digits at most: 36 bits */
    return i == count || field[i] == ' ' || field[i] == '\0';
}

/* GNU's numbers that need more than 11 octal digits: the first bit is set, the others are the number. */
static bool binary_read(const uint8_t *field, size_t count, uint64_t *value) {
    *value = field[0] & 0x7f;
    for (size_t i = 1; i < count; i++) {
        if (*value >> 55 != 0) return false; /* too large, or negative */
        *value = *value << 8 | field[i];
    }
    return true;
}

static bool number_read(const uint8_t *field, size_t count, uint64_t *value) {
    return field[0] & 0x80 ? binary_read(field, count, value) : octal_read(field, count, value);
}

static bool block_is_empty(const uint8_t block[TAR_BLOCK]) {
    for (size_t i = 0; i < TAR_BLOCK; i++)
        if (block[i] != 0) return false;
    return true;
}

/* The sum of the header's bytes, those of the sum itself taken as spaces. Some old programs took bytes as signed. */
static bool block_is_header(const uint8_t block[TAR_BLOCK]) {
    uint64_t written;
    int64_t plain = 0, as_signed = 0;
    for (size_t i = 0; i < TAR_BLOCK; i++) {
        const uint8_t byte = i >= SUM_AT && i < SUM_AT + SUM_BYTES ? (uint8_t)' ' : block[i];
        plain += byte;
        as_signed += byte < 128 ? byte : byte - 256;
    }
    if (!octal_read(block + SUM_AT, SUM_BYTES, &written)) return false;
    return (int64_t)written == plain || (int64_t)written == as_signed;
}

/* False where the file has fewer bytes, or cannot be read. */
static bool bytes_read_at(int file, void *bytes, size_t count, uint64_t offset) {
    for (uint8_t *next = bytes; count > 0;) {
        const ssize_t got = pread(file, next, count, (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        next += got;
        count -= (size_t)got;
        offset += (uint64_t)got;
    }
    return true;
}

bool block_begins_tar(const uint8_t block[TAR_BLOCK]) { return block[0] != '\0' && block_is_header(block); }

bool file_begins_as_tar(const char *path) {
    uint8_t block[TAR_BLOCK];
    const int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) return false;
    const bool read = bytes_read_at(file, block, TAR_BLOCK, 0);
    close(file);
    return read && block_begins_tar(block);
}

Status tar_open(Context *ctx, TarFile *tar, const char *path) {
    struct stat facts;
    tar->path = path;
    tar->file = open(path, O_RDONLY | O_CLOEXEC);
    tar->open = tar->file >= 0;
    if (!tar->open || fstat(tar->file, &facts) != 0)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: %s", path, strerror(errno));
    tar->size = (uint64_t)facts.st_size;
    return SPICA_OK;
}

/* What was said of a member holds for that one alone. */
static void extensions_forget(Context *ctx, TarFile *tar) {
    FREE_ARRAY(ctx, &tar->long_name);
    FREE_ARRAY(ctx, &tar->long_target);
    tar->has_size = tar->holes = false;
}

void tar_close(Context *ctx, TarFile *tar) {
    if (tar->open) close(tar->file);
    tar->open = false;
    FREE_ARRAY(ctx, &tar->name);
    FREE_ARRAY(ctx, &tar->target);
    extensions_forget(ctx, tar);
}

static Status header_fail(Context *ctx, const TarFile *tar, uint64_t header, const char *words) {
    return context_fail(ctx, SPICA_ERROR_DATA, "%s: damaged tar: %s, in the header at byte %" PRIu64, tar->path, words,
                        header);
}

/* *text: the first `count` bytes, or those before the first 0 among them; owned by the caller. */
static Status text_copy(Context *ctx, char **text, const void *bytes, size_t count) {
    const uint8_t *end = memchr(bytes, '\0', count);
    const size_t length = end != NULL ? (size_t)(end - (const uint8_t *)bytes) : count;
    TRY(NEW_ARRAY(ctx, text, length + 1));
    memcpy(*text, bytes, length);
    (*text)[length] = '\0';
    return SPICA_OK;
}

static Status long_text_set(Context *ctx, char **text, const void *bytes, size_t count) {
    FREE_ARRAY(ctx, text);
    return text_copy(ctx, text, bytes, count);
}

/* The ordinary name: POSIX' prefix, a slash, the name. */
static Status short_name_read(Context *ctx, const uint8_t block[TAR_BLOCK], char **name) {
    const bool posix = memcmp(block + MAGIC_AT, "ustar\0", 6) == 0;
    const size_t prefix = posix ? strnlen((const char *)block + PREFIX_AT, PREFIX_BYTES) : 0;
    const size_t own = strnlen((const char *)block + NAME_AT, NAME_BYTES);
    char text[PREFIX_BYTES + 1 + NAME_BYTES];
    size_t count = prefix;
    memcpy(text, block + PREFIX_AT, prefix);
    if (prefix > 0) text[count++] = '/';
    memcpy(text + count, block + NAME_AT, own);
    return text_copy(ctx, name, text, count + own);
}

/* ---- Headers that describe the next member ---- */

static bool key_is(const uint8_t *key, size_t count, const char *name) {
    return count == strlen(name) && memcmp(key, name, count) == 0;
}

/* Decimal digits alone. */
static bool decimal_read(const uint8_t *digits, size_t count, uint64_t *value) {
    *value = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_digit(digits[i]) || *value > INT64_MAX / 10 - 1) return false;
        *value = 10 * *value + (uint64_t)(digits[i] - '0');
    }
    return count > 0;
}

static Status keyword_take(Context *ctx, TarFile *tar, const uint8_t *key, size_t key_count, const uint8_t *value,
                           size_t count, bool *valid) {
    static const char holes[] = "GNU.sparse.";
    *valid = true;
    if (key_is(key, key_count, "path")) return long_text_set(ctx, &tar->long_name, value, count);
    if (key_is(key, key_count, "linkpath")) return long_text_set(ctx, &tar->long_target, value, count);
    if (key_is(key, key_count, "size")) {
        tar->has_size = true;
        *valid = decimal_read(value, count, &tar->long_size);
    }
    if (key_count >= sizeof holes - 1 && memcmp(key, holes, sizeof holes - 1) == 0) tar->holes = true;
    return SPICA_OK;
}

/* One record "LENGTH KEY=VALUE\n", of which LENGTH counts every byte; *used: these bytes, 0 where it is none. */
static Status record_take(Context *ctx, TarFile *tar, const uint8_t *record, size_t left, size_t *used) {
    size_t digits = 0;
    uint64_t length;
    bool valid = false;
    *used = 0;
    while (digits < left && is_digit(record[digits]))
        digits++;
    if (!decimal_read(record, digits, &length) || length > left || length < digits + 3) return SPICA_OK;
    const uint8_t *key = record + digits + 1, *end = record + length - 1;
    const uint8_t *equals = memchr(key, '=', (size_t)(end - key));
    if (record[digits] != ' ' || *end != '\n' || equals == NULL) return SPICA_OK;
    TRY(keyword_take(ctx, tar, key, (size_t)(equals - key), equals + 1, (size_t)(end - equals - 1), &valid));
    if (valid) *used = (size_t)length;
    return SPICA_OK;
}

static Status records_take(Context *ctx, TarFile *tar, const uint8_t *bytes, size_t count, uint64_t header) {
    for (size_t at = 0, used; at < count; at += used) {
        TRY(record_take(ctx, tar, bytes + at, count - at, &used));
        if (used == 0) return header_fail(ctx, tar, header, "a pax record that is none");
    }
    return SPICA_OK;
}

/* kind: pax' 'x' for the next member; GNU's 'L' for its name, 'K' for what it links to. */
static Status extension_take(Context *ctx, TarFile *tar, char kind, const TarMember *member) {
    uint8_t *bytes;
    if (member->size > EXTENSION_MOST) return header_fail(ctx, tar, member->header, "a name of more than a megabyte");
    const size_t count = (size_t)member->size;
    TRY(NEW_ARRAY(ctx, &bytes, count));
    Status status = SPICA_OK;
    if (!bytes_read_at(tar->file, bytes, count, member->offset))
        status = context_fail(ctx, SPICA_ERROR_DATA, "%s: cannot be read at byte %" PRIu64, tar->path, member->offset);
    else if (kind == 'L')
        status = long_text_set(ctx, &tar->long_name, bytes, count);
    else if (kind == 'K')
        status = long_text_set(ctx, &tar->long_target, bytes, count);
    else
        status = records_take(ctx, tar, bytes, count, member->header);
    FREE_ARRAY(ctx, &bytes);
    return status;
}

/* ---- Members ---- */

/* Whether a header tells something of members that follow, and is none itself. */
static bool kind_is_extension(char kind) { return kind != '\0' && strchr("xXgLKV", kind) != NULL; }

/* Whether bytes follow a header: links and what is no file have none, whatever the field says. */
static bool kind_has_bytes(char kind) { return kind < '1' || kind > '6'; }

static TarKind kind_of(char kind, const TarFile *tar) {
    const size_t length = strlen(tar->name);
    switch (kind) {
    case '\0':
    case '0':
    case '7':
        /* Before there were kinds, a slash told a folder. */
        if (length > 0 && tar->name[length - 1] == '/') return TAR_FOLDER;
        return tar->holes ? TAR_SPARSE : TAR_FILE;
    case '1': return TAR_HARD_LINK;
    case '2': return TAR_LINK;
    case '3':
    case '4': return TAR_DEVICE;
    case '5':
    case 'D': return TAR_FOLDER;
    case '6': return TAR_FIFO;
    case 'S': return TAR_SPARSE;
    default: return TAR_OTHER;
    }
}

/* Reads the header at tar->next; *found is false where the archive has ended. */
static Status block_read(Context *ctx, TarFile *tar, uint8_t block[TAR_BLOCK], bool *found) {
    *found = false;
    if (tar->next >= tar->size) {
        tar->unmarked = true;
        return SPICA_OK;
    }
    if (!bytes_read_at(tar->file, block, TAR_BLOCK, tar->next))
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: truncated tar: it ends at byte %" PRIu64 ", within a header",
                            tar->path, tar->size);
    if (block_is_empty(block)) return SPICA_OK;
    if (!block_is_header(block)) return header_fail(ctx, tar, tar->next, "a wrong checksum");
    *found = true;
    return SPICA_OK;
}

/* Where the bytes are that a header promises; tar->next goes behind them. */
static Status span_read(Context *ctx, TarFile *tar, const uint8_t block[TAR_BLOCK], TarMember *member) {
    const char kind = (char)block[KIND_AT];
    const bool told_before = tar->has_size && !kind_is_extension(kind);
    member->header = tar->next;
    member->offset = tar->next + TAR_BLOCK;
    member->size = tar->long_size;
    if (!told_before && !number_read(block + SIZE_AT, SIZE_BYTES, &member->size))
        return header_fail(ctx, tar, member->header, "a size that is no number");
    if (!kind_has_bytes(kind)) member->size = 0;
    if (member->size > tar->size - member->offset)
        return context_fail(ctx, SPICA_ERROR_DATA,
                            "%s: truncated tar: the header at byte %" PRIu64 " promises %" PRIu64
                            " bytes, the file ends at byte %" PRIu64,
                            tar->path, member->header, member->size, tar->size);
    tar->next = member->offset + (member->size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
    return SPICA_OK;
}

/* *text = *long_text, which is NULL from then on. */
static void text_take(Context *ctx, char **text, char **long_text) {
    FREE_ARRAY(ctx, text);
    *text = *long_text;
    *long_text = NULL;
}

/* Names the member whose header this is, and what it links to, and tells its kind. */
static Status member_complete(Context *ctx, TarFile *tar, const uint8_t block[TAR_BLOCK], TarMember *member) {
    text_take(ctx, &tar->name, &tar->long_name);
    text_take(ctx, &tar->target, &tar->long_target);
    if (tar->name == NULL) TRY(short_name_read(ctx, block, &tar->name));
    member->name = tar->name;
    member->kind = kind_of((char)block[KIND_AT], tar);
    if (member->kind == TAR_HARD_LINK && tar->target == NULL)
        TRY(text_copy(ctx, &tar->target, block + TARGET_AT, TARGET_BYTES));
    member->target = member->kind == TAR_HARD_LINK ? tar->target : NULL;
    extensions_forget(ctx, tar);
    return SPICA_OK;
}

Status tar_next(Context *ctx, TarFile *tar, TarMember *member, bool *found) {
    for (;;) {
        uint8_t block[TAR_BLOCK];
        TRY(block_read(ctx, tar, block, found));
        if (!*found) return SPICA_OK;
        TRY(span_read(ctx, tar, block, member));
        const char kind = (char)block[KIND_AT];
        if (!kind_is_extension(kind)) return member_complete(ctx, tar, block, member);
        /* Of what is said of all members (g) and of the archive (V) nothing is needed. */
        if (strchr("xXLK", kind) != NULL) TRY(extension_take(ctx, tar, kind, member));
    }
}

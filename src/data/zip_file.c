#include "data/zip_file.h"

#include <inttypes.h>
#include <string.h>

#include "base/files.h"

/* Sizes of records without their texts, and what they begin with. */
#define END_BYTES 22
#define END_SIGNATURE UINT32_C(0x06054b50)
#define LOCATOR_BYTES 20
#define LOCATOR_SIGNATURE UINT32_C(0x07064b50)
#define END64_BYTES 56
#define END64_SIGNATURE UINT32_C(0x06064b50)
#define ENTRY_BYTES 46
#define ENTRY_SIGNATURE UINT32_C(0x02014b50)
#define LOCAL_BYTES 30
#define LOCAL_SIGNATURE UINT32_C(0x04034b50)
#define EXTRA_ZIP64 1
/* A number that is in a zip64 record instead. */
#define ELSEWHERE_16 0xffff
#define ELSEWHERE_32 UINT32_C(0xffffffff)

#define FLAG_ENCRYPTED 1u
#define METHOD_STORED 0
#define METHOD_DEFLATED 8

#define MOST_COMMENT 65535
/* Some 200,000 members with short names. */
#define MOST_DIRECTORY ((uint64_t)16 << 20)
/* Deflate's best: 258 bytes from 2 bits, "at most 1032:1" (zlib's technical notes). */
#define DEFLATE_RATIO 1032
/* Real pictures come to some ten times their compressed size, drawn ones to a hundred. What grows more than this, and
 * beyond this size, is refused. */
#define BOMB_RATIO 500
#define BOMB_BYTES ((uint64_t)256 << 20)

/* Compressed bytes that are read at a time. */
#define PIECE_BYTES ((size_t)1 << 16)

static unsigned little_16(const uint8_t *bytes) { return (unsigned)bytes[0] | (unsigned)bytes[1] << 8; }
static uint32_t little_32(const uint8_t *bytes) { return little_16(bytes) | (uint32_t)little_16(bytes + 2) << 16; }
static uint64_t little_64(const uint8_t *bytes) { return little_32(bytes) | (uint64_t)little_32(bytes + 4) << 32; }

static Status read_at(Context *ctx, const ZipFile *zip, uint64_t offset, void *bytes, size_t count) {
    if (fseeko(zip->stream, (off_t)offset, SEEK_SET) == 0 && fread(bytes, 1, count, zip->stream) == count)
        return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_DATA, "%s: cannot be read at byte %" PRIu64, zip->path, offset);
}

/* What the record at the end of an archive says, and where it stands. */
typedef struct ZipEnd {
    uint64_t offset; /* of the record, before which the directory ends */
    uint64_t entries, directory_bytes, directory;
    bool one_file; /* else the archive is cut into several */
} ZipEnd;

/* The last record of its kind whose comment reaches the end of the file. tail[count] begins at `start`. */
static bool end_parse(const uint8_t *tail, size_t count, uint64_t start, ZipEnd *end) {
    for (size_t at = count - END_BYTES + 1; at-- > 0;) {
        const uint8_t *record = tail + at;
        if (little_32(record) != END_SIGNATURE || at + END_BYTES + little_16(record + 20) != count) continue;
        *end = (ZipEnd){
            .offset = start + at,
            .entries = little_16(record + 10),
            .directory_bytes = little_32(record + 12),
            .directory = little_32(record + 16),
            .one_file =
                little_16(record + 4) == little_16(record + 6) && little_16(record + 8) == little_16(record + 10),
        };
        return true;
    }
    return false;
}

static Status end_find(Context *ctx, const ZipFile *zip, uint64_t size, ZipEnd *end) {
    const size_t count = size < END_BYTES + MOST_COMMENT ? (size_t)size : END_BYTES + MOST_COMMENT;
    uint8_t *tail;
    bool found = false;
    if (size >= END_BYTES) {
        TRY(NEW_ARRAY(ctx, &tail, count));
        const Status status = read_at(ctx, zip, size - count, tail, count);
        found = status == SPICA_OK && end_parse(tail, count, size - count, end);
        FREE_ARRAY(ctx, &tail);
        TRY(status);
    }
    if (found) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_DATA,
                        "%s: no zip archive, or a truncated one: the record that ends it is missing; the file ends at "
                        "byte %" PRIu64,
                        zip->path, size);
}

/* Takes the numbers of the zip64 record, where some do not fit in the plain one. */
static Status end_find_zip64(Context *ctx, const ZipFile *zip, ZipEnd *end) {
    uint8_t locator[LOCATOR_BYTES] = {0}, record[END64_BYTES] = {0};
    if (end->entries != ELSEWHERE_16 && end->directory_bytes != ELSEWHERE_32 && end->directory != ELSEWHERE_32)
        return SPICA_OK;
    const uint64_t end_offset = end->offset;
    if (end_offset >= LOCATOR_BYTES) TRY(read_at(ctx, zip, end_offset - LOCATOR_BYTES, locator, LOCATOR_BYTES));
    if (little_32(locator) != LOCATOR_SIGNATURE)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: no zip64 locator before byte %" PRIu64, zip->path, end_offset);
    const uint64_t offset = little_64(locator + 8);
    if (end_offset >= LOCATOR_BYTES + END64_BYTES && offset <= end_offset - LOCATOR_BYTES - END64_BYTES)
        TRY(read_at(ctx, zip, offset, record, END64_BYTES));
    if (little_32(record) != END64_SIGNATURE)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: no zip64 record at byte %" PRIu64 ", where one is promised",
                            zip->path, offset);
    *end = (ZipEnd){
        .offset = offset,
        .entries = little_64(record + 32),
        .directory_bytes = little_64(record + 40),
        .directory = little_64(record + 48),
        .one_file =
            little_32(record + 16) == little_32(record + 20) && little_64(record + 24) == little_64(record + 32),
    };
    return SPICA_OK;
}

static Status end_check(Context *ctx, const ZipFile *zip, const ZipEnd *end) {
    if (!end->one_file)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: one part of a zip archive that was cut", zip->path);
    if (end->directory > end->offset || end->directory_bytes > end->offset - end->directory)
        return context_fail(ctx, SPICA_ERROR_DATA,
                            "%s: its directory of %" PRIu64 " bytes at byte %" PRIu64
                            " does not end before the record at byte %" PRIu64,
                            zip->path, end->directory_bytes, end->directory, end->offset);
    if (end->directory_bytes > MOST_DIRECTORY)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: a directory of %" PRIu64 " bytes; at most %" PRIu64 " are read",
                            zip->path, end->directory_bytes, MOST_DIRECTORY);
    if (end->entries > end->directory_bytes / ENTRY_BYTES)
        return context_fail(ctx, SPICA_ERROR_DATA,
                            "%s: its directory of %" PRIu64 " bytes cannot hold the %" PRIu64 " entries it should",
                            zip->path, end->directory_bytes, end->entries);
    return SPICA_OK;
}

/* The numbers that did not fit in the entry are in its extra field for zip64, in this order and only those. */
static bool member_take_zip64(ZipMember *member, const uint8_t *extra, size_t count) {
    uint64_t *const numbers[] = {&member->bytes, &member->compressed, &member->header};
    size_t at = 0, next = 0, end = 0;
    for (; at + 4 <= count && end == 0; at += 4 + little_16(extra + at + 2))
        if (little_16(extra + at) == EXTRA_ZIP64) next = at + 4, end = at + 4 + little_16(extra + at + 2);
    if (end > count) return false;
    for (size_t i = 0; i < 3; i++) {
        if (*numbers[i] != ELSEWHERE_32) continue;
        if (next + 8 > end) return false;
        *numbers[i] = little_64(extra + next);
        next += 8;
    }
    return true;
}

static Status member_copy_name(Context *ctx, ZipFile *zip, ZipMember *member, const uint8_t *name, size_t length) {
    char *copy;
    TRY(arena_allocate(ctx, &zip->arena, &copy, length + 1, 1));
    memcpy(copy, name, length);
    member->name = copy;
    return SPICA_OK;
}

/* One entry of directory[count], which begins at *at; moves *at behind it. */
static Status member_parse(Context *ctx, ZipFile *zip, ZipMember *member, const uint8_t *directory, size_t count,
                           size_t *at) {
    const uint8_t *entry = directory + *at;
    const size_t left = count - *at;
    const uint64_t offset = zip->directory + *at;
    size_t name = 0, extra = 0, bytes = SIZE_MAX;
    if (left >= ENTRY_BYTES && little_32(entry) == ENTRY_SIGNATURE) {
        name = little_16(entry + 28);
        extra = little_16(entry + 30);
        bytes = ENTRY_BYTES + name + extra + little_16(entry + 32);
    }
    if (bytes > left)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s: damaged entry of its directory at byte %" PRIu64, zip->path,
                            offset);
    *at += bytes;
    *member = (ZipMember){
        .flags = little_16(entry + 8),
        .method = little_16(entry + 10),
        .checksum = little_32(entry + 16),
        .compressed = little_32(entry + 20),
        .bytes = little_32(entry + 24),
        .header = little_32(entry + 42),
    };
    TRY(member_copy_name(ctx, zip, member, entry + ENTRY_BYTES, name));
    if (!member_take_zip64(member, entry + ENTRY_BYTES + name, extra))
        return context_fail(ctx, SPICA_ERROR_DATA,
                            "%s: the entry of %s at byte %" PRIu64 " lacks the zip64 numbers it needs", zip->path,
                            member->name, offset);
    return SPICA_OK;
}

/* Each member must lie before the directory, and all together have room there: parts that several members share are how
 * small archives grow without bound. */
static Status members_check_room(Context *ctx, const ZipFile *zip) {
    uint64_t room = zip->directory;
    for (size_t i = 0; i < zip->member_count; i++) {
        const ZipMember *member = &zip->members[i];
        if (member->header > zip->directory || zip->directory - member->header < LOCAL_BYTES ||
            zip->directory - member->header - LOCAL_BYTES < member->compressed)
            return context_fail(ctx, SPICA_ERROR_DATA,
                                "%s: %" PRIu64 " bytes of %s at byte %" PRIu64
                                " reach beyond the directory at byte %" PRIu64,
                                zip->path, member->compressed, member->name, member->header, zip->directory);
        if (member->compressed + LOCAL_BYTES > room)
            return context_fail(ctx, SPICA_ERROR_DATA,
                                "%s: its members overlap, or they would not fit in %" PRIu64 " bytes", zip->path,
                                zip->directory);
        room -= member->compressed + LOCAL_BYTES;
    }
    return SPICA_OK;
}

static Status directory_parse(Context *ctx, ZipFile *zip, const uint8_t *directory, size_t count) {
    size_t at = 0;
    for (size_t i = 0; i < zip->member_count; i++)
        TRY(member_parse(ctx, zip, &zip->members[i], directory, count, &at));
    return members_check_room(ctx, zip);
}

static Status directory_read(Context *ctx, ZipFile *zip, const ZipEnd *end) {
    uint8_t *directory;
    zip->directory = end->directory;
    zip->member_count = (size_t)end->entries;
    TRY(arena_allocate(ctx, &zip->arena, &zip->members, zip->member_count, sizeof *zip->members));
    TRY(NEW_ARRAY(ctx, &directory, (size_t)end->directory_bytes));
    Status status = read_at(ctx, zip, end->directory, directory, (size_t)end->directory_bytes);
    if (status == SPICA_OK) status = directory_parse(ctx, zip, directory, (size_t)end->directory_bytes);
    FREE_ARRAY(ctx, &directory);
    return status;
}

Status zip_open(Context *ctx, ZipFile *zip, const char *path) {
    uint64_t size;
    ZipEnd end = {0};
    *zip = (ZipFile){.path = path};
    if (file_open(ctx, path, &zip->stream, &size) != SPICA_OK) return SPICA_ERROR_DATA;
    TRY(end_find(ctx, zip, size, &end));
    TRY(end_find_zip64(ctx, zip, &end));
    TRY(end_check(ctx, zip, &end));
    return directory_read(ctx, zip, &end);
}

void zip_close(Context *ctx, ZipFile *zip) {
    if (zip->stream != NULL) fclose(zip->stream);
    arena_close(ctx, &zip->arena);
    *zip = (ZipFile){0};
}

const ZipMember *zip_find(const ZipFile *zip, const char *name) {
    for (size_t i = 0; i < zip->member_count; i++)
        if (strcmp(zip->members[i].name, name) == 0) return &zip->members[i];
    return NULL;
}

/* A reason that begins with the names of archive and member. */
#define MEMBER_FAIL(ctx, stream, format, ...)                                                                          \
    context_fail((ctx), SPICA_ERROR_DATA, "%s/%s: " format, (stream)->zip->path, (stream)->member->name, __VA_ARGS__)

static Status member_check(Context *ctx, const ZipStream *stream) {
    const ZipMember *member = stream->member;
    if ((member->flags & FLAG_ENCRYPTED) != 0) return MEMBER_FAIL(ctx, stream, "%s", "is encrypted");
    if (member->method != METHOD_STORED && member->method != METHOD_DEFLATED)
        return MEMBER_FAIL(ctx, stream, "compressed by method %u; stored and deflated members are read",
                           member->method);
    if (member->method == METHOD_STORED && member->compressed != member->bytes)
        return MEMBER_FAIL(ctx, stream, "stored, but %" PRIu64 " bytes are to become %" PRIu64, member->compressed,
                           member->bytes);
    if (member->bytes / DEFLATE_RATIO > member->compressed)
        return MEMBER_FAIL(ctx, stream, "%" PRIu64 " compressed bytes cannot hold %" PRIu64, member->compressed,
                           member->bytes);
    if (member->bytes > BOMB_BYTES && member->bytes / BOMB_RATIO > member->compressed)
        return MEMBER_FAIL(ctx, stream,
                           "would grow from %" PRIu64 " bytes to %" PRIu64
                           "; beyond 256 MiB more than %d times is refused",
                           member->compressed, member->bytes, BOMB_RATIO);
    return SPICA_OK;
}

/* Finds the member's bytes behind its local header, whose name must be the directory's. */
static Status member_locate(Context *ctx, ZipStream *stream) {
    const ZipFile *zip = stream->zip;
    const ZipMember *member = stream->member;
    const size_t length = strlen(member->name);
    uint8_t header[LOCAL_BYTES];
    TRY(read_at(ctx, zip, member->header, header, LOCAL_BYTES));
    const uint64_t name = member->header + LOCAL_BYTES, room = zip->directory - name;
    const uint64_t texts = little_16(header + 26) + (uint64_t)little_16(header + 28);
    bool same = little_32(header) == LOCAL_SIGNATURE && little_16(header + 26) == length && texts <= room &&
                room - texts >= member->compressed;
    if (same) {
        TRY(read_at(ctx, zip, name, stream->piece, length));
        same = memcmp(stream->piece, member->name, length) == 0;
    }
    if (!same) return MEMBER_FAIL(ctx, stream, "damaged header at byte %" PRIu64, member->header);
    stream->next = name + texts;
    stream->left = member->compressed;
    return SPICA_OK;
}

static void *inflater_allocate(void *ctx, unsigned count, unsigned size) {
    void *block;
    return memory_allocate(ctx, &block, count, size) == SPICA_OK ? block : NULL;
}

static void inflater_release(void *ctx, void *block) { memory_free(ctx, &block); }

static Status inflater_open(Context *ctx, ZipStream *stream) {
    stream->inflater = (z_stream){.zalloc = inflater_allocate, .zfree = inflater_release, .opaque = ctx};
    /* A negative size of the window: no header around the deflated data. */
    if (inflateInit2(&stream->inflater, -MAX_WBITS) != Z_OK)
        return context_fail(ctx, SPICA_ERROR_MEMORY, "%s: out of memory", stream->zip->path);
    stream->inflating = true;
    return SPICA_OK;
}

/* Reads more compressed bytes when there are none left to inflate. */
static Status inflater_feed(Context *ctx, ZipStream *stream) {
    if (stream->inflater.avail_in > 0 || stream->left == 0) return SPICA_OK;
    const size_t count = stream->left < PIECE_BYTES ? (size_t)stream->left : PIECE_BYTES;
    TRY(read_at(ctx, stream->zip, stream->next, stream->piece, count));
    stream->next += count;
    stream->left -= count;
    stream->inflater.next_in = stream->piece;
    stream->inflater.avail_in = (unsigned)count;
    return SPICA_OK;
}

/* Up to `count` more bytes, *got of them: fewer where deflated data or input end, or zlib has its reasons. */
static Status inflater_run(Context *ctx, ZipStream *stream, uint8_t *bytes, size_t count, size_t *got) {
    const unsigned wanted = count < (1u << 30) ? (unsigned)count : 1u << 30;
    TRY(inflater_feed(ctx, stream));
    stream->inflater.next_out = bytes;
    stream->inflater.avail_out = wanted;
    const int code = inflate(&stream->inflater, Z_NO_FLUSH);
    *got = wanted - stream->inflater.avail_out;
    stream->ended = code == Z_STREAM_END;
    if (code == Z_MEM_ERROR) return context_fail(ctx, SPICA_ERROR_MEMORY, "%s: out of memory", stream->zip->path);
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
        return MEMBER_FAIL(ctx, stream, "damaged deflated data after byte %" PRIu64 " (%s)", stream->offset,
                           stream->inflater.msg != NULL ? stream->inflater.msg : "a dictionary is needed");
    if (code == Z_BUF_ERROR && stream->left == 0 && *got == 0)
        return MEMBER_FAIL(ctx, stream, "truncated deflated data, nothing after byte %" PRIu64, stream->offset);
    return SPICA_OK;
}

static Status stream_inflate(Context *ctx, ZipStream *stream, uint8_t *bytes, size_t count) {
    while (count > 0) {
        size_t got;
        if (stream->ended)
            return MEMBER_FAIL(ctx, stream, "ends at byte %" PRIu64 ", but %" PRIu64 " bytes are promised",
                               stream->offset, stream->member->bytes);
        TRY(inflater_run(ctx, stream, bytes, count, &got));
        stream->checksum = (uint32_t)crc32_z(stream->checksum, bytes, got);
        stream->offset += got;
        bytes += got;
        count -= got;
    }
    return SPICA_OK;
}

static Status stream_copy(Context *ctx, ZipStream *stream, uint8_t *bytes, size_t count) {
    TRY(read_at(ctx, stream->zip, stream->next, bytes, count));
    stream->checksum = (uint32_t)crc32_z(stream->checksum, bytes, count);
    stream->next += count;
    stream->left -= count;
    stream->offset += count;
    return SPICA_OK;
}

/* All bytes were given out: nothing may follow, and the checksum must be right. */
static Status stream_finish(Context *ctx, ZipStream *stream) {
    while (stream->inflating && !stream->ended) {
        uint8_t more;
        size_t got;
        TRY(inflater_run(ctx, stream, &more, 1, &got));
        if (got > 0)
            return MEMBER_FAIL(ctx, stream, "more than the %" PRIu64 " bytes that are promised", stream->member->bytes);
    }
    if (stream->left > 0 || stream->inflater.avail_in > 0)
        return MEMBER_FAIL(ctx, stream, "%" PRIu64 " bytes follow the end of its deflated data",
                           stream->left + stream->inflater.avail_in);
    if (stream->checksum != stream->member->checksum)
        return MEMBER_FAIL(ctx, stream, "its bytes have the checksum 0x%08" PRIx32 ", expected 0x%08" PRIx32,
                           stream->checksum, stream->member->checksum);
    return SPICA_OK;
}

Status zip_stream_open(Context *ctx, ZipStream *stream, const ZipFile *zip, const ZipMember *member) {
    *stream = (ZipStream){.zip = zip, .member = member};
    TRY(member_check(ctx, stream));
    TRY(NEW_ARRAY(ctx, &stream->piece, PIECE_BYTES));
    TRY(member_locate(ctx, stream));
    return member->method == METHOD_DEFLATED ? inflater_open(ctx, stream) : SPICA_OK;
}

Status zip_stream_read(Context *ctx, ZipStream *stream, void *bytes, size_t count) {
    if (count > stream->member->bytes - stream->offset)
        return MEMBER_FAIL(ctx, stream, "ends at byte %" PRIu64, stream->member->bytes);
    if (count == 0) return SPICA_OK;
    TRY(stream->inflating ? stream_inflate(ctx, stream, bytes, count) : stream_copy(ctx, stream, bytes, count));
    return stream->offset == stream->member->bytes ? stream_finish(ctx, stream) : SPICA_OK;
}

void zip_stream_close(Context *ctx, ZipStream *stream) {
    if (stream->inflating) inflateEnd(&stream->inflater);
    FREE_ARRAY(ctx, &stream->piece);
    *stream = (ZipStream){0};
}

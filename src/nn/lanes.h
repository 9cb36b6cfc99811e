/* Columns of LANES channels, for files that are compiled once for each number of lanes: LANES is defined before this
 * file, lanes_end.h takes all of it back. No include guard for that reason. A Lanes value is a row of LANES floats: the
 * compiler maps it to the registers that the instruction set has. */
#define LANES_JOIN_(name, lanes) name##_##lanes
#define LANES_JOIN(name, lanes) LANES_JOIN_(name, lanes)
#define NAME(name) LANES_JOIN(name, LANES)
#define Lanes NAME(Lanes)
#define Mask NAME(Mask)
#define LanesInMemory NAME(LanesInMemory)
#define Words NAME(Words)
#define Halves NAME(Halves)
#define Bytes NAME(Bytes)

typedef float Lanes __attribute__((vector_size(4 * LANES)));
typedef int32_t Mask __attribute__((vector_size(4 * LANES)));
typedef Lanes LanesInMemory __attribute__((may_alias));
typedef uint32_t Words __attribute__((vector_size(4 * LANES)));
typedef uint16_t Halves __attribute__((vector_size(2 * LANES)));
typedef uint8_t Bytes __attribute__((vector_size(LANES), aligned(1), may_alias));

#define LOAD(pointer) ((Lanes)(*(const LanesInMemory *)(const void *)(pointer)))
#define STORE(pointer, value) (*(LanesInMemory *)(void *)(pointer) = (value))
#define SPLAT(value) ((Lanes){0} + (value))
/* x where keep, else other */
#define SELECT(keep, x, other) ((Lanes)(((keep) & (Mask)(x)) | (~(keep) & (Mask)(other))))
/* Without a comparison: GCC 12 makes scalars of two that are joined. */
#define IS_NAN(x) (-(Mask)((Words)(0x7f800000 - ((Mask)(x)&0x7fffffff)) >> 31))
/* x > 0 ? x : x * slope; a NaN stays one */
#define ACTIVATE(x, slope) SELECT((x) > 0, x, (x) * (slope))

/* The end of what lanes.h began. */
#undef Lanes
#undef Mask
#undef LanesInMemory
#undef Words
#undef Halves
#undef Bytes
#undef LOAD
#undef STORE
#undef SPLAT
#undef SELECT
#undef IS_NAN
#undef ACTIVATE
#undef NAME
#undef LANES_JOIN
#undef LANES_JOIN_
#undef LANES

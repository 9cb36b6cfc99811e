/* The end of what lanes.h began. */
#undef Lanes
#undef Mask
#undef LanesInMemory
#undef LOAD
#undef STORE
#undef SPLAT
#undef SELECT
#undef ACTIVATE
#undef NAME
#undef LANES_JOIN
#undef LANES_JOIN_
#undef LANES

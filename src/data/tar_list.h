/* The pictures of a tar, which are decoded where they lie: nothing is unpacked. */
#ifndef SPICA_DATA_TAR_LIST_H
#define SPICA_DATA_TAR_LIST_H

#include "data/picture_list.h"

/* Whether DATA is to be read as a tar: by its first bytes, or where these are damaged by its name; a compressed one
 * too, which picture_list_tar refuses in words. */
bool file_is_tar(const char *path);

/* Every member that is no folder, sorted by the bytes of its path as picture_list_folder does; of two with one name the
 * later, as when it is unpacked. What is no file (symbolic links too), is empty, or has a name that leads out of the
 * folder that it would be unpacked to gets its problem. Names with a part that begins with a dot are passed over.
 * Errors: SPICA_ERROR_DATA where the tar is compressed or damaged, naming the offset; SPICA_ERROR_MEMORY. */
Status picture_list_tar(Context *ctx, PictureList *list, const char *path);

#endif

/* Names for files that are made from any text: a picture's path, a name that a person gave. */
#ifndef SPICA_BASE_FILE_NAME_H
#define SPICA_BASE_FILE_NAME_H

#include "base/memory.h"

/* Most bytes of a name on the file systems of today. */
#define FILE_NAME_MOST ((size_t)255)

/* *name: the text as one part of a path, of 1 to `most` bytes (most >= 8), owned by the caller. It is UTF-8, holds no
 * slash, does not begin with a dot or a hyphen, and does not end with a dot or a space. What is no UTF-8, control
 * characters, those that turn the direction of writing, and / \ < > : " | ? * become "_". A text that is too long loses
 * its middle part: an ending like ".jpeg" stays. Different texts may become equal. */
Status file_name_make(Context *ctx, char **name, const char *text, size_t most);

#endif

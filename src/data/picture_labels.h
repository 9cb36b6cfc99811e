/* Labels of pictures that are files: from a list's column, or from the folders that they lie in. */
#ifndef SPICA_DATA_PICTURE_LABELS_H
#define SPICA_DATA_PICTURE_LABELS_H

#include "data/picture_list.h"
#include "data/reader.h"

/* Gives the dataset, which has its paths, the labels that the request asks for, and says in the log what was decided
 * and why. list: its entries without a problem are the dataset's rows. Folders count unasked only where every picture
 * lies exactly one level deep, in at least two of them; asked for, the first folder of each path is its class. */
Status picture_labels_decide(Context *ctx, Dataset *dataset, const PictureList *list, const ReadRequest *request);

#endif

/* Attention maps: where in a picture its cluster shows (SPICE, Fig. 5b). */
#ifndef SPICA_METHODS_ATTENTION_H
#define SPICA_METHODS_ATTENTION_H

#include "augment/augment.h"
#include "nn/model.h"

/* maps[count x height x width]: for each picture rows[i] of the dataset, of the dataset's height and width, the cosine
 * of centres[clusters[i]] and the vector at each position of the model's last feature map, resized (bilinear, centres
 * of pixels aligned) to the picture and then normalised to 0 .. 1 (the picture's least and largest value; all 0 where
 * they are equal). A map where the cosine could tell nothing, of a vector or centre of length 0, takes 0 for it.
 *
 * centres: rows of D floats of any length, made of the same model's embeddings: prototype_labels' (Eq. 2 and 3) over
 * the whole data set in the paper. policy: how the model is fed (POLICY_NONE); where its `enlarge` leaves the border of
 * a picture unseen, that takes the values of what is seen beside it. Errors: SPICA_ERROR_DATA where the pictures do not
 * fit the model, SPICA_ERROR_MEMORY, SPICA_CANCELLED. */
Status attention_maps(Context *ctx, Model *model, const Dataset *dataset, const int64_t *rows, size_t count,
                      const Policy *policy, const float *centres, const int32_t *clusters, float *maps);

#endif

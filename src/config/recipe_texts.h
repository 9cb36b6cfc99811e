/* The files of recipes/, put into the library by cmake/SpicaRecipes.cmake. */
#ifndef SPICA_CONFIG_RECIPE_TEXTS_H
#define SPICA_CONFIG_RECIPE_TEXTS_H

#include <stddef.h>

typedef struct RecipeText {
    const char *name, *text;
} RecipeText;

extern const RecipeText recipe_texts[]; /* in alphabetical order of the names */
extern const size_t recipe_text_count;

#endif

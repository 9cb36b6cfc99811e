#include "methods/numeric_fault.h"

Status numeric_fault(Context *ctx, const char *stage, uint64_t step, Plan *const plans[], size_t count) {
    char words[160] = "";
    for (size_t i = 0; i < count && words[0] == '\0'; i++)
        if (plans[i] != NULL) TRY(plan_describe_fault(ctx, plans[i], words, sizeof words));
    return context_fail(ctx, SPICA_ERROR_NUMERIC,
                        "%s: the loss is not finite at step %llu, first %s: a smaller %s.learning_rate may help", stage,
                        (unsigned long long)step, words[0] != '\0' ? words : "in the loss itself", stage);
}

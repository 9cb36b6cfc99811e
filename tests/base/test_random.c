/* Philox against Random123's known answers, and what is drawn from it. */
#include "support/testing.h"

#include "base/random.h"

/* kat_vectors of Random123 1.14.0: philox4x32 with 10 rounds. */
static void test_known_answers(void **state) {
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], expected[4];
    } cases[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < 3; i++) {
        uint32_t words[4];
        philox4x32(words, cases[i].counter, cases[i].key);
        assert_integers_equal(words, cases[i].expected, 4);
    }
}

/* Places of use do not share draws. */
static void test_places_differ(void **state) {
    (void)state;
    const Random places[] = {
        random_at(1, RANDOM_TEST, 2, 3, 4),
        random_at(2, RANDOM_TEST, 2, 3, 4),
        random_at(1, RANDOM_DATA_LIMIT, 2, 3, 4),
        random_at(1, RANDOM_TEST, 3, 3, 4),
        random_at(1, RANDOM_TEST, 2, 4, 4),
        random_at(1, RANDOM_TEST, 2, 3, 5),
        random_at(1ULL << 32 | 1, RANDOM_TEST, 2, 3, 4),
    };
    uint32_t words[7];
    for (size_t i = 0; i < 7; i++) {
        Random random = places[i];
        words[i] = random_word(&random);
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(words[i], words[j]);
    }
    Random again = random_at(1, RANDOM_TEST, 2, 3, 4);
    assert_int_equal(random_word(&again), words[0]);
}

/* Means and shares within five deviations of their expectation. */
static void test_distributions(void **state) {
    (void)state;
    enum { DRAWS = 40000 };
    Random random = random_at(7, RANDOM_TEST, 0, 0, 0);
    double sum = 0.0, squares = 0.0, uniform = 0.0;
    int counts[7] = {0};
    for (int i = 0; i < DRAWS; i++) {
        const double normal = (double)random_normal(&random);
        const float between = random_between(&random, -1.0f, 3.0f);
        sum += normal;
        squares += normal * normal;
        assert_true(between >= -1.0f && between < 3.0f);
        uniform += (double)between;
        counts[random_below(&random, 7)]++;
    }
    assert_true(fabs(sum / DRAWS) < 5.0 / sqrt(DRAWS));
    assert_true(fabs(squares / DRAWS - 1.0) < 5.0 * sqrt(2.0 / DRAWS));
    assert_true(fabs(uniform / DRAWS - 1.0) < 5.0 * sqrt(16.0 / 12.0 / DRAWS));
    for (int i = 0; i < 7; i++)
        assert_true(abs(counts[i] - DRAWS / 7) < 5 * sqrt(DRAWS / 7.0));
}

static void test_permutation(void **state) {
    (void)state;
    int64_t order[100];
    bool seen[100] = {false};
    int fixed = 0;
    Random random = random_at(3, RANDOM_TEST, 0, 0, 0);
    random_permutation(&random, order, 100);
    for (int i = 0; i < 100; i++) {
        assert_false(seen[order[i]]);
        seen[order[i]] = true;
        fixed += order[i] == i;
    }
    assert_true(fixed < 10);
    random_permutation(&random, order, 0);
    random_permutation(&random, order, 1);
    assert_int_equal(order[0], 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_places_differ),
        cmocka_unit_test(test_distributions),
        cmocka_unit_test(test_permutation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

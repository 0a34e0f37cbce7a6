"""The rank test of the benchmarks, against values worked out by hand."""

import pytest

from bench.ways_in import rank_test


def test_two_samples_that_do_not_overlap_are_told_apart() -> None:
    low, high = [float(value) for value in range(20)], [float(value) for value in range(20, 40)]
    ranked = rank_test(low, high)
    # U is 400 of 400, its mean 200, its variance 20 * 20 * 41 / 12.
    assert ranked.larger == 1.0
    assert ranked.z == pytest.approx(200 / (400 * 41 / 12) ** 0.5)
    assert ranked.p < 1e-7
    assert rank_test(high, low).z == -ranked.z


def test_a_sample_is_not_told_from_itself() -> None:
    sample = [float(value) for value in range(50)]
    assert rank_test(sample, sample) == rank_test(sample[::-1], sample)
    assert (rank_test(sample, sample).larger, rank_test(sample, sample).p) == (0.5, 1.0)
    assert rank_test([1.0] * 30, [1.0] * 30).p == 1.0


def test_ties_make_the_spread_smaller() -> None:
    first, second = [1.0] * 10 + [2.0] * 10, [1.0] * 5 + [2.0] * 15
    ranked = rank_test(first, second)
    # Of 400 pairs 150 are won by the second, 50 by the first, 200 are ties; 15 and 25 values are tied.
    assert ranked.larger == pytest.approx((150 + 100) / 400)
    spread = (400 / 12 * (41 - (15**3 - 15 + 25**3 - 25) / (40 * 39))) ** 0.5
    assert ranked.z == pytest.approx(50 / spread)

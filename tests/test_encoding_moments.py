"""Weighted statistics against numpy, and at the ends of the scale of numbers."""

import numpy as np
import pytest

from sklearn_binmask._encoding.moments import (
    center_and_scale,
    power_of_two_unit,
    quantiles,
)

LEVELS = (0.1, 1 / 3, 0.5, 2 / 3, 0.9)


@pytest.mark.parametrize("n_distinct", [2, 5, 10**6])
def test_quantiles_against_numpy(any_seed, n_distinct):
    rng = np.random.default_rng(any_seed)
    values = rng.integers(0, n_distinct, size=(4, 50)).astype(float)
    weights = rng.integers(1, 5, size=(4, 50)).astype(float)
    expected = [
        np.quantile(row, LEVELS, weights=weight, method="inverted_cdf")
        for row, weight in zip(values, weights, strict=True)
    ]
    np.testing.assert_array_equal(quantiles(values, weights, LEVELS), expected)


def test_quantiles_ignore_rows_of_no_weight():
    values = np.array([[9.0, 1.0, 2.0, -9.0, 3.0]])
    weights = np.array([[0.0, 1.0, 1.0, 0.0, 1.0]])
    np.testing.assert_array_equal(quantiles(values, weights, (0.01, 1.0)), [[1.0, 3.0]])


def test_center_and_scale_against_numpy(any_seed):
    rng = np.random.default_rng(any_seed)
    values, weights = rng.normal(7, 3, size=(3, 40)), rng.random((3, 40)) + 0.1
    center, scale = center_and_scale(values, weights)
    for row, weight, c, s in zip(values, weights, center, scale, strict=True):
        np.testing.assert_allclose(c, np.average(row, weights=weight))
        variance = np.cov(row, aweights=weight, ddof=0)
        np.testing.assert_allclose(s**2, variance)


def test_rounding_noise_is_no_spread():
    noisy = 0.1 + 1e-15 * np.arange(10.0)
    _, scale = center_and_scale(
        np.stack([noisy, noisy * 1e9, -noisy]), np.ones((3, 10))
    )
    np.testing.assert_array_equal(scale, 0)


@pytest.mark.parametrize("value", [5e-324, 1e-300, 1.0, 3.0, 1e300, 1.7976e308, -1e308])
def test_unit_is_an_exact_divisor(value):
    unit = power_of_two_unit(np.array([[value, value / 3]]))
    scaled = value / unit
    assert 1 <= abs(scaled[0]) < 2
    assert scaled * unit == value

"""Sparse tables that point outside of themselves are refused: scipy would crash."""

import functools

import numpy as np
import pytest
from estimators import NAMES, X, Y, quick
from scipy import sparse

from sklearn_binmask import sample_rows

Z = np.where(X > 0, X, 0.0)


def column_too_large(table):
    table.indices[3] = 10**6


def column_too_small(table):
    table.indices[3] = -5


def line_too_long(table):
    table.indptr[-1] = 10**7


def lines_in_a_wrong_order(table):
    table.indptr[1] = table.indptr[2] + 1


def first_line_too_late(table):
    table.indptr[0] = 1


def line_too_many(table):
    table.indptr = np.append(table.indptr, table.indptr[-1])


def values_too_few(table):
    table.data = table.data[:5]


SPOILT = [
    values_too_few,  # the one that crashes nothing comes first
    first_line_too_late,
    lines_in_a_wrong_order,
    column_too_small,
    column_too_large,
    line_too_long,
    line_too_many,
]


@functools.cache
def network():
    return quick("classifier").fit(X, Y)


def made(kind, spoil):
    table = {
        "csr": lambda: sparse.csr_array(Z),
        "csc": lambda: sparse.csc_matrix(Z),
        "bsr": lambda: sparse.bsr_array(Z, blocksize=(2, 3)),
    }[kind]()
    spoil(table)
    return table


@pytest.mark.parametrize("spoil", SPOILT, ids=lambda spoil: spoil.__name__)
@pytest.mark.parametrize("kind", ["csr", "csc", "bsr"])
def test_a_compressed_table_that_points_outside_is_refused(kind, spoil):
    fitted, table = network(), made(kind, spoil)
    for ask in (
        fitted.predict,
        fitted.transform,
        lambda table: fitted.score(table, Y),
        lambda table: fitted.partial_fit(table, Y),
        lambda table: sample_rows([(table, Y)], n_rows=5),
        lambda table: quick("regressor").fit(table, Y),
        lambda table: quick("regressor").fit(X, Y, X_val=table, y_val=Y),
    ):
        with pytest.raises(ValueError, match=f"format '{kind}' whose parts do not fit"):
            ask(table)


@pytest.mark.parametrize("name", NAMES)
def test_no_estimator_takes_it(name):
    table = made("csr", column_too_large)
    with pytest.raises(ValueError, match="do not fit together"):
        quick(name).fit(table, Y)
    fitted = quick(name).fit(X, Y)
    with pytest.raises(ValueError, match="do not fit together"):
        fitted.transform(table)


def row_outside(table):
    table.row[3] = 60


def fewer_columns_than_rows(table):
    table.coords = (table.coords[0], table.coords[1][:5])


@pytest.mark.parametrize("spoil", [row_outside, fewer_columns_than_rows])
def test_coordinates_that_are_outside_are_refused(spoil):
    table = sparse.coo_array(Z)
    spoil(table)
    with pytest.raises(ValueError, match="format 'coo' whose parts do not fit"):
        quick("classifier").fit(table, Y)


def test_a_list_of_rows_that_names_other_columns_is_refused():
    table = sparse.lil_array(Z)
    table.rows[5] = [2, 3]
    table.data[5] = [1.0, 1.0]
    with pytest.raises(ValueError, match="format 'lil' whose parts do not fit"):
        quick("classifier").fit(table, Y)


def longer_than_need_be(table):
    """Make room at the end, as scipy allows."""
    table.data = np.append(table.data, [7.0, 7.0])
    table.indices = np.append(table.indices, [99, 99]).astype(table.indices.dtype)
    return table


@pytest.mark.parametrize(
    "make",
    [
        lambda: longer_than_need_be(sparse.csr_array(Z)),
        lambda: longer_than_need_be(sparse.csc_array(Z)),
        lambda: sparse.bsr_array(Z, blocksize=(3, 1)),
        *(lambda f=f: sparse.coo_array(Z).asformat(f) for f in ("coo", "dok", "lil")),
        lambda: sparse.dia_array(Z),
    ],
    ids=["csr", "csc", "bsr", "coo", "dok", "lil", "dia"],
)
def test_a_sound_table_of_any_format_is_what_the_array_is(make):
    table = make()
    np.testing.assert_allclose(
        network().predict_proba(table), network().predict_proba(Z), rtol=1e-9
    )
    assert quick("selector").fit(table, Y).support_.any()

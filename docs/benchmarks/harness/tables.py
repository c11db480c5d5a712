"""Reads tables from a folder (see the README for what it holds)."""

import gzip
import re

import numpy as np
import pandas as pd

from .records import Source

# Columns that tell the target.
LEAKS = {"eye_movements": ["lineNo"], "bank_marketing": ["V12"]}


def path_of(source: Source, file_name):
    """Say where a table is."""
    if source.data is None:
        raise ValueError(
            f"data=None has no {file_name}. Give --data the folder that holds it."
        )
    return source.data / file_name


def read_arrays(source, name):
    """Return X, classes from 0, and the official test rows, or None."""
    with np.load(path_of(source, f"{name}.npz"), allow_pickle=False) as arrays:
        X = arrays["X"].astype(np.float64)
        if "X_scale" in arrays:
            X *= arrays["X_scale"]
        is_test = arrays.get("test_mask")
        return X, numbered(arrays["y"]), is_test


def read_csr(source, name):
    """Return a sparse table as a dense array, and classes from 0."""
    from scipy.sparse import csr_array

    with np.load(path_of(source, f"{name}.npz"), allow_pickle=False) as arrays:
        parts = arrays["data"], arrays["indices"], arrays["indptr"]
        X = csr_array(parts, shape=tuple(arrays["shape"])).toarray()
        return X.astype(np.float64), numbered(arrays["y"])


def read_frame(source, name):
    """Return the columns, the target and the groups of rows, or None."""
    frame = pd.read_parquet(path_of(source, f"{name}.parquet"))
    frame = frame.drop(columns=LEAKS.get(name, []))
    target = frame.pop("target")
    grouping = [column for column in frame if re.match("group_", column)]
    groups = frame[grouping[0]].to_numpy() if grouping else None
    return frame.drop(columns=grouping), target.to_numpy(), groups


def read_idx(folder):
    """Return the images and classes of the four files of MNIST, and what is for tests.

    Files may be packed with gzip.
    """
    images, classes = [], []
    for part in ("train", "t10k"):
        images.append(read_idx_file(folder, f"{part}-images-idx3-ubyte"))
        classes.append(read_idx_file(folder, f"{part}-labels-idx1-ubyte"))
    is_test = np.repeat([False, True], [len(part) for part in images])
    X = np.concatenate(images).reshape(len(is_test), -1)
    return X.astype(np.float64), np.concatenate(classes).astype(int), is_test


def read_idx_file(folder, name):
    path = folder / name
    packed = folder / f"{name}.gz"
    if not path.exists() and not packed.exists():
        path = folder / name.replace("-idx", ".idx")
    content = (
        gzip.decompress(packed.read_bytes()) if packed.exists() else path.read_bytes()
    )
    n_axes = content[3]
    shape = np.frombuffer(content, ">i4", n_axes, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * n_axes).reshape(shape)


def read_groups(source, name):
    """Return the group that each row of an npz file belongs to."""
    with np.load(path_of(source, f"{name}.npz"), allow_pickle=False) as arrays:
        return arrays["groups"]


def numbered(y):
    """Number classes from 0, in their order."""
    return np.unique(y, return_inverse=True)[1]

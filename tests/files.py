"""Files of fitted estimators, taken apart and put together again."""

import functools
import io
import zipfile

from estimators import X, Y, quick

from sklearn_binmask import dump, load
from sklearn_binmask._deployment.archive import seal


@functools.cache
def saved(name):
    """Give a fitted estimator, and the bytes of its file."""
    estimator = quick(name).fit(X, Y)
    if name == "classifier":
        estimator = quick(name, sparsity=0.9).fit(X, Y).compact()  # sparse matrices
    file = io.BytesIO()
    dump(estimator, file)
    return estimator, file.getvalue()


def load_bytes(data, **params):
    return load(io.BytesIO(data), **params)


def members_of(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archive_of(members, compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def sealed(members, **params):
    return seal(archive_of(members.items(), **params))

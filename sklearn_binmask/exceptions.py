"""Errors and warnings that a user may want to catch by name."""

from typing import Self

__all__ = ["DistributedError", "FileError", "ParameterError", "VersionMismatchWarning"]


class ParameterError(ValueError):
    """A parameter that cannot serve, alone or together with others or with the data.

    A ``ValueError``, as everywhere in scikit-learn; the name lets a search over
    parameters tell a bad candidate from a failure.

    Examples
    --------
    >>> from sklearn_binmask.exceptions import ParameterError
    >>> print(ParameterError.of("n_features_to_select", 40, "1 to 30", "fewer columns"))
    n_features_to_select=40 is not allowed: it must be 1 to 30. Try: fewer columns.
    """

    @classmethod
    def of(cls, name: str, value: object, allowed: str, remedy: str) -> Self:
        """Word the error: the parameter, the value got, what is allowed, what to try.

        A constructor of its own, because an exception with several arguments cannot
        be sent back by a worker process.

        Parameters
        ----------
        name : str
            The parameter.
        value : object
            What it was.
        allowed : str
            What it must be, to stand after "it must be".
        remedy : str
            What to try, without a full stop.

        Returns
        -------
        error : ParameterError
            To be raised.
        """
        return cls(
            f"{name}={value!r} is not allowed: it must be {allowed}. Try: {remedy}."
        )


class FileError(ValueError):
    """A file that `sklearn_binmask.load` will not load.

    It is damaged, was written by something else, asks for far more memory than it has
    bytes, or holds types that are not trusted; the message says which. Nothing of it
    has been run, or is left in memory.

    Examples
    --------
    >>> from io import BytesIO
    >>> from sklearn_binmask import load
    >>> from sklearn_binmask.exceptions import FileError
    >>> try:
    ...     load(BytesIO(b"no estimator"))
    ... except FileError:
    ...     print("refused")
    refused
    """


class VersionMismatchWarning(UserWarning):
    """An estimator was loaded that another version of this package had saved.

    Examples
    --------
    >>> import warnings
    >>> from sklearn_binmask.exceptions import VersionMismatchWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", VersionMismatchWarning)
    """


class DistributedError(RuntimeError):
    """A fit over several processes that has ended because one of them has failed.

    It has died, has not answered in time, or was given other parameters or columns; the
    message says which. The estimator is as it was before, on every process.

    Examples
    --------
    >>> from sklearn_binmask.exceptions import DistributedError
    >>> issubclass(DistributedError, RuntimeError)
    True
    """

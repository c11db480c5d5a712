"""Lets one function of the package fail, whichever it is."""

import gc
import inspect
import sys

from paths import PACKAGE_DIR


class Saboteur:
    """Notes how often functions of the package are called, and lets one of them fail.

    Parameters
    ----------
    victim : str, default=None
        Name in `called` of another run; by default none fails.
    error : BaseException type
        What it raises.
    after : int
        At which of its calls.
    """

    def __init__(self, victim=None, error=RuntimeError, after=1):
        self.victim, self.error, self.after = victim, error, after
        self.called = {}

    def __call__(self, frame, event, argument):
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(str(PACKAGE_DIR)):
            return
        name = f"{code.co_filename[len(str(PACKAGE_DIR)) + 1 :]}:{code.co_qualname}"
        # a generator is entered again for each value, and when it is thrown away
        again = 0 if code.co_flags & inspect.CO_GENERATOR else self.called.get(name, 0)
        self.called[name] = again + 1
        if name == self.victim and self.called[name] == self.after:
            self.victim = None
            raise self.error("planted")

    def __enter__(self):
        gc.disable()  # the generator of an earlier fit would be closed, that is, called
        sys.setprofile(self)
        return self

    def __exit__(self, *args):
        sys.setprofile(None)
        gc.enable()

"""What a process shares: written down before and after, and compared."""

import contextlib
import decimal
import gc
import io
import locale
import logging
import multiprocessing
import os
import pickle
import random
import signal
import socket
import sys
import threading
import time
import warnings

import matplotlib
import numpy as np
import pandas as pd
import sklearn
import threadpoolctl
import torch


def describe_world():
    """All that others in the process share with a method of ours."""
    with np.errstate(all="ignore"):
        denormal = float((np.array([1e-310]) / 2)[0])
    return {
        "numpy generator": pickle.dumps(np.random.get_state()),
        "torch generator": torch.get_rng_state().tolist(),
        "python generator": random.getstate(),
        "torch threads": (torch.get_num_threads(), torch.get_num_interop_threads()),
        "thread pools": [
            (pool["filepath"], pool["num_threads"])
            for pool in threadpoolctl.threadpool_info()
        ],
        "dtype": torch.get_default_dtype(),
        "gradients": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "determinism": torch.are_deterministic_algorithms_enabled(),
        "denormals": (denormal > 0, float(torch.tensor([1e-40]) / 2) > 0),
        "warnings": list(warnings.filters),
        "sklearn": sklearn.get_config(),
        "environment": dict(os.environ),
        "working folder": os.getcwd(),
        "float errors": np.geterr(),
        "printing": (str(np.get_printoptions()), pd.get_option("display.max_rows")),
        "pictures": dict(matplotlib.rcParams),
        "hooks": (sys.excepthook, sys.unraisablehook, threading.excepthook),
        "tracing": (sys.getprofile(), sys.gettrace()),
        "interrupts": signal.getsignal(signal.SIGINT),
        "recursion": sys.getrecursionlimit(),
        "path of imports": list(sys.path),
        "precision of products": torch.get_float32_matmul_precision(),
        "device": str(torch.get_default_device()),
        "anomalies": torch.is_anomaly_enabled(),
        "process group": torch.distributed.is_initialized(),
        "decimals": str(decimal.getcontext()),
        "language": locale.setlocale(locale.LC_ALL),
        "logging": (logging.root.level, list(logging.root.handlers)),
        "garbage": (gc.isenabled(), gc.get_threshold()),
        "switches": sys.getswitchinterval(),
        "sockets": socket.getdefaulttimeout(),
        "threads": {thread.ident for thread in threading.enumerate()},
        "processes": (multiprocessing.get_start_method(allow_none=True), Children()),
    }


class Children:
    """The processes that this one has under way.

    Those of two moments are the same if none has begun in between. Some may have ended:
    the workers of an earlier test do so by themselves when they are idle.
    """

    def __init__(self):
        self.moment = time.monotonic_ns()
        self.numbers = {child.pid for child in multiprocessing.active_children()}

    def __eq__(self, other):
        earlier, later = sorted((self, other), key=lambda one: one.moment)
        return later.numbers <= earlier.numbers

    __hash__ = None

    def __repr__(self):
        return f"Children({sorted(self.numbers)})"


@contextlib.contextmanager
def untouched(name):
    """Refuse what changes the world, or prints."""
    # or a seed that each fit sets would change nothing the second time
    np.random.random(), torch.rand(1), random.random()
    world, shown = describe_world(), io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
        yield
    after = describe_world()
    assert [key for key in world if world[key] != after[key]] == [], name
    assert shown.getvalue() == "", name

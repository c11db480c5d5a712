"""Files: what is loaded is what was saved, or there is one kind of error."""

import functools
import io
import json
import os
import pickle
import struct
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
import skops.io
from estimators import NAMES, X, Y, assert_says, quick, says
from files import archive_of, load_bytes, members_of, saved, sealed
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_binmask import dump, load
from sklearn_binmask._estimator import compact
from sklearn_binmask.exceptions import FileError, VersionMismatchWarning

MUTATIONS = 2_000


@pytest.mark.parametrize("name", NAMES)
def test_what_is_loaded_is_what_was_saved(name, tmp_path):
    estimator, data = saved(name)
    assert_says(load_bytes(data), says(estimator))
    for path in (tmp_path / "a.skops", str(tmp_path / "b.skops")):
        dump(estimator, path)
        assert_says(load(path), says(estimator))


def test_skops_reads_the_same_file():
    from sklearn_binmask import TRUSTED_TYPES

    estimator, data = saved("selector")
    assert_says(skops.io.loads(data, trusted=TRUSTED_TYPES), says(estimator))


def test_a_pipeline_and_types_that_are_trusted_by_name():
    model = make_pipeline(StandardScaler(), quick("selector"), LogisticRegression())
    file = io.BytesIO()
    dump(model.fit(X, Y), file)
    np.testing.assert_array_equal(load(file).predict(X), model.predict(X))
    own = make_pipeline(FunctionTransformer(functools.partial(np.add, 1.0)), model)
    dump(own.fit(X, Y), file := io.BytesIO())
    with pytest.raises(FileError, match=r"functools\.partial"):
        load(file)
    loaded = load(file, trusted=["functools.partial"])
    np.testing.assert_array_equal(loaded.predict(X), own.predict(X))


def test_a_file_that_is_not_there_is_no_damaged_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nothing.skops")


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_file_that_cannot_be_written_leaves_the_one_before(
    error, tmp_path, monkeypatch
):
    estimator, _ = saved("selector")
    path, link = tmp_path / "model.skops", tmp_path / "link.skops"
    link.symlink_to(path)
    dump(estimator, link)
    genuine = Path.write_bytes

    def disk_is_full(self, data):
        genuine(self, data[: len(data) // 2])
        raise error("planted: no space left on device")

    monkeypatch.setattr(Path, "write_bytes", disk_is_full)
    with pytest.raises(error, match="planted"):
        dump(quick("classifier").fit(X, Y), link)
    assert_says(load(path), says(estimator))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link.skops", "model.skops"]
    assert link.is_symlink()


def test_a_pipe_is_written_to_as_it_is(tmp_path):
    os.mkfifo(pipe := tmp_path / "pipe")
    reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE)
    estimator, _ = saved("selector")
    dump(estimator, pipe)
    data, _ = reader.communicate()
    assert_says(load_bytes(data), says(estimator))


# --- accidents ----------------------------------------------------------------------


def mutate(data, rng):
    """Damage a file as disks, networks and editors do."""
    kind = rng.integers(7)
    at = int(rng.integers(len(data)))
    upto = min(len(data), at + int(rng.integers(1, 200)))
    if kind == 0:  # one bit
        return data[:at] + bytes([data[at] ^ (1 << rng.integers(8))]) + data[at + 1 :]
    if kind == 1:  # some bytes
        return data[:at] + rng.bytes(upto - at) + data[upto:]
    if kind == 2:  # cut off
        return data[:at]
    if kind == 3:  # some lost
        return data[:at] + data[upto:]
    if kind == 4:  # some twice
        return data[:upto] + data[at:]
    if kind == 5:  # a block of zeros
        return data[:at] + bytes(upto - at) + data[upto:]
    return data[at:] + data[:at]  # the parts in a wrong order


def test_no_damaged_file_is_loaded():
    rng = np.random.default_rng(0)
    n_damaged = 0
    for number in range(MUTATIONS):
        _, data = saved(NAMES[number % len(NAMES)])
        damaged = mutate(data, rng)
        if damaged == data:
            continue
        n_damaged += 1
        with pytest.raises(FileError):
            load_bytes(damaged)
    assert n_damaged > 0.95 * MUTATIONS


def test_a_file_packed_anew_by_others_is_refused():
    """Its parts may all be sound, and yet not be those of one estimator."""
    members = members_of(saved("selector")[1])
    with pytest.raises(FileError, match="was not written by"):
        load_bytes(archive_of(members.items()))


# --- malice: sealed anew, so only what is inside can be refused ----------------------


def parts_of(tree):
    """Walk all dicts of a schema."""
    if isinstance(tree, dict):
        yield tree
    for part in tree.values() if isinstance(tree, dict) else tree:
        if isinstance(part, dict | list):
            yield from parts_of(part)


def mutate_schema(schema, rng):
    """Change one value, key or part of the tree of a file."""
    parts = [part for part in parts_of(schema) if part]
    part = parts[rng.integers(len(parts))]
    key = list(part)[rng.integers(len(part))]
    values = [None, -1, 2**70, "", "os.system", [], {}, 1e308, True, "[[[", "sklearn"]
    values += [parts[rng.integers(len(parts))], part[key]]
    change = rng.integers(3)
    if change == 0:
        del part[key]
    elif change == 1:
        part[f"{key}_"] = part.pop(key)
    else:
        part[key] = values[rng.integers(len(values))]


def test_a_forged_tree_is_loaded_or_refused_and_nothing_else():
    rng = np.random.default_rng(1)
    n_refused = 0
    for number in range(300):
        members = members_of(saved(NAMES[number % len(NAMES)])[1])
        schema = json.loads(members["schema.json"])
        for _ in range(1 + number % 3):
            mutate_schema(schema, rng)
        try:
            members["schema.json"] = json.dumps(schema).encode()
        except ValueError:  # a tree in itself
            continue
        try:
            load_bytes(sealed(members))
        except FileError:
            n_refused += 1
    assert n_refused > 50


def node(kind, content, loader, **more):
    module, _, name = kind.rpartition(".")
    found = {"__class__": name, "__module__": module, "__loader__": loader}
    return found | {"content": content} | more


def listed(parts, **more):
    return node("builtins.list", parts, "ListNode", **more)


def schema_of(root):
    text = json.dumps(root | {"protocol": 1, "_skops_version": "0.13"})
    return {"schema.json": text.encode()}


def array_file(shape, dtype="<f8", content=b""):
    header = {"descr": dtype, "fortran_order": False, "shape": shape}
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + content


def array_node(name="a.npy", **more):
    kind = more.pop("kind", "numpy.ndarray")
    return node(kind, None, "NdArrayNode", type="numpy", file=name, **more)


def laughs(depth=12, width=10):
    """Lists of one list, many times over: short to say, long to write out."""
    text = node("builtins.str", '"ha"', "JsonNode", is_json=True, __id__=1)
    tree = listed([text], __id__=2)
    for level in range(3, depth):
        again = {
            "__class__": "list",
            "__module__": "builtins",
            "__loader__": "CachedNode",
        }
        copies = [again | {"__id__": level - 1}] * (width - 1)
        tree = listed([tree, *copies], __id__=level)
    shape = listed([node("builtins.int", "1", "JsonNode", is_json=True)] * 2)
    return node("numpy.ndarray", [tree], "NdArrayNode", type="json", shape=shape)


def zeros_packed():
    return archive_of(
        {"data.npy": array_file((10**7,), content=bytes(8 * 10**7))}.items(),
        compression=zipfile.ZIP_DEFLATED,
    )


MATRIX = node("scipy.sparse._csr.csr_array", None, "SparseMatrixNode", type="scipy")
ONE_ARRAY = schema_of(array_node())
BOMBS = {
    "an array said to be large": lambda: sealed(
        ONE_ARRAY | {"a.npy": array_file((2**40,))}
    ),
    "an array of cells of no size": lambda: sealed(
        ONE_ARRAY | {"a.npy": array_file((2**40,), "<U0")}
    ),
    "a sparse matrix of zeros": lambda: sealed(
        schema_of(MATRIX | {"file": "a.npz"}) | {"a.npz": zeros_packed()}
    ),
    "one array many times": lambda: sealed(
        schema_of(listed([array_node()] * 5_000))
        | {"a.npy": array_file((10**5,), content=bytes(8 * 10**5))}
    ),
    "a list of lists of lists": lambda: sealed(schema_of(laughs())),
    "so many bytes of nothing": lambda: sealed(
        schema_of(array_node(kind="numpy.void"))
        | {"a.npy": array_file((), "<i8", struct.pack("<q", 2**33))}
    ),
    "packed members": lambda: sealed(
        ONE_ARRAY | {"a.npy": array_file((10**7,), content=bytes(8 * 10**7))},
        compression=zipfile.ZIP_DEFLATED,
    ),
    "deep": lambda: sealed({"schema.json": b'{"a":' * 50_000 + b"1" + b"}" * 50_000}),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_small_file_cannot_ask_for_much_memory(bomb):
    data = BOMBS[bomb]()
    tracemalloc.start()
    try:
        with pytest.raises(FileError):
            load_bytes(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100 * len(data) + 2**23


def test_a_sound_file_takes_memory_in_proportion():
    _, data = saved("selector_cv")
    load_bytes(data)
    tracemalloc.start()
    load_bytes(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100 * len(data)


EVIL = {
    "a function": node("os.system", None, "FunctionNode"),
    "a type": node("subprocess.Popen", None, "TypeNode"),
    "an object": node("subprocess.Popen", None, "ObjectNode"),
    "a method": node(
        "builtins.object",
        {"func": "system", "obj": node("os.path", None, "TypeNode")},
        "MethodNode",
    ),
    "a partial": node(
        "functools.partial",
        {
            "func": node("os.system", None, "FunctionNode"),
            "args": node("builtins.tuple", [], "TupleNode"),
            "kwds": node("builtins.dict", {}, "DictNode", key_types=listed([])),
            "namespace": node("builtins.dict", {}, "DictNode", key_types=listed([])),
        },
        "PartialNode",
    ),
    "a generator": node(
        "numpy.random._generator.Generator",
        {"bit_generator": {"content": {"bit_generator": {"content": '"seed"'}}}},
        "RandomGeneratorNode",
    ),
    "a module of the reader": node("planted_module.Thing", None, "TypeNode"),
}
WATCHED = """
import pathlib, sys
sys.path.insert(0, {folder!r})
from sklearn_binmask import load
from sklearn_binmask.exceptions import FileError
import skops.io
seen = []
def watch(event, arguments):
    name = event.partition(".")[0]
    if name in ("os", "subprocess", "socket", "shutil", "ctypes"):
        if event not in ("os.listdir", "os.scandir"):
            seen.append((event, arguments))
sys.addaudithook(watch)
for path in sorted(pathlib.Path({folder!r}).glob("*.skops")):
    try:
        load(path)
    except FileError:
        print("refused", path.name)
assert "planted_module" not in sys.modules
assert not seen, seen
"""


def test_a_malicious_file_runs_nothing(tmp_path):
    (tmp_path / "planted_module.py").write_text("import os; os.system('true')")
    array = b"\x80\x04cos\nsystem\n(S'true'\ntR."
    files = {name: sealed(schema_of(root)) for name, root in EVIL.items()}
    files["a pickle"] = sealed(schema_of(array_node()) | {"a.npy": array})
    files["objects"] = sealed(
        schema_of(array_node()) | {"a.npy": array_file((1,), "|O", array)}
    )
    for number, data in enumerate(files.values()):
        (tmp_path / f"{number}.skops").write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", WATCHED.format(folder=str(tmp_path))],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("refused") == len(files)


def test_a_sparse_matrix_that_points_outside_is_refused():
    """Products of scipy would read memory that is not theirs."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(compact, "_SPARSE_DENSITY", 2.0)
        estimator = quick("classifier").fit(X, Y).compact()
    dump(estimator, file := io.BytesIO())
    assert_says(load(file), says(estimator))
    estimator.estimator_.network.coefs[0].indices[-1] = 2**30
    dump(estimator, file := io.BytesIO())
    with pytest.raises(FileError, match="ind"):
        load(file)


# --- versions -----------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_another_version_is_told(name, monkeypatch):
    estimator, data = saved(name)
    assert_says(pickle.loads(pickle.dumps(estimator)), says(estimator))
    monkeypatch.setattr("sklearn_binmask._estimator.base.__version__", "99.0")
    later = pickle.dumps(estimator)
    older = later.replace(b"99.0", b"98.0")
    for again in (lambda: load_bytes(data), lambda: pickle.loads(older)):
        with pytest.warns(VersionMismatchWarning, match="99"):
            assert_says(again(), says(estimator))


def test_a_parameter_that_came_later_has_its_default(monkeypatch):
    """A file of an earlier version knows nothing of it."""
    estimator = quick("selector").fit(X, Y)
    monkeypatch.setattr("sklearn_binmask._estimator.base.__version__", "0.0.1")
    del estimator.min_features_to_select
    older = pickle.dumps(estimator)
    monkeypatch.undo()
    with pytest.warns(VersionMismatchWarning):
        loaded = pickle.loads(older)
    assert loaded.min_features_to_select == 1
    assert "BinMaskSelector" in repr(loaded)

"""The agreement of several processes, over `torch.distributed`.

Numbers travel as they are and words as JSON, so that nothing that arrives is run. A fit
has a group of its own, made from the one that is active and closed when the fit ends.
A process that fails leaves a note in the store and closes its group; the others, whose
calls then fail, read the note. So nobody waits for a process that is gone.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Self, final

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor

from ..exceptions import DistributedError
from .agreement import Agreement

__all__ = ["Together"]

_NOTE, _DONE = "failed", "done"
# What a process that fails on its rows lets the others raise too; else it is a
# DistributedError.
_ERRORS: dict[str, type[Exception]] = {
    error.__name__: error for error in (ValueError, TypeError)
}
# Seconds in which all hang up after the last word; who is late is not waited for.
_FAREWELL = 5.0


@final
class Together(Agreement):
    """The processes of the group that is active.

    A context: the group is made at its beginning and closed at its end. An error inside
    is passed on to the others, and it ends well only if it does so everywhere.

    Raises
    ------
    DistributedError
        If a process has failed, died or not answered in time. What another has found
        wrong with its rows is a ``ValueError`` or ``TypeError``, as there.
    """

    def __enter__(self) -> Self:
        """Make the group."""
        world = dist.group.WORLD
        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        self._timeout = _timeout_of(world)
        # cuda tensors go by nccl only where the user's group does
        self._by_nccl = "nccl" in str(dist.get_backend_config())
        self._group: Any = None
        self._store: Any = None
        self._group = self._call(
            dist.new_group,
            backend="cpu:gloo,cuda:nccl" if self._by_nccl else "gloo",
            timeout=self._timeout,
        )
        self._store = self._group.get_group_store()
        try:
            # who hangs up while another still connects cannot tell it why
            self.gather_words(None)
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        """Close the group; say first why, or wait until all have come so far."""
        try:
            if error is None:
                self.gather_words(None)
                self._say_farewell()
            elif not isinstance(error, DistributedError):
                self._leave_note(error)
                if isinstance(error, tuple(_ERRORS.values())):  # of one text each
                    error.args = (f"Rank {self.rank} of {self.size}: {error}",)
        finally:
            self._close()

    # --- what is asked ----------------------------------------------------------------

    def sum_(self, *tensors: Tensor) -> None:
        """Sum tensors of one dtype over the processes, in place, in one go."""
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        place = self._place(flat)
        moved = flat.to(place)
        self._call(dist.all_reduce, moved, group=self._group)
        sizes = [tensor.numel() for tensor in tensors]
        for tensor, part in zip(tensors, moved.split(sizes), strict=True):
            tensor.copy_(part.view_as(tensor))

    def follow_first_(self, *tensors: Tensor) -> None:
        """Take over the tensors of the first process, in place."""
        for tensor in tensors:
            moved = tensor.to(self._place(tensor)).contiguous()
            self._call(dist.broadcast, moved, src=0, group=self._group)
            tensor.copy_(moved)

    def join_rows(self, values: Tensor, dim: int = 0) -> Tensor:
        """Put the rows of all processes one after the other."""
        rows = values.transpose(0, dim).contiguous()
        joined = torch.from_numpy(self.gather_rows(rows.cpu().numpy()))
        return joined.to(values.device).transpose(0, dim)

    def gather_rows(self, rows: NDArray) -> NDArray:
        """Put the rows of all processes one after the other; no Python objects."""
        rows = np.ascontiguousarray(rows)
        heads = self.gather_words([rows.dtype.str, list(rows.shape)])
        return np.concatenate(
            [
                np.frombuffer(data, dtype=dtype).reshape(shape)
                for data, (dtype, shape) in zip(
                    self._gather_bytes(_bytes_of(rows)), heads, strict=True
                )
            ]
        )

    def exchange(self, parts: Sequence[NDArray]) -> list[NDArray]:
        """Give each process its part; get from each what it has for this one."""
        mine = [np.ascontiguousarray(part) for part in parts]
        heads = self.gather_words([[part.dtype.str, list(part.shape)] for part in mine])
        heads = [
            (np.dtype(dtype), shape) for dtype, shape in (h[self.rank] for h in heads)
        ]
        sent = [part.nbytes for part in mine]
        got = [dtype.itemsize * int(np.prod(shape)) for dtype, shape in heads]
        outgoing = torch.from_numpy(np.concatenate([_bytes_of(part) for part in mine]))
        incoming = torch.empty(sum(got), dtype=torch.uint8)
        self._call(
            dist.all_to_all_single, incoming, outgoing, got, sent, group=self._group
        )
        return [
            part.numpy().view(dtype).reshape(shape)
            for part, (dtype, shape) in zip(incoming.split(got), heads, strict=True)
        ]

    def gather_words(self, word: Any) -> list[Any]:
        """Tell each process what all say."""
        data = np.frombuffer(json.dumps(word).encode(), dtype=np.uint8)
        return [json.loads(bytes(data)) for data in self._gather_bytes(data)]

    def part_ways(self, generators: Sequence[torch.Generator]) -> None:
        """Let each process draw numbers of its own; the first goes on as it was."""
        for generator in generators[: len(generators) if self.rank else 0]:
            generator.manual_seed(generator.initial_seed() + (self.rank << 32))

    # --- how --------------------------------------------------------------------------

    def _place(self, tensor: Tensor) -> torch.device:
        """Tell from where a tensor travels."""
        return tensor.device if self._by_nccl else torch.device("cpu")

    def _gather_bytes(self, data: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
        """Get the bytes of each process, however many they are."""
        sizes = [torch.zeros(1, dtype=torch.int64) for _ in range(self.size)]
        size = torch.tensor([len(data)])
        self._call(dist.all_gather, sizes, size, group=self._group)
        longest = max(int(size) for size in sizes)
        padded = torch.zeros(longest, dtype=torch.uint8)
        padded.numpy()[: len(data)] = data
        parts = [torch.empty_like(padded) for _ in range(self.size)]
        if longest:
            self._call(dist.all_gather, parts, padded, group=self._group)
        return [
            part.numpy()[: int(size)] for part, size in zip(parts, sizes, strict=True)
        ]

    def _call(self, function: Callable, *args: Any, **options: Any) -> Any:
        """Call torch, and say what has happened if that fails."""
        try:
            return function(*args, **options)
        except RuntimeError as error:
            raise self._explain(error) from error

    def _explain(self, error: Exception) -> Exception:
        """Word the error: what another process has noted, or that one is gone."""
        with suppress(Exception):
            if self._store.check([_NOTE]):
                rank, name, text = json.loads(self._store.get(_NOTE))
                return _ERRORS.get(name, DistributedError)(
                    f"Rank {rank} of {self.size} has failed, and with it the fit on "
                    f"all of them. {name}: {text}"
                )
        reason = str(error).splitlines()[0][:300]
        return DistributedError(
            f"Rank {self.rank} of {self.size} has lost the others: one of them has "
            f"died, or has not answered for {self._timeout.total_seconds():g} s. The "
            "estimator is as it was before. Look at what the others have printed, and "
            "start all of them again; if one is only slow, with a larger timeout in "
            f"torch.distributed.init_process_group. ({reason})"
        )

    def _leave_note(self, error: BaseException) -> None:
        """Tell the others why this process fails; the first one to do so is heard."""
        names = [parent.__name__ for parent in type(error).__mro__]
        name = next((name for name in names if name in _ERRORS), names[0])
        note = json.dumps([self.rank, name, str(error)])
        with suppress(Exception):
            self._store.compare_set(_NOTE, "", note)

    def _close(self) -> None:
        group, self._group = self._group, None
        self._store = None
        with suppress(Exception):
            dist.destroy_process_group(group)
        del group  # the last reference: now the connections are closed

    def _say_farewell(self) -> None:
        """Wait until nobody needs the connections any more.

        All have come to the end by now: whatever goes wrong here does no harm.
        """
        with suppress(Exception):
            self._store.set(f"{_DONE}{self.rank}", "")
            self._store.wait(
                [f"{_DONE}{rank}" for rank in range(self.size)],
                timedelta(seconds=_FAREWELL),
            )


def _bytes_of(array: NDArray) -> NDArray[np.uint8]:
    return array.reshape(-1).view(np.uint8)


def _timeout_of(world: Any) -> timedelta:
    """Read how long the user's group waits."""
    backend = world._get_backend(world._device_types[0])  # nccl alone has no "cpu"
    return backend.options._timeout

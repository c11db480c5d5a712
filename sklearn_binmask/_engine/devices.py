"""Where tensors live."""

import torch

from ..exceptions import ParameterError

__all__ = ["find_device", "has_own_memory"]


def find_device(device: str) -> str:
    """Turn "auto" into a device, and refuse one that is not there.

    Parameters
    ----------
    device : str
        "auto" or the name of a torch device.

    Returns
    -------
    device : str
        Of a device on which tensors hold numbers.

    Raises
    ------
    ParameterError
        If there is none of that name.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=device).item()  # "meta" has no numbers to give
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ParameterError.of(
            "device",
            device,
            f"'cpu', 'auto' or a torch device that is present ({error})",
            "'auto'",
        ) from error
    return device


def has_own_memory(device: str) -> bool:
    """Tell whether what is held on a device takes no memory of the processor."""
    return torch.device(device).type == "cuda"

"""Imports run one way, and each third party stays where it belongs."""

from gates.layers import MAY_IMPORT, layer_faults
from paths import PACKAGE_DIR


def test_imports_run_one_way():
    assert layer_faults(PACKAGE_DIR) == []


def test_the_table_of_layers_has_no_cycle():
    """Taking away what depends on nothing must leave nothing."""
    left = {layer: set(below) for layer, below in MAY_IMPORT.items()}
    while ready := [layer for layer, below in left.items() if not below]:
        for layer in ready:
            del left[layer]
        for below in left.values():
            below.difference_update(ready)
    assert left == {}

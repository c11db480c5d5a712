"""Options of the scripts that are a name and a value."""

import ast


def read_setting(text):
    """Read ``name=value``, of which the value is a Python literal."""
    name, _, value = text.partition("=")
    return name, ast.literal_eval(value)

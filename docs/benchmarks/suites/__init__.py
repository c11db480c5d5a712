"""Suites of tables, one a file, each with `CASES`: name of a set -> `Case`."""

"""Gates over the project: each reads sources or objects and returns what is wrong.

A gate is a function named ``*_faults`` that returns a list of sentences, empty when
all is well. `test_gates.py` shows each of them a planted fault.
"""

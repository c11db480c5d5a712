"""What to ask of the engine, and what to make of its path.

Which rows each member of a committee sees (`resample`), which sizes a path visits
(`grid`), and which of its points is the answer (`choose`).
"""

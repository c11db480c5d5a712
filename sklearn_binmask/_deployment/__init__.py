"""What writes fitted estimators as ONNX: one file per stage.

`graph` writes nodes and constants, `columns` finds the user's columns among the inputs
of a graph, `encoding` and `network` write what a `FittedNetwork` does to them,
`converters` is what skl2onnx calls, and `register` tells it so.

All of it needs skl2onnx and onnx, so nothing is imported before it is asked for.
"""

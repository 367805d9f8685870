"""ONNX's rows, one file for each family of layers, mirrored from `netdsl.catalog.layers`."""

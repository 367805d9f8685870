"""PyTorch's rows: a file for each file of netdsl/catalog/layers, imported when first asked for."""

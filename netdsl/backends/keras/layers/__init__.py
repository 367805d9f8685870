"""Keras' rows, a file for each family of layers, named as in netdsl/catalog/layers."""

"""Weights from elsewhere: published checkpoints, converted to the names of the language."""

"""Keras as a target: its rows, and how its weights lie."""

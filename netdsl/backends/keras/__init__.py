"""Keras as a target: so far what reading its weights needs."""

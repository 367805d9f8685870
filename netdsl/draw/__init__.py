"""Pictures of nets, from the structure that the spec has: an elaborated net to files.

net ──outline──> Diagram ──fold──> Diagram ──layout──> Placed ──paint──> Scene ──> svg png pdf tex
                    │                 │
                    └──> html         └──> dot mmd

A table, and the page that folds and unfolds, are made from the net and its outline without a
layout.
"""

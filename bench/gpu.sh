#!/bin/sh
# What a training step costs on a GPU beside a handwritten loop, and whether `netdsl check` predicts
# its memory. Needs Python with torch, numpy and lark; with torchvision the peer is torchvision's.
#
#   bench/gpu.sh                                      on a machine with a GPU
#   bench/gpu.sh --device cpu --batch 4 --size 64 --eager --steps 2    the whole way without one
set -eu
cd "$(dirname "$0")/.."
PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}" exec "${PYTHON:-python3}" bench/gpu.py "$@"

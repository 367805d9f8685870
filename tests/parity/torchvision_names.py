"""Which layer of a bundled net is which module of torchvision's: the names of both, as data."""

from __future__ import annotations


def _resnet(word: str, depths: list[int], convolutions: int) -> dict[str, str]:
    """ResNets number the blocks of a stage anew; specs number them from the first to the last."""
    names = {"conv1": "conv1", "bn1": "batchnorm1", "fc": "dense1"}
    number = 0
    for stage, depth in enumerate(depths, 1):
        for index in range(depth):
            number += 1
            theirs, ours = f"layer{stage}.{index}", f"{word}{number}"
            for layer in range(1, convolutions + 1):
                names[f"{theirs}.conv{layer}"] = f"{ours}.conv{layer}"
                names[f"{theirs}.bn{layer}"] = f"{ours}.batchnorm{layer}"
            names[f"{theirs}.downsample.0"] = f"{ours}.conv{convolutions + 1}"
            names[f"{theirs}.downsample.1"] = f"{ours}.batchnorm{convolutions + 1}"
    return names


def _basic_convolutions(pairs: dict[str, str]) -> dict[str, str]:
    """A convolution and its normalisation, which torchvision calls conv and bn."""
    names: dict[str, str] = {}
    for theirs, ours in pairs.items():
        names[f"{theirs}.conv"] = f"{ours}.conv1"
        names[f"{theirs}.bn"] = f"{ours}.batchnorm1"
    return names


_INCEPTIONS = ["3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"]
_BRANCHES = ["branch1", "branch2.0", "branch2.1", "branch3.0", "branch3.1", "branch4.1"]
_VGG16 = {1: [0, 2], 2: [5, 7], 3: [10, 12, 14], 4: [17, 19, 21], 5: [24, 26, 28]}

# Their module to our layer; what does not exist in a net (a shortcut that is the identity) is not
# looked for.
NAMES: dict[str, dict[str, str]] = {
    "alexnet": {
        "features.0": "conv1",
        "features.3": "conv2",
        "features.6": "conv3",
        "features.8": "conv4",
        "features.10": "conv5",
        "classifier.1": "dense1",
        "classifier.4": "dense2",
        "classifier.6": "dense3",
    },
    "vgg16": {
        **{
            f"features.{index}": f"vgg_block{stage}.conv{layer}"
            for stage, indices in _VGG16.items()
            for layer, index in enumerate(indices, 1)
        },
        "classifier.0": "dense1",
        "classifier.3": "dense2",
        "classifier.6": "dense3",
    },
    "resnet18": _resnet("residual", [2, 2, 2, 2], 2),
    "resnet50": _resnet("bottleneck", [3, 4, 6, 3], 3),
    "googlenet": {
        **_basic_convolutions(
            {
                **{f"conv{number}": f"conv_block{number}" for number in (1, 2, 3)},
                **{
                    f"inception{theirs}.{branch}": f"inception{number}.conv_block{layer}"
                    for number, theirs in enumerate(_INCEPTIONS, 1)
                    for layer, branch in enumerate(_BRANCHES, 1)
                },
                **{f"{head}.conv": f"{head}.conv_block1" for head in ("aux1", "aux2")},
            }
        ),
        **{
            f"aux{head}.fc{layer}": f"aux{head}.dense{layer}" for head in (1, 2) for layer in (1, 2)
        },
        "fc": "dense1",
    },
}


def ours(key: str, name: str) -> str:
    """Our name of one of torchvision's tensors; a `KeyError` where there is none."""
    module, _, tensor = name.rpartition(".")
    return f"{NAMES[key][module]}.{tensor}"

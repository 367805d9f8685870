"""What pages take for granted: files that their commands read, and what is run elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

# Commands that are not run for their page, each with the test that runs it or why none can.
ELSEWHERE: Mapping[str, str] = {
    "make train": "README's training runs the same command",
    "make test": "it would run this test",
    "netdsl watch flowers.net": "tests/cli/test_watch.py",
    "mkdir -p ~/.vim/pack/netdsl/start": "tests/editors/test_vim.py",
    "netdsl parity resnet50 --backend torch,onnx --depth all --batch 2": "tests/cli/test_parity.py",
    "netdsl parity unet --set size=188 --optimizer adam --tolerance gradients=1e-6": (
        "tests/cli/test_parity.py"
    ),
    "netdsl train examples/digits.net --devices 2": "tests/devices/test_processes.py",
    "netdsl train examples/digits.net --devices 2 --strategy fsdp": (
        "tests/devices/test_processes.py"
    ),
    "torchrun --nnodes 2 --nproc-per-node 8": "it takes two machines",
    "tensorboard --logdir runs": "never ends; tests/training/test_tensorboard.py reads the events",
    "netdsl sweep examples/digits.net": "tests/runs/test_sweep.py",
    "trtexec --onnx=resnet50.onnx": "it takes a GPU and TensorRT",
    "netdsl weights convert --from keras mobilenet_1_0_224_tf.h5": (
        "tests/weights/test_keras_files.py"
    ),
}

Step = str | Callable[[], None]


def picture(*names: str) -> Callable[[], None]:
    """Writes handwritten digits, as pictures or as arrays by the ending."""

    def write() -> None:
        from PIL import Image
        from sklearn.datasets import load_digits

        images = load_digits().images[:4] / 16
        for name in names:
            if name.endswith(".npz"):
                np.savez(name, image=images[..., None].astype(np.float32))
            else:
                Image.fromarray((images[0] * 255).astype(np.uint8)).save(name)

    return write


def photographs(picture: str, arrays: str) -> Callable[[], None]:
    """Writes pieces of a photograph, 32 x 32 pixels: one as a picture, and four as an array."""

    def write() -> None:
        from PIL import Image
        from sklearn.datasets import load_sample_image

        strip = load_sample_image("china.jpg")[:32, :128]
        Image.fromarray(strip[:, :32]).save(picture)
        np.savez(arrays, image=np.stack(np.split(strip, 4, axis=1)))

    return write


def series(file: str) -> Callable[[], None]:
    """Writes sixty values in time."""

    def write() -> None:
        values = (f"{value}\n" for value in np.sin(np.arange(60) / 5))
        Path(file).write_text("".join(["x\n", *values]), encoding="utf-8")

    return write


def state_dict(net: str, file: str) -> Callable[[], None]:
    """Writes what torchvision saves of a net of its own, or what timm does (`.safetensors`)."""

    def write() -> None:
        import torch
        from safetensors.torch import save_file

        from tests.peers import import_torchvision

        if file.endswith(".safetensors"):
            import timm

            save_file(timm.create_model(net).state_dict(), file)
        else:
            torch.save(getattr(import_torchvision().models, net)().state_dict(), file)

    return write


# What is done before the commands of a page are run, in the folder where they are run. Names such
# as RUN, which a reader replaces, are the names of the files.
BEFORE: Mapping[str, Sequence[Step]] = {
    "README.md": [state_dict("resnet50", "resnet50.pt")],
    "docs/autoencoders.md": [
        "netdsl train examples/vae.net --out RUN",
        picture("new.png", "new.npz", "other.npz"),
    ],
    "docs/check.md": ["cp specs/*.net ."],
    "docs/format.md": ["cp specs/resnet.net .", "cp specs/std/bottleneck.net block.net"],
    "docs/masks.md": [
        "netdsl train examples/masks/unet.net --set train.steps=3 --out RUN",
        photographs("photograph.png", "new.npz"),
    ],
    "docs/onnx.md": [
        state_dict("resnet50", "resnet50.pt"),
        "netdsl weights convert --from torchvision resnet50.pt --net resnet50 "
        "-o resnet50.safetensors",
        "netdsl train examples/digits.net --out runs/digits",
        picture("picture.png"),
    ],
    "docs/runs.md": [
        "netdsl train examples/digits.net",
        "netdsl train examples/iris.net",
    ],
    "docs/sequences.md": [
        "netdsl train characters.net",
        "netdsl train examples/series.net",
        series("series.csv"),
    ],
    "docs/weights.md": [
        state_dict("resnet50", "resnet50.pth"),
        state_dict("resnet18", "resnet18.pth"),
        state_dict("resnet50", "model.safetensors"),
        "cp specs/*.net specs/*.weights.json .",
    ],
}
BESIDE = Path(__file__).parent / "beside"

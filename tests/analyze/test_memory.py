"""Memory: by hand on small nets, and against what torch keeps of torchvision's models."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
import torch

import netdsl
from netdsl.analyze.analysis import analyze
from netdsl.analyze.cost import Costs
from netdsl.analyze.memory import Memory, memory
from netdsl.catalog.optimizers import Adagrad, Adam, AdamW, Optimizer, RmsProp, Sgd
from netdsl.graph import Graph
from tests.analyze.nets import chain, net
from tests.conftest import REPOSITORY


def of(graph: Graph, batch: int = 1, optimizer: Optimizer | None = None) -> Memory:
    found = memory(graph, Costs().graph(graph), batch, optimizer)
    assert found is not None
    return found


def of_net(text: str) -> Memory:
    return of(net(text.replace(";", "\n")).graph)


def kept(model: torch.nn.Module, images: torch.Tensor) -> int:
    """The bytes that autograd keeps of a model whose outputs go through a softmax."""
    own = {t.untyped_storage().data_ptr() for t in [*model.parameters(), *model.buffers()]}
    tensors: list[torch.Tensor] = []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        tensors.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        outputs: Any = model(images)
        outputs = [outputs] if isinstance(outputs, torch.Tensor) else list(outputs)
        # What is computed must live until the storages are read.
        outputs = [torch.softmax(output, 1) for output in outputs]
    storages = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors}
    return sum(size for address, size in storages.items() if address not in own)


@pytest.mark.parametrize(
    ("spec", "model", "options", "more"),
    [
        ("resnet.net:ResNet18", "resnet18", {}, 0),
        (
            "googlenet_torchvision.net",
            "googlenet",
            {"aux_logits": True, "init_weights": False},
            0,
        ),
        # torchvision keeps the input of a pool that is there for other sizes of images.
        ("vgg.net:VGG11", "vgg11", {}, 2 * 512 * 7 * 7 * 4),
    ],
)
def test_torch_keeps_as_much(
    torchvision: ModuleType, spec: str, model: str, options: dict[str, Any], more: int
) -> None:
    elaborated = netdsl.load(str(REPOSITORY / "specs" / spec)).elaborated
    found = analyze(elaborated, 2).memory
    assert found is not None
    built = getattr(torchvision.models, model)(weights=None, **options).train()
    assert found.saved + more == kept(built, torch.randn(2, 3, 224, 224))


NETS = {
    "places that a pool and its undoing share": """
        net Undone {
          input image: 16 x 16 x 3
          conv(4, 3, pad=same) -> batchnorm -> relu -> maxpool(2) as p
          conv(4, 3, pad=same) -> relu -> unpool(p) -> conv(5, 3, pad=same)
        }""",
    "a transformer": """
        from std import transformer_block
        net Transformer {
          input image: 16 x 16 x 3
          conv(8, 4, stride=4) -> reshape(16, 8) -> class_token -> positional
          repeat 2 { transformer_block(2, rate=0.1) }
          layernorm -> take(0, axis=0) -> dense(5)
        }""",
    "windows": """
        from std import window_attention
        net Windows {
          input image: 16 x 16 x 3
          conv(8, 1) -> window_attention(2, 4, shift=2) -> conv(5, 1)
        }""",
}


@pytest.mark.parametrize("name", NETS)
def test_torch_keeps_as_much_of_an_emitted_net(name: str) -> None:
    loaded = netdsl.load("net.net", text=NETS[name] + "\n")
    found = analyze(loaded.elaborated, 2).memory
    assert found is not None
    outputs = 4 * 2 * loaded.elaborated.graph.types[loaded.elaborated.graph.result].size
    made = kept(loaded.torch().train(), torch.randn(2, 3, 16, 16))
    assert found.saved + outputs == made


def test_a_chain_needs_two_neighbours_at_once() -> None:
    found = of(chain("10", "dense(20) -> dense(30) -> dense(5)"), batch=2)
    # The batch that flows in belongs to the caller and lives all along.
    assert found.activations == 4 * 2 * (10 + 20 + 30)
    assert found.weights == 4 * (220 + 630 + 155)
    assert found.inference == found.weights + found.activations


def test_a_skip_lives_until_it_is_used() -> None:
    found = of_net("net A { input x: 10; dense(10) as h; relu -> relu -> add(it, h) }")
    assert found.activations == 4 * (10 + 10 + 10 + 10)


def test_views_need_nothing() -> None:
    flat = of(chain("4x4x2", "conv(3, 1) -> flatten -> dropout -> dense(2)"))
    assert flat.activations == 4 * (32 + 48 + 2)


def test_a_block_keeps_its_input_until_it_returns() -> None:
    inside = "relu; dense(100); dense(10)"
    plain = of_net(f"net A {{ input x: 4; dense(50); {inside} }}")
    block = of_net(f"block b {{ {inside} }}; net A {{ input x: 4; dense(50); b }}")
    assert plain.activations == 4 * (4 + 50 + 100)
    assert block.activations == 4 * (4 + 50 + 50 + 100)


def test_training_keeps_what_backward_needs_once() -> None:
    found = of(chain("10", "dense(20) -> relu -> dense(30) -> sigmoid"), batch=3)
    # The first dense its input, relu its output, which is what the next dense keeps too.
    assert found.saved == 4 * 3 * (10 + 20 + 30)
    assert found.training == found.weights + found.gradients + found.saved


def test_nothing_is_kept_of_what_needs_no_gradient() -> None:
    found = of(chain("8x8x3", "gelu -> conv(2, 1)"))
    assert found.saved == 4 * (2 * 8 * 8 * 3)


def test_heads_of_training_count_in_training_alone() -> None:
    text = "net A { input x: 10; dense(10); %s dense(2) }"
    head = of_net(text % "auxiliary dense(500) -> sigmoid as aux;")
    none = of_net(text % "")
    assert head.activations == none.activations
    assert head.saved == none.saved + 4 * 500


def test_rounds_of_a_run_keep_alike() -> None:
    few, many, more = (
        of(chain("8", f"repeat {count} {{ dense(8) -> relu }}")) for count in (3, 100, 103)
    )
    assert many.saved == 4 * (8 + 100 * 8)
    assert more.saved - many.saved == few.saved - 4 * 8
    assert many.activations == few.activations


def test_state_that_training_keeps_for_each_batch_is_counted_once() -> None:
    graph = chain("7x7x16", "conv(16, 1, bias=false) -> batchnorm")
    per_batch = [of(graph, batch).saved for batch in (1, 2, 3)]
    assert per_batch[1] - per_batch[0] == per_batch[2] - per_batch[1] == 4 * 2 * 7 * 7 * 16
    assert per_batch[0] == 4 * (2 * 7 * 7 * 16 + 2 * 16)


def test_members_of_blocks_stay_alive() -> None:
    text = """
block b { dense(100) as wide; dense(10) }
net A { input x: 10; b as h; relu; %s }
"""
    used = of_net(text % "h.wide -> dense(1)")
    unused = of_net(text % "dense(1)")
    assert used.activations == 4 * (10 + 100 + 10 + 10)
    assert unused.activations == 4 * (10 + 100 + 10)


def test_open_sizes_leave_memory_open() -> None:
    text = "net A {\n input x: ? x 4\n conv(8, 3)\n}"
    graph = net(text).graph
    assert memory(graph, Costs().graph(graph), 1) is None
    assert of(net(text, sizes={"length": 10}).graph).activations == 4 * (40 + 64)


OPTIMIZERS: list[tuple[Optimizer, type[torch.optim.Optimizer], dict[str, Any]]] = [
    (Sgd(lr=0.1), torch.optim.SGD, {}),
    (Sgd(lr=0.1, momentum=0.9), torch.optim.SGD, {"momentum": 0.9}),
    (Adagrad(), torch.optim.Adagrad, {}),
    (RmsProp(), torch.optim.RMSprop, {}),
    (
        RmsProp(momentum=0.5, centered=True),
        torch.optim.RMSprop,
        {"momentum": 0.5, "centered": True},
    ),
    (Adam(), torch.optim.Adam, {}),
    (AdamW(), torch.optim.AdamW, {}),
]


@pytest.mark.parametrize(("optimizer", "theirs", "options"), OPTIMIZERS)
def test_optimizers_keep_what_torchs_keep(
    optimizer: Optimizer, theirs: type[torch.optim.Optimizer], options: dict[str, Any]
) -> None:
    model = torch.nn.Linear(10, 5)
    running = theirs(model.parameters(), lr=0.1, **options)  # type: ignore[call-arg]
    model(torch.randn(2, 10)).sum().backward()
    running.step()
    state = [value for of_weight in running.state.values() for value in of_weight.values()]
    numbers = sum(v.numel() for v in state if isinstance(v, torch.Tensor) and v.dim())
    found = of(chain("10", "dense(5)"), optimizer=optimizer)
    assert found.optimizer_state == 4 * numbers
    assert found.optimizer == optimizer.word

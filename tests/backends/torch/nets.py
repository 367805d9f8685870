"""Small nets that each show one thing of the language, and inputs for any net."""

from __future__ import annotations

import torch

import netdsl
from netdsl.backends.torch.layout import order
from netdsl.graph import ElaboratedNet
from netdsl.tensor import TensorType
from tests.conftest import REPOSITORY

BATCH = 2

UNIT = "block unit(n) { conv(n, 3, pad=same) -> batchnorm -> relu }\n"

TEXTS = {
    "shared": """
        net Siamese {
          shared tower = dense(8)
          input left: 8
          tower -> relu as a
          input right: 8
          tower -> relu as b
          sub(a, b) -> dense(1) -> sigmoid
        }""",
    "shared_block": """
        block encoder(n) { dense(n) -> relu as half -> dense(n) }
        net Twins {
          shared tower = encoder(8)
          input left: 8
          tower -> relu as a
          input right: 8
          tower -> relu as b
          concat(a, b) -> dense(1) -> sigmoid
        }""",
    "tied": """
        net Words {
          input tokens: 12 of int
          embedding(50, 16) as wte
          dense(16) -> relu -> dense(50, bias=false, tie=wte)
        }""",
    "tied_with_bias": """
        net Words {
          shared words = embedding(50, 16)
          input tokens: 12 of int
          words -> dense(16) -> relu -> dense(50, tie=words) -> softmax
        }""",
    "padded_indices": """
        net Places {
          input image: 9 x 9 x 3
          maxpool(3, stride=2, pad=same) as p
          output p.indices as places
          conv(4, 1)
        }""",
    "members": """
        block encoder(n) {
          conv(n, 3, pad=same) -> relu as half -> conv(2 * n, 3, pad=same) -> relu as deep
          maxpool(2)
        }
        block two(n) { encoder(n) as inner -> relu }
        net Members {
          input image: 16x16x3
          encoder(8) as code
          two(16) as pair
          half = pair.inner.half -> maxpool(2)
          concat(it, code.half -> maxpool(4), code.deep -> maxpool(4), half)
          global_avgpool -> dense(3) -> softmax
        }""",
    "indices": """
        net Indices {
          input image: 8x8x3
          maxpool(2) as pooled
          output pooled.indices -> flatten as places
          flatten -> dense(3)
        }""",
    "indices_of_sequences": """
net A {
  input image: 15 x 8
  maxpool(2, ceil=true) as p
  output p.indices as places
  identity
  maxpool(3, stride=2, pad=1, ceil=true) as later
  output later.indices as later_places
  identity
}""",
    "outputs": """
        net Several {
          input image: 8x8x3
          input table: 5
          image -> conv(8, 3) -> relu -> global_avgpool
          concat(it, table) as joined
          output dense(4) -> sigmoid as box
          auxiliary dense(2) -> softmax as side
          dense(10) -> softmax as class
        }""",
    "levels": UNIT
    + """
        net Levels {
          input image: 16x16x3
          repeat 3 { unit(8) } as stage1
          repeat 4 { conv(8, 3, pad=same) -> relu } as stage2
          { conv(4, 1) -> { conv(5, 1) -> relu } as inner -> conv(6, 1) } as keys
          global_avgpool -> dense(3) -> softmax
        }""",
    "forbidden": """
        net Forbidden {
          input image: 8x8x3
          { conv(4, 1) as keys -> relu -> conv(4, 1) as pop } as lambda
          repeat 2 { conv(6, 1) as type -> relu as forward }
          conv(6, 1) as eval -> conv(5, 1) as T_destination -> conv(5, 1) as logits
          global_avgpool -> dense(3) as train -> softmax
        }""",
    "starts": """
        block pair(spread) {
          dense(8, init=normal(spread)) -> relu -> dense(8, bias_init=fill(0.5))
        }
        net Starts {
          input x: 8
          pair(0.1) -> pair(0.2)
          repeat 5 { dense(8, init=glorot_uniform) -> relu }
          offset = parameter(8, init=ones)
          add(it, offset) -> prelu -> dense(3) -> softmax
        }""",
    "inner_net": """
        net Backbone(width = 8) {
          input image: 16x16x3
          conv(width, 3) -> relu as middle -> conv(2 * width, 3) -> relu
        }
        net Whole {
          input picture: 16x16x3
          Backbone(16) as body
          concat(body -> global_avgpool, body.middle -> global_avgpool) -> dense(3) -> softmax
        }""",
    "choices": UNIT
    + """
        block residual(channels, stride = 1) {
          add(
            conv(channels, 3, stride=stride, pad=1) -> relu -> conv(channels, 3, pad=1),
            if stride > 1 or it.channels != channels {
              conv(channels, 1, stride=stride)
            } else { it }
          ) -> relu
        }
        net Choices {
          input image: 16x16x3
          residual(8) -> residual(8) -> residual(8, 2) -> residual(16) -> residual(16)
          global_avgpool -> dense(3) -> softmax
        }""",
    "recursion": """
        block level(filters, depth) {
          skip = conv(filters, 3, pad=same) -> relu
          skip
          if depth > 0 {
            maxpool(2) -> level(2 * filters, depth - 1)
            conv_transpose(filters, 2, stride=2) as up
            concat(skip, up) -> conv(filters, 3, pad=same) -> relu
          }
        }
        net Recursion {
          input image: 16x16x1
          level(4, 3) -> conv(2, 1) -> softmax
        }""",
    "run_in_block": """
        block stage(n, depth) { repeat depth { conv(n, 3, pad=same) -> relu } -> maxpool(2) }
        net Stages {
          input image: 32x32x3
          stage(8, 3) -> stage(16, 4) -> stage(16, 6) -> conv(4, 1) -> softmax
        }""",
    "widening_runs_in_blocks": """
        block layer(growth) { concat(it, conv(growth, 3, pad=same) -> relu) }
        block stack(depth, growth) { repeat depth { layer(growth) } }
        net Stacks {
          input image: 8 x 8 x 4
          stack(3, 2) -> conv(5, 1) -> stack(4, 2) -> conv(3, 1)
        }""",
    "run_of_two": """
        block pair(n) { conv(n, 3, pad=same) -> relu -> conv(n, 1) -> batchnorm }
        net Pairs {
          input image: 8x8x6
          repeat 5 { pair(6) -> conv(6, 1) -> add(it, conv(6, 3, pad=same) -> relu) }
          for i in range(4) { concat(it, conv(2, 3, pad=same)) }
          global_avgpool -> dense(3)
        }""",
    "one_dimension": """
        net Sequence {
          input signal: 32x4
          conv(8, 5, stride=2, pad=same) -> batchnorm -> relu -> maxpool(2)
          conv(16, 3) -> layernorm -> global_avgpool -> dense(3)
        }""",
    "arms": """
        block arms(kind, n) {
          if kind == 0 { conv(n, 1) -> relu } else if kind == 1 { conv(n, 3, pad=1) } else { it }
          if kind >= 1 { batchnorm }
          relu
        }
        block gate(n) {
          h = dense(n) -> relu
          t = dense(n) -> sigmoid
          h * t + it * (1 - t)
        }
        net Arms {
          input image: 8x8x4
          arms(0, 4) -> arms(1, 4) -> arms(2, 4) -> arms(1, 6) -> arms(0, 7)
          global_avgpool -> gate(7) -> gate(7) -> gate(7) -> gate(7) -> dense(3)
        }""",
    "shared_in_blocks": """
        block use(n, t) { t -> relu -> dense(n) }
        net Handed {
          input x: 8
          shared tower = dense(8)
          use(8, tower) -> use(8, tower)
          tower
          repeat 3 { tower -> relu }
          dense(2)
        }""",
    "a_block_that_constructs_nothing": """
        block apply(f) { f -> relu }
        net Applied {
          input image: 8x8x3
          shared t = conv(3, 1)
          apply(t) -> apply(t)
        }""",
    "blocks_as_values": """
        block plain(n) { conv(n, 3, pad=same, bias=false) -> batchnorm -> relu }
        block wide(n) { conv(n, 5, pad=same) -> relu }
        block stack(unit, n, depth) { repeat depth { unit(n) } -> maxpool(2) }
        net Values {
          input image: 32x32x3
          stack(plain, 8, 4) -> stack(wide, 8, 2) -> stack(plain, 16, 6) -> stack(plain, 16, 7)
          flatten -> dense(3)
        }""",
    "attention": """
        from std import transformer_block
        net Speaks {
          input source: 12 of int
          embedding(20, 8) -> positional(sinusoidal)
          repeat 2 { transformer_block(2) } -> transformer_block(2, causal=true, post=true) as heard
          input words: 7 of int
          embedding(20, 6) -> class_token -> positional
          attention(2, memory=heard, mask=source, bias=relative_bias(8, 2) -> slice(0, 1, axis=-1))
          attention(3, causal=true, qkv_bias=false, init=normal(0.1)) -> dense(20) -> softmax
        }""",
    "windows": """
        from std import window_attention
        net Windows {
          input image: 9x6x3
          conv(8, 1) -> window_attention(2, 3) -> window_attention(2, 3, shift=1)
          window_attention(4, 4, shift=2, qkv_bias=false) -> gram -> flatten -> dense(2)
        }""",
    "draws_and_places": """
        block encoder(filters) { repeat 2 { conv(filters, 3, pad=same) -> relu } }
        net Draws {
          input image: 8x8x3
          let pools = []
          for filters in [4, 8] {
            encoder(filters) -> maxpool(2) as pool
            let pools = [pool] + pools
          }
          mean   = conv(8, 1)
          logvar = conv(8, 1)
          sample(mean, logvar)
          for (pool, filters) in zip(pools, [4, 3]) { unpool(pool) -> encoder(filters) }
        }""",
    "several_inputs_in_a_block": """
        block merge(other: tensor, width) { concat(it, other) -> dense(width) -> relu }
        net Merges {
          input a: 8
          input b: 6
          a -> dense(8) -> merge(b, 16) -> merge(b, 12) -> merge(a, 10) -> dense(2)
        }""",
}


def small(name: str) -> ElaboratedNet:
    """One of the small nets: the last of its text."""
    text = TEXTS[name]
    last = text.rpartition("net ")[2].split()[0]
    return netdsl.load(f"{name}.net:{last}", text=text).elaborated


def bundled(spec: str) -> ElaboratedNet:
    """A net of specs/, as `file.net:Net`."""
    return netdsl.load(str(REPOSITORY / "specs" / spec)).elaborated


def shape(type_: TensorType, batch: int = BATCH) -> tuple[int, ...]:
    """PyTorch's shape of a tensor whose sizes are known."""
    sizes = [type_.shape[axis] for axis in order(type_.rank)]
    assert all(isinstance(size, int) for size in sizes)
    return (batch, *sizes)  # type: ignore[arg-type]


def inputs(net: ElaboratedNet, device: str = "cpu") -> list[torch.Tensor]:
    """Random inputs for a net, in PyTorch's layout."""
    generator = torch.Generator().manual_seed(0)
    found = []
    for port in net.graph.ports:
        if port.type.number == "int":
            tensor = torch.randint(0, 5, shape(port.type), generator=generator)
        else:
            tensor = torch.randn(shape(port.type), generator=generator)
        found.append(tensor.to(device))
    return found

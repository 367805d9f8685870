"""Dense layers, tensors of a net's own and normalisations compute what they say."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from netdsl.catalog.arguments import Rejection
from netdsl.catalog.layers.linear import Dense, Parameter
from netdsl.catalog.layers.norm import BatchNorm
from netdsl.tensor import Size, TensorType
from tests.catalog.torch_rows import Built, build, from_torch, record, run, to_torch


@pytest.mark.parametrize("bias", [True, False])
def test_a_tied_layer_uses_the_other_weight(bias: bool) -> None:
    layer = Dense(units=20, bias=bias, tie=(20, 8))
    flowing = TensorType((5, 8))
    weight = torch.randn(20, 8)
    built = build(layer, (flowing,), weight)
    x = torch.randn(2, 5, 8)
    torch.testing.assert_close(built(x), x @ weight.T)
    assert [w.name for w in layer.weights(flowing)] == ["bias"] * bias == list(built.tensors())


def test_a_tied_weight_must_fit() -> None:
    with pytest.raises(Rejection, match="the tied weight is 20 x 9, but") as caught:
        Dense(units=20, tie=(20, 9)).infer(TensorType((8,)))
    assert caught.value.argument == "tie"


def test_a_constant_stands_as_it_is_written() -> None:
    values = [[[1, 2], [3, 4], [5, 6]]]
    output = from_torch(build(record(f"constant({values})"), ())())
    torch.testing.assert_close(output, torch.tensor([values] * 2, dtype=torch.float32))


def test_a_constant_is_kept_out_of_checkpoints_and_weights() -> None:
    assert build(record("constant([1, 2])"), ()).tensors() == {}


def test_a_parameter_must_be_known() -> None:
    with pytest.raises(Rejection, match="known only at run time") as caught:
        Parameter(shape=(Size.unknown("length"), 8)).infer()
    assert caught.value.argument == "shape"


def test_a_product_of_images_is_over_their_last_two_axes() -> None:
    a, b = torch.randn(2, 4, 5, 3), torch.randn(2, 1, 6, 3)
    torch.testing.assert_close(run("matmul(it, b, transpose=true)", a, b), a @ b.mT)


@pytest.mark.parametrize("shape", [(7, 16), (5, 6, 16), (3, 4, 5, 16)])
def test_lrn_is_the_papers_formula(shape: tuple[int, ...]) -> None:
    x = 10 * torch.randn(2, *shape)
    squares = F.pad(x**2, (2, 2)).unfold(-1, 5, 1).sum(-1)
    torch.testing.assert_close(run("lrn(alpha=0.01)", x), x / (2 + 0.01 * squares) ** 0.75)


@pytest.mark.parametrize("shape", [(16,), (7, 16), (5, 6, 16)])
@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("center", [True, False])
def test_batchnorm_trains_with_the_statistics_of_the_batch(
    shape: tuple[int, ...], scale: bool, center: bool
) -> None:
    x = torch.randn(8, *shape)
    layer = BatchNorm(scale=scale, center=center, momentum=0.8)
    built = build(layer, (TensorType(shape),)).train()
    axes = tuple(range(x.dim() - 1))
    mean, var = x.mean(axes), x.var(axes, unbiased=False)
    expected = (x - mean) / (var + 1e-5).sqrt()
    torch.testing.assert_close(from_torch(built(to_torch(x))), expected, rtol=1e-4, atol=1e-4)
    kept = built.tensors()
    torch.testing.assert_close(kept["running_mean"], 0.2 * mean, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(kept["running_var"], 0.8 + 0.2 * x.var(axes), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(16,), (7, 16), (5, 6, 16)])
def test_layernorm_and_rmsnorm_work_on_the_last_axis(shape: tuple[int, ...]) -> None:
    x = torch.randn(2, *shape) + 1
    shift = torch.arange(16.0)

    def shifted(built: Built) -> None:
        built.module.bias.data = shift

    normal = F.layer_norm(x, (16,))
    torch.testing.assert_close(run("layernorm", x), normal)
    torch.testing.assert_close(run("layernorm(scale=false)", x, change=shifted), normal + shift)
    torch.testing.assert_close(
        run("rmsnorm", x), x / (x.pow(2).mean(-1, keepdim=True) + 1e-6).sqrt()
    )


@pytest.mark.parametrize("shape", [(7, 16), (5, 6, 16)])
def test_groups_and_instances_are_normalised_over_positions(shape: tuple[int, ...]) -> None:
    x = torch.randn(2, *shape) + 1
    flat = x.reshape(2, -1, 16)
    alone = (x - flat.mean(1).view(2, *[1] * (len(shape) - 1), 16)).reshape(2, -1, 16)
    expected = alone / (alone.pow(2).mean(1, keepdim=True) + 1e-5).sqrt()
    for call in ("instancenorm", "groupnorm(16)"):
        torch.testing.assert_close(run(call, x).reshape(2, -1, 16), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(3,), (7, 3), (5, 6, 3)])
def test_channels_are_scaled(shape: tuple[int, ...]) -> None:
    x = torch.randn(2, *shape)
    mean, std = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([0.5, 2.0, 4.0])
    torch.testing.assert_close(run("normalize([1, 2, 3], [0.5, 2, 4])", x), (x - mean) / std)
    torch.testing.assert_close(run("normalize(1, [0.5, 2, 4])", x), (x - 1) / std)
    torch.testing.assert_close(run("normalize(1, 2)", x), (x - 1) / 2)
    length = x.pow(2).sum(-1, keepdim=True).sqrt()
    torch.testing.assert_close(run("l2_normalize", x), x / length)


@pytest.mark.parametrize(
    ("call", "shape", "argument", "help"),
    [
        ("conv(8, 7)", (5, 5, 1), "kernel", "pad=same adds what is missing"),
        ("conv(8, 3, groups=3)", (9, 9, 4), "groups", "groups=2 divides both"),
        ("conv(8, 3)", (9,), None, "unflatten"),
        ("maxpool(3)", (2, 2, 3), "size", "at most 2"),
        ("dense(10)", (7, 7, 512), None, "flatten or global_avgpool"),
        ("groupnorm(6)", (7, 7, 16), "groups", "groups=2"),
        ("normalize([1, 2], 1)", (7, 7, 3), "mean", "one number, or 3"),
    ],
)
def test_a_rejection_blames_what_to_change_and_says_how(
    call: str, shape: tuple[int, ...], argument: str | None, help: str
) -> None:
    with pytest.raises(Rejection) as caught:
        record(call).infer(TensorType(shape))
    assert caught.value.argument == argument
    assert help in caught.value.help


def test_channels_that_weights_depend_on_must_be_known() -> None:
    flowing = TensorType((8, 8, Size.unknown("channels")))
    for call in ("conv(8, 3)", "depthwise(3)", "batchnorm", "dense(4, each=true)"):
        with pytest.raises(Rejection, match="must be known, but channels") as caught:
            record(call).infer(flowing)
        assert caught.value.input == 0


def test_multiply_adds_grow_with_a_size_known_only_at_run_time() -> None:
    length = Size.unknown("length")
    assert record("conv(8, 3, pad=same)").macs(TensorType((length, 4))) == length * (8 * 4 * 3)
    assert record("dense(8)").macs(TensorType((length, 4))) == length * (8 * 4)

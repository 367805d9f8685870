"""torchvision can be imported beside the build of torch that is installed."""

from types import ModuleType


def test_a_model_of_torchvision_has_the_published_number_of_weights(
    torchvision: ModuleType,
) -> None:
    model = torchvision.models.squeezenet1_1(weights=None)
    assert sum(p.numel() for p in model.parameters()) == 1_235_496

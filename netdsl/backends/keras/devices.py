"""Several devices of one process, by Keras' own distribution (`keras.distribution`).

Weights are the same on every device, and each computes its part of a batch; JAX's compiler makes
of one program, written for a whole batch, what the devices do and tell one another (Xu et al.,
2021).
"""

from __future__ import annotations

from typing import Any

import keras
from keras.distribution import DataParallel, DeviceMesh, TensorLayout, list_devices

from netdsl.backends.keras.losses import Tensor
from netdsl.diagnostics import UserError

# The name of the axis of devices.
_BATCH = "batch"


class _Devices(DataParallel):  # type: ignore[misc]
    """Data comes whole to every device; `shared_out` cuts it.

    Keras would lay out every batch of an epoch as the first one, the last one too, which may have
    fewer examples than can be dealt out alike.
    """

    def get_data_layout(self, data_shape: tuple[int, ...]) -> TensorLayout:
        return TensorLayout([None] * len(data_shape), self.device_mesh)


def distribute(count: int, device: str) -> None:
    """Has all that this process builds from now on compute on so many devices of a kind."""
    engine = keras.config.backend()
    if engine != "jax":
        raise UserError(
            f"Keras distributes training on JAX alone, not on {engine}: use --backend keras:jax, "
            "or --backend torch"
        )
    if device not in ("auto", "cpu", "cuda"):
        raise UserError(f"several devices are of one kind: --device cpu or cuda, not {device}")
    there = list_devices(None if device == "auto" else device.replace("cuda", "gpu"))
    if len(there) < count:
        raise UserError(f"--devices says {count}, but JAX sees {len(there)} here: {there}")
    mesh = DeviceMesh((count,), (_BATCH,), there[:count])
    keras.distribution.set_distribution(_Devices(device_mesh=mesh, auto_shard_dataset=False))


def shared_out(values: Tensor) -> Tensor:
    """A tensor of a batch, in parts on the devices that there are, if they can be alike."""
    distribution: Any = keras.distribution.distribution()
    if distribution is None or values.shape[0] % distribution.device_mesh.devices.size:
        return values
    axes = [_BATCH] + [None] * (len(values.shape) - 1)
    return keras.distribution.distribute_tensor(
        values, TensorLayout(axes, distribution.device_mesh)
    )

"""Loads specs for the commands that train, evaluate and predict."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from netdsl import api
from netdsl.diagnostics import SpecError, UserError
from netdsl.resources import specs_folder
from netdsl.syntax import tree
from netdsl.training.spec import Spec

_SETTING = "train."


def open_spec(request: str, overrides: Mapping[str, str], section: str | None) -> Spec:
    """Loads `request`, as on the command line; `overrides` are by name, also `train.epochs`.

    A net named on the command line wins over the section's `net`.
    """
    path, asked = api.locate(request)
    found = api.read(path)
    if found.failed:
        raise SpecError(found.diagnostics)
    of_section = {
        name.removeprefix(_SETTING): value
        for name, value in overrides.items()
        if name.startswith(_SETTING)
    }
    arguments = {name: value for name, value in overrides.items() if not name.startswith(_SETTING)}
    training = found.training(section, of_section)
    if training is None:
        raise SpecError(found.diagnostics)
    name = asked
    if asked is None and training.settings.net is not None:
        name, own = _chosen(training.settings.net)
        arguments = own | arguments
    net = found.elaborate(name, arguments)
    trained = net and found.with_losses(training, net)
    if net is None or not trained or found.failed:
        raise SpecError(found.diagnostics)
    return Spec(asked, overrides, section, net, trained[1], _own(found.sources), trained[0])


def _chosen(net: object) -> tuple[str, dict[str, str]]:
    """The name of the net that `net = …` means, and its arguments as written."""
    if isinstance(net, tree.Name):
        return net.name, {}
    if isinstance(net, tree.Call) and isinstance(net.callee, tree.Name):
        named = {item.name.name: item.value.span.text for item in net.arguments if item.name}
        if len(named) == len(net.arguments):
            return net.callee.name, named
    raise UserError(
        "net in a train section is the name of a net, or a call of it whose arguments are named, "
        "such as net = ResNet(classes=10)"
    )


def _own(sources: Mapping[str, str]) -> dict[Path, str]:
    """The files without those that every netdsl brings along, unless the spec is one of them."""
    bundled = Path(specs_folder()).resolve()
    files = {Path(path).resolve(): text for path, text in sources.items()}
    if next(iter(files)).is_relative_to(bundled):
        return files
    return {path: text for path, text in files.items() if not path.is_relative_to(bundled)}

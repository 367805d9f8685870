"""Loads specs for the commands that train, evaluate and predict."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from netdsl import api
from netdsl.catalog.settings import Training
from netdsl.diagnostics import SpecError, UserError
from netdsl.elaborate.methods import names_nets
from netdsl.graph import ElaboratedNet
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
    net = None if names_nets(training) else _net(found, training, asked, arguments)
    if names_nets(training) and (asked is not None or arguments):
        given = asked or f"--set {next(iter(arguments))}=…"
        raise UserError(f"{given}: the nets stand in this section's method, with their arguments")
    prepared = found.prepared(section, training, net) if not found.failed else None
    if prepared is None or found.failed:
        raise SpecError(found.diagnostics)
    sources = _own(found)
    return Spec(
        asked, overrides, section, prepared.net, prepared.training, sources, prepared.trained
    )


def _net(
    found: api.Spec, training: Training, asked: str | None, arguments: Mapping[str, str]
) -> ElaboratedNet:
    """The net that was asked for, else that of the section, else the file's own."""
    name = asked
    if asked is None and training.settings.net is not None:
        name, own = _chosen(training.settings.net)
        arguments = own | dict(arguments)
    net = found.elaborate(name, arguments)
    if net is None:
        raise SpecError(found.diagnostics)
    return net


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


def _own(spec: api.Spec) -> dict[Path, str]:
    """The files without those that netdsl or a plugin brings along, unless the spec is bundled."""
    bundled = Path(specs_folder()).resolve()
    files = {Path(path).resolve(): text for path, text in spec.sources.items()}
    if next(iter(files)).is_relative_to(bundled):
        return files
    brought = [bundled, *map(Path, spec.scope.files.collections)]
    return {
        path: text
        for path, text in files.items()
        if not any(path.is_relative_to(folder) for folder in brought)
    }

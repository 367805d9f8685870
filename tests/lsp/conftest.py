"""A server for the tests of a file, and a folder that it works in."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.lsp.client import Client, Spec

_Result = TypeVar("_Result")


class Session:
    """A client with its server; documents have names of their own."""

    def __init__(self, client: Client, folder: Path, runner: asyncio.Runner) -> None:
        self.client = client
        self.folder = folder
        self._runner = runner
        self._count = 0

    def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Runs what waits for the server."""
        return self._runner.run(work)

    def open(self, text: str, name: str | None = None) -> Spec:
        """Opens a document under a name that no other has."""
        self._count += 1
        path = self.folder / (name or f"spec{self._count}.net")
        return self.run(self.client.open(path, text))


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder = tmp_path_factory.mktemp("specs")
    client = Client()
    with asyncio.Runner() as runner:
        runner.run(client.begin(folder))
        yield Session(client, folder, runner)
        assert runner.run(client.end()) == 0
    assert client.log == [], "the server failed"

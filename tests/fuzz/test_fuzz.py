"""Whatever is written, there is a graph or there are diagnostics: never a traceback.

`make fuzz` tries 50,000 specs, the tests of every day 2,000, each shard with a seed of its own.
"""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as with_settings

from tests.fuzz.generated import specs
from tests.fuzz.judge import judge, within_memory
from tests.fuzz.mutated import corpus, mutated

COUNT = int(os.environ.get("NETDSL_FUZZ", "2000"))
SHARD = 250
# Half of the specs are generated, half are mutations of specs that people wrote.
SHARDS = range(max(COUNT // 2 // SHARD, 1))


@pytest.mark.parametrize("shard", SHARDS)
def test_generated_specs(shard: int, tmp_path: Path) -> None:
    path = tmp_path / "spec.net"

    @seed(shard)
    @with_settings(
        max_examples=SHARD,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(specs)
    def judged(text: str) -> None:
        judge(path, text.encode())

    with within_memory():
        judged()


@pytest.mark.parametrize("shard", SHARDS)
def test_mutated_specs(shard: int, tmp_path: Path) -> None:
    random = Random(shard)
    texts = corpus()
    path = tmp_path / "spec.net"
    with within_memory():
        for _ in range(SHARD):
            content = mutated(random, texts)
            try:
                judge(path, content)
            except BaseException:
                print(content.decode(errors="backslashreplace"))
                raise


def test_the_judge_can_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = b"net N {\n  input x: 4\n  rellu\n}\n"
    judge(tmp_path / "spec.net", wrong)
    monkeypatch.setattr("tests.fuzz.judge.SECONDS", 0.0)
    with pytest.raises(AssertionError, match="seconds"):
        judge(tmp_path / "spec.net", wrong)
    monkeypatch.setattr("tests.fuzz.judge.plain", lambda *_: "")
    with pytest.raises(AssertionError):
        judge(tmp_path / "spec.net", wrong)


def test_memory_is_bounded() -> None:
    with within_memory(), pytest.raises(MemoryError):
        bytearray(2 << 30)

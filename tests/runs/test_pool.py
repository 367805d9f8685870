"""Processes of a pool: how many at a time, how they end, and what becomes of those left over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from netdsl.runs import pool
from netdsl.runs.pool import run

FOREVER = "import time\nprint('begun', flush=True)\ntime.sleep(60)"
STUBBORN = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n" + FOREVER


class Script:
    """A job that runs a script and notes what is told to it."""

    def __init__(self, output: Path, script: str | None) -> None:
        self.output = output
        self.script = script
        self.told: list[object] = []

    def command(self) -> Sequence[str] | None:
        return None if self.script is None else [sys.executable, "-c", self.script]

    def begins(self) -> None:
        self.told.append("begins")

    def ends(self, status: int | None, text: str) -> None:
        self.told.append((status, text))


def scripts(folder: Path, *texts: str | None) -> list[Script]:
    return [Script(folder / f"{number}.log", text) for number, text in enumerate(texts)]


def test_status_and_text_of_each(tmp_path: Path) -> None:
    jobs = scripts(tmp_path, "print('well')", "import sys; sys.exit('badly')", None)
    jobs[0].output.write_text("before\n", encoding="utf-8")
    run(jobs, 2)
    assert [job.told for job in jobs] == [
        ["begins", (0, "well\n")],
        ["begins", (1, "badly\n")],
        [(None, "")],
    ]
    assert jobs[0].output.read_text(encoding="utf-8") == "before\nwell\n"


def test_so_many_at_a_time_with_their_share_of_the_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "7")
    monkeypatch.setattr(pool, "_cores", lambda: 9)
    text = (
        "import os, time; start = time.time(); time.sleep(0.3);"
        "print(start, time.time(), os.environ['OMP_NUM_THREADS'], os.environ['MKL_NUM_THREADS'])"
    )
    jobs = scripts(tmp_path, *[text] * 4)
    run(jobs, 2)
    lines = [job.output.read_text(encoding="utf-8").split() for job in jobs]
    assert {tuple(line[2:]) for line in lines} == {("4", "7")}
    spans = [(float(line[0]), float(line[1])) for line in lines]
    together = [sum(start <= at < end for start, end in spans) for at, _ in spans]
    assert max(together) == 2


def press(jobs: Sequence[Script], *numbers: signal.Signals) -> threading.Thread:
    """Sends signals to this process, as soon as every job has begun to write."""

    def wait_and_send() -> None:
        while not all(job.output.exists() and job.output.stat().st_size for job in jobs):
            time.sleep(0.02)
        for number in numbers:
            os.kill(os.getpid(), number)
            time.sleep(0.3)

    thread = threading.Thread(target=wait_and_send)
    thread.start()
    return thread


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_all_and_starts_no_more(tmp_path: Path, number: signal.Signals) -> None:
    jobs = scripts(tmp_path, FOREVER, FOREVER, FOREVER)
    thread = press(jobs[:2], number)
    with pytest.raises(KeyboardInterrupt):
        run(jobs, 2)
    thread.join()
    for job in jobs[:2]:
        status, text = job.told[1]  # type: ignore[misc]
        assert (status, text.splitlines()[-1]) == (-signal.SIGINT, "KeyboardInterrupt")
    assert jobs[2].told == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_ctrl_c_does_not_wait(tmp_path: Path) -> None:
    jobs = scripts(tmp_path, STUBBORN)
    thread = press(jobs, signal.SIGINT, signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        run(jobs, 1)
    thread.join()
    assert jobs[0].told == ["begins", (-signal.SIGKILL, "begun\n")]


class FullDisk(Script):
    """A job that cannot note that it has begun, once the other one has."""

    other: Script

    def begins(self) -> None:
        while not self.other.output.read_text(encoding="utf-8"):
            time.sleep(0.02)
        raise OSError("no space left")


def test_no_process_is_left_where_the_pool_fails(tmp_path: Path) -> None:
    (first,) = scripts(tmp_path, FOREVER)
    second = FullDisk(tmp_path / "second.log", FOREVER)
    second.other = first
    with pytest.raises(OSError, match="no space left"):
        run([first, second], 2)
    assert first.told[1][0] == -signal.SIGINT  # type: ignore[index]
    with second.output.open("ab") as output:
        assert pool.claimed(output.fileno())


def test_what_a_killed_pool_left_is_waited_for(tmp_path: Path) -> None:
    (job,) = scripts(tmp_path, "print('second')")
    # The process of before: it writes into the file, which it has claimed as the pool does it.
    script = "import time; time.sleep(0.5); print('first')"
    with job.output.open("ab") as output:
        assert pool.claimed(output.fileno())
        subprocess.Popen([sys.executable, "-c", script], stdout=output)
    run([job], 1)
    assert job.output.read_text(encoding="utf-8") == "first\nsecond\n"
    assert job.told == ["begins", (0, "second\n")]

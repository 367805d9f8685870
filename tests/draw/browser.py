"""A headless Chromium for tests of pages, driven through its DevTools protocol over a pipe.

A page gets real movements of a mouse and presses of keys. No port is opened, no driver is needed,
and nothing is downloaded.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
# The protocol's pipes are these descriptors of the browser's.
_READS, _WRITES = 3, 4
_PATIENCE = 30.0  # seconds
_CODES = {"Enter": 13, "Escape": 27, " ": 32, "Tab": 9}


def executable() -> str | None:
    """The path of a Chromium that is installed, if there is one."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


class Browser:
    """A running Chromium with a profile of its own."""

    def __init__(self, profile: Path) -> None:
        path = executable()
        assert path is not None
        to_browser, self._out = (_high(end) for end in os.pipe())
        self._in, from_browser = (_high(end) for end in os.pipe())
        self._pid = os.posix_spawn(
            path,
            [path, *_FLAGS, f"--user-data-dir={profile}"],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, to_browser, _READS),
                (os.POSIX_SPAWN_DUP2, from_browser, _WRITES),
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            ],
        )
        os.close(to_browser)
        os.close(from_browser)
        self._received = b""
        self._number = 0
        self.events: list[dict[str, Any]] = []

    def close(self) -> None:
        """Ends the browser."""
        try:
            self.call("Browser.close")
        except (OSError, TimeoutError):
            os.kill(self._pid, signal.SIGKILL)
        os.close(self._out)
        os.waitpid(self._pid, 0)
        os.close(self._in)

    def call(self, method: str, session: str = "", **parameters: object) -> dict[str, Any]:
        """What a method of the protocol answers; events that come before are kept."""
        self._number += 1
        number = self._number
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._message()
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def _message(self) -> dict[str, Any]:
        until = time.monotonic() + _PATIENCE
        while b"\0" not in self._received:
            ready, _, _ = select.select([self._in], [], [], max(until - time.monotonic(), 0))
            piece = os.read(self._in, 1 << 16) if ready else b""
            if not piece:
                raise TimeoutError("the browser does not answer")
            self._received += piece
        message, _, self._received = self._received.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found

    @contextmanager
    def page(
        self, file: Path, width: int = 1280, height: int = 900, dark: bool = False
    ) -> Iterator[Page]:
        """A tab with a file, once it is loaded."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        for domain in ("Page", "Runtime", "Network", "Log"):
            page.call(f"{domain}.enable")
        page.resize(width, height)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        page.call("Emulation.setEmulatedMedia", features=[scheme])
        page.call("Page.navigate", url=file.as_uri())
        page.wait("document.readyState === 'complete'")
        try:
            yield page
        finally:
            self.call("Target.closeTarget", targetId=target)


class Page:
    """A tab: what is in it, and a reader's hands."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser = browser
        self._session = session

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """What a method of the protocol answers for this tab."""
        return self._browser.call(method, self._session, **parameters)

    def events(self, method: str) -> list[dict[str, Any]]:
        """What has happened in this tab so far."""
        return [
            event["params"]
            for event in self._browser.events
            if event.get("sessionId") == self._session and event["method"] == method
        ]

    def requests(self) -> list[str]:
        """The addresses that the tab has asked for."""
        return [event["request"]["url"] for event in self.events("Network.requestWillBeSent")]

    def complaints(self) -> list[str]:
        """Errors of scripts, and what the page's policy refused."""
        errors = [
            event["exceptionDetails"].get("exception", {}).get("description", "an error")[:500]
            for event in self.events("Runtime.exceptionThrown")
        ]
        return errors + [event["entry"]["text"] for event in self.events("Log.entryAdded")]

    def run(self, expression: str) -> Any:
        """The value of an expression in the page."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        wrong = answer.get("exceptionDetails")
        assert not wrong, wrong["exception"].get("description", wrong["text"])[:500]
        return answer["result"].get("value")

    def wait(self, expression: str) -> None:
        """Waits until an expression is true."""
        until = time.monotonic() + _PATIENCE
        while not self.run(expression):
            assert time.monotonic() < until, f"never: {expression}"
            time.sleep(0.02)

    def resize(self, width: int, height: int) -> None:
        """Gives the tab a size, in pixels of style sheets."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def middle(self, element: str) -> tuple[float, float]:
        """Where the middle of an element is, which an expression gives; scrolls to it."""
        self.run(f"({element}).scrollIntoView({{block: 'nearest', inline: 'nearest'}})")
        rect = f"const r = ({element}).getBoundingClientRect()"
        x, y = self.run(f"(() => {{ {rect}; return [r.x + r.width / 2, r.y + r.height / 2]; }})()")
        return x, y

    def hover(self, element: str) -> None:
        """Moves the mouse over an element."""
        x, y = self.middle(element)
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, element: str) -> None:
        """Presses and releases the mouse on an element."""
        x, y = self.middle(element)
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str, shift: bool = False) -> None:
        """Presses and releases a key."""
        text = {"Enter": "\r", "Tab": ""}.get(key, key if len(key) == 1 else "")
        common = {"key": key, "code": key if len(key) > 1 else "", "modifiers": 8 * shift}
        common["windowsVirtualKeyCode"] = _CODES.get(key, 0)
        down = "keyDown" if text else "rawKeyDown"
        self.call("Input.dispatchKeyEvent", type=down, text=text, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text: str) -> None:
        """Types a text into what has the focus."""
        self.call("Input.insertText", text=text)

    def screenshot(self) -> bytes:
        """What is seen, as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def pdf(self) -> bytes:
        """What is printed."""
        answer = self.call("Page.printToPDF", printBackground=True, preferCSSPageSize=True)
        return base64.b64decode(answer["data"])


def _high(descriptor: int) -> int:
    """The same pipe under a number that none of the browser's has."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return moved

"""A headless Chromium driven over its DevTools pipe (NUL-separated JSON on file descriptors 3 and 4)."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["Browser", "Page", "open_browser"]

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--mute-audio",
    "--remote-debugging-pipe",
)
_PATIENCE = 60.0


class Browser:
    """The pipe: sends commands, waits for their answers, and keeps the events that arrive meanwhile."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing
        self._buffer = b""
        self._last = 0
        self.events: list[dict[str, Any]] = []

    def _message(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._reading], [], [], max(0.0, deadline - time.monotonic()))
            data = os.read(self._reading, 1 << 20) if ready else b""
            if not data:
                raise TimeoutError("the browser gave no answer" if not ready else "the browser has ended")
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\0", 1)
        message: dict[str, Any] = json.loads(line)
        return message

    def send(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """The result of one DevTools command."""
        self._last += 1
        command: dict[str, Any] = {"id": self._last, "method": method, "params": parameters}
        if session:
            command["sessionId"] = session
        os.write(self._writing, json.dumps(command).encode() + b"\0")
        deadline = time.monotonic() + _PATIENCE
        while True:
            message = self._message(deadline)
            if message.get("id") == self._last:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                result: dict[str, Any] = message["result"]
                return result
            self.events.append(message)

    def wait_for(self, method: str, session: str, after: int) -> None:
        """Returns once an event of this name has come since ``events`` had ``after`` entries."""
        deadline = time.monotonic() + _PATIENCE
        while not any(e.get("method") == method and e.get("sessionId") == session for e in self.events[after:]):
            self.events.append(self._message(deadline))

    def new_page(self) -> Page:
        """An empty tab."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        return Page(self, target, self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])


class Page:
    """One tab."""

    def __init__(self, browser: Browser, target: str, session: str) -> None:
        self._browser, self._target, self._session = browser, target, session
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The result of one DevTools command for this tab."""
        return self._browser.send(method, self._session, **parameters)

    def show_as(self, width: int, height: int, scheme: str = "light") -> None:
        """Sets the viewport and the preferred colour scheme."""
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def open(self, url: str) -> None:
        """Loads an address and waits for its load event."""
        with self.loading():
            self.send("Page.navigate", url=url)

    @contextmanager
    def loading(self) -> Iterator[None]:
        """What happens inside makes the tab load a page; returns after its load event."""
        before = len(self._browser.events)
        yield
        self._browser.wait_for("Page.loadEventFired", self._session, before)

    def close(self) -> None:
        """Closes the tab."""
        self._browser.send("Target.closeTarget", targetId=self._target)

    def evaluate(self, expression: str) -> Any:
        """The JSON value of a JavaScript expression; a promise is awaited."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def press(self, key: str, code: int, text: str = "") -> None:
        """Presses and releases one key; ``code`` is its Windows virtual key code."""
        common = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.send("Input.dispatchKeyEvent", type="keyDown", **common, **({"text": text} if text else {}))
        self.send("Input.dispatchKeyEvent", type="keyUp", **common)

    def wait_until(self, condition: str) -> None:
        """Returns once a JavaScript condition holds; it is looked at now and at every change of the document."""
        self.evaluate(
            f"""new Promise((resolve) => {{
              const look = () => {{ if ({condition}) {{ watcher.disconnect(); resolve(true); }} }};
              const watcher = new MutationObserver(look);
              watcher.observe(document, {{subtree: true, childList: true, attributes: true, characterData: true}});
              look();
            }})"""
        )

    def type(self, text: str) -> None:
        """Types into what has the focus."""
        self.send("Input.insertText", text=text)

    def screenshot(self, path: Path, *, whole: bool = True) -> Path:
        """Writes a PNG of the whole page, or of the visible part of it."""
        data = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(data))
        return path

    def _parameters(self, method: str) -> list[dict[str, Any]]:
        mine = [event for event in self._browser.events if event.get("sessionId") == self._session]
        return [event["params"] for event in mine if event["method"] == method]

    def requested(self) -> list[str]:
        """Every address that this tab has asked for."""
        return [each["request"]["url"] for each in self._parameters("Network.requestWillBeSent")]

    def complaints(self) -> list[str]:
        """What the console and the browser's log have to say of warnings, errors and uncaught exceptions."""
        console = [
            each for each in self._parameters("Runtime.consoleAPICalled") if each["type"] in ("error", "warning")
        ]
        log = [each["entry"] for each in self._parameters("Log.entryAdded")]
        return [
            *(str(each["args"]) for each in console),
            *(str(each["exceptionDetails"]) for each in self._parameters("Runtime.exceptionThrown")),
            *(f"{each['level']}: {each['text']} {each.get('url', '')}" for each in log if each["level"] != "verbose"),
        ]


@contextmanager
def open_browser(program: str, folder: Path) -> Iterator[Browser]:
    """Starts Chromium with a fresh profile in ``folder`` and ends it afterwards; its log is ``folder/chromium.log``."""
    theirs_reading, writing = os.pipe()
    reading, theirs_writing = os.pipe()
    # Numbers above 4, so that neither is overwritten before it has been copied to its place.
    high = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 10) for each in (theirs_reading, theirs_writing)]
    log = os.open(folder / "chromium.log", os.O_WRONLY | os.O_CREAT, 0o600)
    identifier = os.posix_spawn(
        program,
        [program, *_FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"],
        dict(os.environ),
        file_actions=[
            (os.POSIX_SPAWN_DUP2, log, 1),
            (os.POSIX_SPAWN_DUP2, log, 2),
            (os.POSIX_SPAWN_DUP2, high[0], 3),
            (os.POSIX_SPAWN_DUP2, high[1], 4),
        ],
    )
    for each in (theirs_reading, theirs_writing, *high, log):
        os.close(each)
    browser = Browser(reading, writing)
    try:
        yield browser
        browser.send("Browser.close")
    except BaseException:
        os.kill(identifier, signal.SIGKILL)
        raise
    finally:
        os.close(writing)
        os.close(reading)
        os.waitpid(identifier, 0)

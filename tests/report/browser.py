"""A real browser without a window, driven through the DevTools protocol over two pipes: no driver, no port, no package.

Chromium (or Chrome) of the system is started with ``--remote-debugging-pipe`` and a profile of its own; messages are JSON
that ends in a zero byte. All that a page says, throws or asks the network for is kept.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""What the browser may be called; Debian's and Ubuntu's names first."""

ANSWER_S = 60.0
"""Seconds within which the browser must answer: long, for machines that are busy."""

KEYS = {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Enter": 13, "Escape": 27, " ": 32}
"""Codes of keys that are no letters."""


def find_browser() -> str | None:
    """The command of a browser that can be driven; None where there is none (tests/install.sh brings one)."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One browser with one page."""

    def __init__(self, command: str, width: int = 1280, height: int = 900) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="samtrack-browser-", ignore_cleanup_errors=True)
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()
        options = ["--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--no-first-run"]
        options += ["--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update"]
        options += ["--disable-extensions", "--disable-sync", "--hide-scrollbars", f"--window-size={width},{height}"]

        def take_places() -> None:
            """The browser reads at 3 and writes at 4; both ends are moved out of the way first."""
            a, b = os.dup(to_read), os.dup(to_write)
            high = [os.dup2(a, 30), os.dup2(b, 31)]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self._process = subprocess.Popen(
            [command, *options, f"--user-data-dir={self._folder.name}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            close_fds=False,
            preexec_fn=take_places,
            start_new_session=True,
        )
        os.close(to_read)
        os.close(to_write)
        self._rest, self._number, self._session = b"", 0, None
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.events: list[str] = []
        self._downloads = Path(self._folder.name) / "downloads"
        targets = self.ask("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        self._session = self.ask("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.ask("Emulation.setDeviceMetricsOverride", **size)

    def close(self) -> None:
        """End the browser and all processes that it started."""
        with contextlib.suppress(ProcessLookupError):  # it may have ended by itself
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._write)
        os.close(self._read)
        self._folder.cleanup()

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command, and wait for its answer; what happens meanwhile is kept."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        message |= {"sessionId": self._session} if self._session else {}
        os.write(self._write, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + ANSWER_S
        while True:
            answer = self._next(until, method)
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]

    def _next(self, until: float, wanted: str) -> dict[str, Any]:
        """The next message of the browser; events are noted on the way."""
        while b"\0" not in self._rest:
            ready = select.select([self._read], [], [], max(until - time.monotonic(), 0))[0]
            assert ready, f"the browser gave no answer to {wanted} within {ANSWER_S:g} s"
            part = os.read(self._read, 1 << 20)
            assert part, f"the browser ended before it answered {wanted}"
            self._rest += part
        line, self._rest = self._rest.split(b"\0", 1)
        message = json.loads(line)
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, event: str, told: dict[str, Any]) -> None:
        self.events.append(event)
        if event == "Runtime.exceptionThrown":
            details = told["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description", details["text"]))
        elif event == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning", "assert"):
            self.complaints.append(str([argument.get("value") for argument in told["args"]]))
        elif event == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            if "willReadFrequently" in told["entry"]["text"]:
                return  # it is the tests that read what is drawn
            self.complaints.append(told["entry"]["text"])
        elif event == "Network.requestWillBeSent" and not told["request"]["url"].startswith("data:"):
            self.requests.append(told["request"]["url"])

    def open(self, path: Path, **media: str) -> float:
        """Open a file from disk and wait until it is loaded and its scripts have run; the seconds that took."""
        return self.visit(path.resolve().as_uri(), **media)

    def visit(self, url: str, **media: str) -> float:
        """The same for any address."""
        self.complaints, self.requests, self.events = [], [], []
        media = {"prefers_reduced_motion": "reduce", **media}  # so that nothing moves under the pointer
        features = [{"name": name.replace("_", "-"), "value": value} for name, value in media.items()]
        self.ask("Emulation.setEmulatedMedia", features=features)
        start = time.monotonic()
        self.ask("Page.navigate", url=url)
        while "Page.loadEventFired" not in self.events:
            self._next(start + ANSWER_S, "Page.navigate")
        self.wait("document.readyState === 'complete' && !document.querySelector('html[data-busy]')")
        return time.monotonic() - start

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        asked = {"expression": script, "returnByValue": True, "awaitPromise": True}
        answer = self.ask("Runtime.evaluate", **asked)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]["exception"].get("description")
        return answer["result"].get("value")

    def wait(self, script: str, seconds: float = ANSWER_S) -> Any:
        """Wait until an expression is true; its value."""
        until = time.monotonic() + seconds
        while not (value := self.run(script)):
            assert time.monotonic() < until, f"not true within {seconds:g} s: {script}"
            time.sleep(0.02)
        return value

    def place(self, selector: str, x: float = 0.5, y: float = 0.5) -> tuple[float, float]:
        """A point inside of an element (shares of its width and height), scrolled into view, in the window."""
        what = f"document.querySelector({json.dumps(selector)})"
        self.wait(f"!!{what}")
        self.run(f"{what}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
        box = self.run(f"(({{x, y, width, height}}) => [x, y, width, height])({what}.getBoundingClientRect())")
        return box[0] + x * box[2], box[1] + y * box[3]

    def click(self, selector: str, x: float = 0.5, y: float = 0.5) -> None:
        """Press and let go of the left button on a point of an element."""
        at = dict(zip("xy", self.place(selector, x, y), strict=True))
        self.ask("Input.dispatchMouseEvent", type="mouseMoved", **at)
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, button="left", buttons=1, clickCount=1, **at)

    def wheel(self, selector: str, delta: float, x: float = 0.5, y: float = 0.5, held: int = 0) -> None:
        """Turn the wheel over a point of an element; ``held`` 2: with the control key."""
        at = dict(zip("xy", self.place(selector, x, y), strict=True))
        self.ask("Input.dispatchMouseEvent", type="mouseWheel", deltaX=0, deltaY=delta, modifiers=held, **at)

    def press(self, key: str) -> None:
        """Press a key of the keyboard."""
        code = KEYS.get(key, ord(key.upper()) if len(key) == 1 else 0)
        told = {"key": key, "windowsVirtualKeyCode": code} | ({"text": key} if len(key) == 1 else {})
        told |= {"text": "\r"} if key == "Enter" else {}
        self.ask("Input.dispatchKeyEvent", type="keyDown", **told)
        self.ask("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def type(self, selector: str, text: str) -> None:
        """Put a text into a field in place of what is there, and press Enter."""
        self.click(selector)
        self.run(f"document.querySelector({json.dumps(selector)}).select()")
        self.ask("Input.insertText", text=text)
        self.press("Enter")

    def text(self, selector: str) -> str:
        """The words of an element as they are seen."""
        return str(self.run(f"document.querySelector({json.dumps(selector)}).innerText"))

    def shoot(self, path: Path, whole: bool = False) -> None:
        """A picture of the window, or of the whole page."""
        more: dict[str, Any] = {}
        if whole:
            size = self.ask("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 16000), "scale": 1}
            more = {"captureBeyondViewport": True, "clip": clip}
        picture = self.ask("Page.captureScreenshot", format="png", **more)
        path.write_bytes(base64.b64decode(picture["data"]))

    def download(self, selector: str) -> tuple[str, bytes]:
        """Click on what saves a file; its name and its content."""
        shutil.rmtree(self._downloads, ignore_errors=True)
        self._downloads.mkdir()
        self.ask("Page.setDownloadBehavior", behavior="allow", downloadPath=str(self._downloads))
        self.click(selector)
        until = time.monotonic() + ANSWER_S
        while True:
            found = [p for p in self._downloads.iterdir() if p.suffix not in (".crdownload", ".tmp")]
            if found and found[0].stat().st_size:
                return found[0].name, found[0].read_bytes()
            assert time.monotonic() < until, "nothing was saved"
            self.run("0")
            time.sleep(0.02)

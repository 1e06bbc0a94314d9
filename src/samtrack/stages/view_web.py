"""``samtrack view --web``: a server on this machine alone, for the report and a viewer in the browser.

It answers nobody but programs on this machine: it listens on the loopback address, and refuses requests that were meant for
another host (a page of somebody could have such a name point here). It reads, and never writes.
"""

from __future__ import annotations

import io
import json
import logging
import mimetypes
import shutil
import signal
import zlib
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from samtrack.errors import DataError, SamtrackError, SettingsError
from samtrack.io.corrections import EDIT_COLUMNS
from samtrack.stages.shown import ShownMovie, open_shown
from samtrack.view.address import Asked, read_request
from samtrack.view.edits import rows_for
from samtrack.view.page import draw_viewer

log = logging.getLogger("samtrack")

LOOPBACK = "127.0.0.1"
"""The address that only this machine reaches."""

KEPT = "private, max-age=86400"
"""How long a browser may keep a picture of a version of a result: for a day of looking back and forth."""

OWN_PORTS = range(49152, 65536)
"""Ports that belong to no service (RFC 6335)."""

HOSTS = (LOOPBACK, "localhost")
"""Names by which a browser may ask."""


class Viewer(ThreadingHTTPServer):
    """The server of one result; ``port`` 0 is any that is free."""

    daemon_threads = True

    def __init__(self, out: Path, movies: Mapping[str, ShownMovie], port: int = 0) -> None:
        self.out, self.movies = out.resolve(), movies
        try:
            super().__init__((LOOPBACK, port), _Handler)
        except OSError as error:
            raise SettingsError(
                f"--port {port}: cannot be used ({error.strerror}). Choose another one, or none for any that is free."
            ) from error

    @property
    def url(self) -> str:
        """Where the browser finds it."""
        return f"http://{LOOPBACK}:{self.server_address[1]}/"


def port_of(out: Path) -> int:
    """A port of the result's own, so that a browser that comes back finds what it kept for it: edits not saved yet."""
    return OWN_PORTS.start + zlib.crc32(str(out.resolve()).encode()) % len(OWN_PORTS)


def open_viewer(out: Path, movies: Mapping[str, ShownMovie], port: int | None) -> Viewer:
    """The server at a port; None: that of the result or, if somebody has it, any that is free."""
    if port is not None:
        return Viewer(out, movies, port)
    try:
        return Viewer(out, movies, port_of(out))
    except SettingsError:
        return Viewer(out, movies)


def serve(out: Path, sequence: str | None, port: int | None) -> None:
    """Serve until the user interrupts, or whoever started it in the background asks it to end."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with open_viewer(out, open_shown(out, sequence), port) as server:
        log.info("%s: open %s in a browser of this machine; Ctrl-C ends", out, server.url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            log.info("ended")


class _Handler(BaseHTTPRequestHandler):
    server: Viewer
    server_version = "samtrack"

    def do_GET(self) -> None:
        """Answer one request."""
        host = (self.headers.get("Host") or "").rsplit(":", 1)[0]
        asked = read_request(self.path)
        if host not in HOSTS:
            self._refuse(HTTPStatus.FORBIDDEN, "this server answers programs on its own machine only")
        elif asked is None:
            self._refuse(HTTPStatus.NOT_FOUND, "there is nothing of that name")
        else:
            try:
                self._answer(asked)
            except SamtrackError as error:
                self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the browser asked for something else meanwhile

    def _answer(self, asked: Asked) -> None:
        if asked.kind == "page":
            pages = sorted(path.name for path in self.server.out.glob("*_report.html"))
            page = draw_viewer(self.server.out.name, list(self.server.movies), pages, EDIT_COLUMNS)
            self._send(page.encode(), "text/html; charset=utf-8")
        elif asked.kind == "file":
            self._send_file(asked.file)
        else:
            self._answer_movie(asked)

    def _answer_movie(self, asked: Asked) -> None:
        movie = self.server.movies.get(asked.sequence)
        if movie is None or not movie.has(asked.frame, asked.plane):
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such movie, frame or plane")
        elif movie.has_changed:
            self._refuse(HTTPStatus.CONFLICT, "the result has changed since; end samtrack view and start it again")
        elif asked.kind == "picture":
            picture = movie.picture(asked.frame, asked.plane, asked.labels, asked.level, asked.gain)
            self._send(png_of(picture), "image/png", KEPT if asked.is_dated else "no-store")
        elif asked.kind == "facts":
            self._send_json(movie.facts())
        elif asked.kind == "cells":
            self._send_json(movie.tails.at(asked.frame))
        elif asked.kind == "track":
            self._send_json(movie.tails.track(asked.track))
        elif asked.kind == "edit":
            self._send_json(_edit(asked))
        else:
            self._send_json({"track": movie.track_at(asked.frame, asked.plane, asked.place)})

    def _send_file(self, name: str) -> None:
        """A file of the result, never one beside it: links out of the folder count as outside."""
        out = self.server.out
        try:
            path = (out / name).resolve()
            inside = path.is_relative_to(out) and path.is_file()
        except (OSError, ValueError):  # a name that no file can have
            inside = False
        if not inside:
            self._refuse(HTTPStatus.NOT_FOUND, "the result holds no such file")
            return
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        self._head(HTTPStatus.OK, f"{kind}; charset=utf-8" if kind.startswith("text/") else kind, path.stat().st_size)
        with path.open("rb") as file:
            shutil.copyfileobj(file, self.wfile)

    def _send_json(self, value: Any) -> None:
        self._send(json.dumps(value).encode(), "application/json")

    def _send(self, body: bytes, kind: str, keep: str = "no-store") -> None:
        self._head(HTTPStatus.OK, kind, len(body), keep)
        self.wfile.write(body)

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        body = f"{status.value}: {why}\n".encode()
        self._head(status, "text/plain; charset=utf-8", len(body))
        self.wfile.write(body)

    def _head(self, status: HTTPStatus, kind: str, length: int, keep: str = "no-store") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        self.send_header("Cache-Control", keep)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of single requests."""
        log.debug(format, *args)


def _edit(asked: Asked) -> dict[str, Any]:
    """The rows of an edit, for the browser to keep; or why it is none."""
    try:
        return {"rows": rows_for(asked.action, asked.cells, asked.note)}
    except DataError as error:
        return {"error": str(error)}


def png_of(picture: npt.NDArray[np.uint8]) -> bytes:
    """A grey or RGB picture as PNG; little effort goes into making it small, since it stays on this machine."""
    body = io.BytesIO()
    Image.fromarray(picture).save(body, "PNG", compress_level=1)
    return body.getvalue()

"""Fetching, from a server on this machine: whole, once, resumed, summed, and every way in which it may not work."""

from __future__ import annotations

import hashlib
import multiprocessing
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from samtrack.config.weights import HUGGING_FACE, REGISTRY, SHIPPED, WeightFile, WeightsEntry
from samtrack.errors import DataError, WeightsError
from samtrack.io.weights_cache import files_of, recorded_sha256, verify, write_record
from samtrack.io.weights_fetch import fetch

NUMBERS = bytes(range(256)) * 4000  # 1 MB
SIZES = b'{"model_type": "sam2_video"}'
SUM = hashlib.sha256(NUMBERS).hexdigest()


@dataclass
class Server:
    """A small internet: contents by path, requests as they came, and how much of an answer it gives before it hangs up."""

    address: str = ""
    contents: dict[str, bytes] = field(default_factory=lambda: {"/config.json": SIZES, "/model.safetensors": NUMBERS})
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    refuse: int = 0
    redirect_to: str = ""
    hang_up_after: int | None = None
    ranges: bool = True


def answer(server: Server, handler: BaseHTTPRequestHandler) -> None:
    server.requests.append((handler.path, {key.lower(): value for key, value in handler.headers.items()}))
    path = handler.path.removeprefix("/cdn")
    if server.redirect_to and not handler.path.startswith("/cdn"):
        handler.send_response(302)
        handler.send_header("Location", f"{server.redirect_to}{handler.path}")
        handler.end_headers()
        return
    if server.refuse or path not in server.contents:
        handler.send_error(server.refuse or 404)
        return
    content = server.contents[path]
    asked = handler.headers.get("Range") if server.ranges else None
    start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
    if start >= len(content):
        handler.send_error(416)
        return
    handler.send_response(206 if asked else 200)
    handler.send_header("Content-Length", str(len(content) - start))
    handler.end_headers()
    rest = content[start:]
    handler.wfile.write(rest if server.hang_up_after is None else rest[: server.hang_up_after])


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(made, self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web.handle_error = lambda *_: None  # a client that leaves early is what some tests want
    made.address = f"http://127.0.0.1:{web.server_port}"
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    web.shutdown()
    thread.join()
    web.server_close()


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_ENDPOINT", "HF_TOKEN", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)


def entry_at(address: str, sha256: str | None = SUM, gated: bool = False) -> WeightsEntry:
    files = (
        WeightFile("config.json", f"{address}/config.json"),
        WeightFile("model.safetensors", f"{address}/model.safetensors", sha256),
    )
    return WeightsEntry("toy", "sam2_video", "none", 1.0, address, "1", files, gated)


@pytest.fixture
def entry(server: Server, monkeypatch: pytest.MonkeyPatch) -> WeightsEntry:
    made = entry_at(server.address)
    monkeypatch.setitem(REGISTRY, "toy", made)
    return made


@pytest.fixture
def said() -> list[str]:
    return []


def test_files_come_once_and_are_summed(server: Server, entry: WeightsEntry, tmp_path: Path, said: list[str]) -> None:
    assert fetch(entry, tmp_path, said.append) == tmp_path / "toy"
    assert (tmp_path / "toy" / "model.safetensors").read_bytes() == NUMBERS
    assert [c.basis for c in verify(entry, tmp_path)] == ["first fetch", "published"]
    assert any("config.json has no published checksum; recorded" in line for line in said)
    assert not any("model.safetensors has no published" in line for line in said)
    assert len(server.requests) == 2
    fetch(entry, tmp_path, said.append)
    assert len(server.requests) == 2
    assert not list(tmp_path.rglob("*.part*"))


def test_what_ships_is_not_fetched(tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("samtrack.io.weights_cache.SHIPPED_FOLDER", tmp_path)
    for path in files_of(REGISTRY[SHIPPED], tmp_path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert fetch(REGISTRY[SHIPPED], tmp_path / "cache", said.append) == tmp_path / "sam2" / "tiny"
    assert said == []
    assert not (tmp_path / "cache").exists()


def test_a_wrong_sum_is_not_kept(server: Server, tmp_path: Path, said: list[str]) -> None:
    with pytest.raises(WeightsError, match=rf"sums to SHA-256 {SUM}, expected {'0' * 64}\. It was not kept"):
        fetch(entry_at(server.address, "0" * 64), tmp_path, said.append)
    assert [path.name for path in (tmp_path / "toy").glob("model*")] == []


def test_what_was_recorded_is_expected_again(
    server: Server, entry: WeightsEntry, tmp_path: Path, said: list[str]
) -> None:
    fetch(entry, tmp_path, said.append)
    (tmp_path / "toy" / "config.json").unlink()
    server.contents["/config.json"] = b"{}"
    with pytest.raises(WeightsError, match=r"config\.json .* expected"):
        fetch(entry, tmp_path, said.append)


def test_a_broken_download_goes_on_where_it_stopped(
    server: Server, entry: WeightsEntry, tmp_path: Path, said: list[str]
) -> None:
    server.hang_up_after = 300_000
    with pytest.raises(WeightsError, match=r"broke off after 300000 of 1024000 bytes\. Run the same command again"):
        fetch(entry, tmp_path, said.append)
    assert not (tmp_path / "toy" / "model.safetensors").exists()
    server.hang_up_after = None
    fetch(entry, tmp_path, said.append)
    assert server.requests[-1][1]["range"] == "bytes=300000-"
    assert (tmp_path / "toy" / "model.safetensors").read_bytes() == NUMBERS


@pytest.mark.parametrize("left", [b"x" * 1000, NUMBERS, b"x" * len(NUMBERS)], ids=["wrong", "whole", "whole but wrong"])
@pytest.mark.parametrize("ranges", [True, False])
def test_any_remainder_ends_in_the_right_file(
    server: Server, entry: WeightsEntry, tmp_path: Path, left: bytes, ranges: bool
) -> None:
    server.ranges = ranges
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "model.safetensors.part").write_bytes(left)
    fetch(entry, tmp_path, lambda _: None)
    assert (tmp_path / "toy" / "model.safetensors").read_bytes() == NUMBERS


REFUSALS: dict[str, tuple[int, bool, str]] = {
    "gated": (401, True, r"is gated \(HTTP 401\)\. Ask for access on that page .* set HF_TOKEN"),
    "forbidden": (403, True, r"is gated \(HTTP 403\)"),
    "gone": (404, False, "answered HTTP 404"),
    "busy": (503, False, "answered HTTP 503"),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_says_why(server: Server, tmp_path: Path, refusal: str) -> None:
    server.refuse, gated, message = REFUSALS[refusal]
    with pytest.raises(WeightsError, match=message):
        fetch(entry_at(server.address, gated=gated), tmp_path, lambda _: None)


def test_no_network_says_so(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"http://127\.0\.0\.1:9/config\.json cannot be reached.*copy the folder"):
        fetch(entry_at("http://127.0.0.1:9"), tmp_path, lambda _: None)


@pytest.mark.parametrize("variable", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_offline_means_offline(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "1")
    with pytest.raises(WeightsError, match=f"not in the cache, and {variable} forbids to fetch"):
        fetch(entry_at(server.address), tmp_path, lambda _: None)
    assert server.requests == []


def test_too_little_space_is_told_before_anything_is_written(
    server: Server, entry: WeightsEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 100_000

    monkeypatch.setattr("samtrack.io.weights_fetch.shutil.disk_usage", lambda _: Usage)
    with pytest.raises(WeightsError, match=r"model\.safetensors needs 1 MB, but .* has 0 MB free"):
        fetch(entry, tmp_path, lambda _: None)
    assert not (tmp_path / "toy" / "model.safetensors.part").exists()


def test_a_folder_that_cannot_be_written_is_an_error(entry: WeightsEntry, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be written"):
        fetch(entry, tmp_path / "file", lambda _: None)


def test_the_token_goes_to_hugging_face_and_not_where_it_redirects(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    monkeypatch.setenv("HF_TOKEN", "secret")
    server.redirect_to = f"{server.address}/cdn"
    monkeypatch.setitem(REGISTRY, "toy", entry_at(HUGGING_FACE))
    fetch(REGISTRY["toy"], tmp_path, lambda _: None)
    sent = {path: headers.get("authorization") for path, headers in server.requests}
    assert sent["/model.safetensors"] == "Bearer secret"
    assert sent["/cdn/model.safetensors"] is None


def test_the_token_goes_nowhere_else(
    server: Server, entry: WeightsEntry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    fetch(entry, tmp_path, lambda _: None)
    assert [headers.get("authorization") for _, headers in server.requests] == [None, None]


def fetch_quietly(entry: WeightsEntry, cache: Path) -> None:
    REGISTRY["toy"] = entry
    fetch(entry, cache, lambda _: None)


def in_processes(targets: list[Callable[[], None]]) -> list[int | None]:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=target) for target in targets]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    return [process.exitcode for process in processes]


def test_two_processes_fetch_one_name_once(server: Server, entry: WeightsEntry, tmp_path: Path) -> None:
    assert in_processes([partial(fetch_quietly, entry, tmp_path)] * 3) == [0, 0, 0]
    assert sorted(path for path, _ in server.requests) == ["/config.json", "/model.safetensors"]
    assert (tmp_path / "toy" / "model.safetensors").read_bytes() == NUMBERS


def test_a_record_is_replaced_by_what_was_published(server: Server, entry: WeightsEntry, tmp_path: Path) -> None:
    (tmp_path / "toy").mkdir()
    path = files_of(entry, tmp_path)[-1]
    write_record(path, "0" * 64)
    fetch(entry, tmp_path, lambda _: None)
    assert recorded_sha256(path) == SUM

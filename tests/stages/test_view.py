"""Looking at a result: what a browser gets, who else gets nothing, and a real napari window."""

import http.client
import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
import threading
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.report.browser import Browser, find_browser

from samtrack.cli import main
from samtrack.config.ingest import IngestSettings
from samtrack.errors import DataError, SettingsError
from samtrack.io.corrections import EDIT_COLUMNS, read_edits
from samtrack.io.ome_zarr import ImageFacts, create_image, open_image, written_label_image
from samtrack.io.tables import write_table
from samtrack.stages.shown import open_shown
from samtrack.stages.view_napari import Editing, one_of, require_napari
from samtrack.stages.view_web import LOOPBACK, OWN_PORTS, Viewer, open_viewer, port_of
from samtrack.types import Scale
from samtrack.view.colours import palette

SHAPES = {2: (20, 24), 3: (3, 20, 24)}


def make_result(out: Path, ndim: int) -> Path:
    """Two frames: cell 1 moves one pixel to the right; in 3D it lies in plane 1, and cell 2 below it in plane 2."""
    shape = SHAPES[ndim]
    settings = IngestSettings(pyramid_levels=2)
    images, labels = (np.zeros((2, *shape), dtype=kind) for kind in (np.uint16, np.uint32))
    for t in range(2):
        plane = (1,) if ndim == 3 else ()
        labels[(t, *plane, slice(4, 10), slice(4 + t, 10 + t))] = 1
        if ndim == 3:
            labels[t, 2, 6:16, 4:16] = 2
    images[labels > 0] = 500
    scale = Scale((2.0, 0.5, 0.5)[-ndim:], 3.0)
    writer = create_image(out / "01.ome.zarr", ImageFacts(2, shape, images.dtype, scale, name="01"), settings)
    for t in range(2):
        writer.write(t, images[t])
    writer.finish()
    store = out / "01.ome.zarr"
    with written_label_image(store / "labels" / "tracks", open_image(store), settings) as tracks:
        for t in range(2):
            tracks.write(t, labels[t])
    rows = [(track, t) for track in range(1, ndim) for t in range(2)]
    track, frame = np.array(rows).T
    table = {"track_id": track, "t": frame, "parent_track_id": 0 * track}
    places = {axis: np.ones(len(rows)) for axis in "zyx"[-ndim:]}
    write_table(out / "01_tracks.parquet", table | places)
    (out / "01_report.html").write_text("<html>the page</html>")
    return out


@pytest.fixture(params=[2, 3], ids=["2D", "3D"])
def result(request, tmp_path):
    return make_result(tmp_path / "out", request.param)


@contextmanager
def served(out):
    with Viewer(out, open_shown(out)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def get(server, path, **headers):
    """Status, kind and body of an answer; the path is sent as it is."""
    connection = http.client.HTTPConnection(*server.server_address, timeout=10)
    connection.putrequest("GET", path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    found = answer.status, answer.headers["Content-Type"], answer.read()
    connection.close()
    return found


def picture(server, path):
    status, kind, body = get(server, path)
    assert (status, kind) == (200, "image/png")
    return np.asarray(Image.open(io.BytesIO(body)))


def test_the_browser_gets_page_facts_cells_and_pictures(result):
    ndim = len(open_shown(result)["01"].image.shape)
    with served(result) as server:
        with urllib.request.urlopen(server.url) as answer:
            page = answer.read().decode()
        assert "01_report.html" in page
        facts = json.loads(get(server, "/01/facts.json")[2])
        assert facts["shape"] == list(SHAPES[ndim])
        assert (facts["frames"], facts["planes"], facts["tracks"]) == (
            2,
            max(1, ndim * 2 - 3) if ndim == 3 else 1,
            ndim - 1,
        )
        assert [cell["track"] for cell in json.loads(get(server, "/01/cells/1.json")[2])] == list(range(1, ndim))
        plane = ndim - 2
        grey = picture(server, f"/01/frame/0/{plane}.png?labels=0")
        assert grey.shape == (20, 24)
        assert (grey[4:10, 4:10] == 255).all()
        assert grey.sum() == 255 * 36
        outlined = picture(server, f"/01/frame/1/{plane}.png")
        assert outlined.shape == (20, 24, 3)
        assert (outlined[4, 5:11] == palette()[0]).all()
        assert (outlined[4, 4] == 0).all()
        assert picture(server, f"/01/frame/1/{plane}.png?level=1").shape == (10, 12, 3)
        at = (
            json.loads(get(server, f"/01/at/1/{plane}/4/10.json")[2]),
            json.loads(get(server, f"/01/at/1/{plane}/4/4.json")[2]),
        )
        assert at == ({"track": 1}, {"track": 0})
        assert json.loads(get(server, f"/01/at/1/{plane}/4/999.json")[2]) == {"track": 0}


def test_what_a_track_is_and_which_rows_an_edit_makes(result):
    with served(result) as server:
        track = json.loads(get(server, "/01/track/1.json")[2])
        assert (track["first"], track["last"], track["masks"]) == (0, 1, 2)
        assert json.loads(get(server, "/01/track/77.json")[2]) is None
        rows = json.loads(get(server, "/01/edit/unlink.json?cells=1-1,0-1&note=seen")[2])
        assert rows == {"rows": [["unlink", "0", "1", "1", "1", "seen"]]}
        wrong = json.loads(get(server, "/01/edit/link.json?cells=1-1")[2])
        assert "1 cells are picked" in wrong["error"]
        assert "action is 'x'" in json.loads(get(server, "/01/edit/x.json")[2])["error"]
    assert not list(result.glob("*edits*")), "the server writes nothing"


def test_pictures_of_a_version_may_be_kept_and_brightness_is_asked_for(result):
    plane = len(open_shown(result)["01"].image.shape) - 2
    with served(result) as server:
        version = json.loads(get(server, "/01/facts.json")[2])["version"]
        for query, kept in (("", "no-store"), (f"?v={version}", "private, max-age=86400")):
            with urllib.request.urlopen(f"{server.url}01/frame/0/{plane}.png{query}") as answer:
                assert answer.headers["Cache-Control"] == kept
        dim, usual = (picture(server, f"/01/frame/0/{plane}.png?labels=0&gain={gain}") for gain in ("0.5", "1"))
        assert dim[5, 5] == 128
        assert usual[5, 5] == 255


def test_a_result_that_was_made_anew_is_not_mixed_with_the_old_one(result):
    with served(result) as server:
        assert get(server, "/01/cells/0.json")[0] == 200
        os.utime(result / "01_tracks.parquet", ns=(1, 1))
        status, _, body = get(server, "/01/cells/0.json")
    assert status == 409
    assert b"the result has changed" in body


def test_a_person_looks_corrects_and_saves(tmp_path):
    """The viewer in a real browser: looking, following, moving about, and a file of corrections at the end."""
    command = find_browser()
    if command is None:
        pytest.skip("no Chromium here; tests/install.sh brings one")
    out = make_result(tmp_path / "out", 3)
    browser = Browser(command)
    try:
        with served(out) as server:
            browser.visit(server.url)
            browser.wait("document.body.dataset.shown === '0'")
            pixel = "(() => { const [x, y] = onStage([0, 7, 7]); const box = get('stage').getBoundingClientRect();"
            pixel += " return [x / box.width, y / box.height]; })()"
            browser.click("#stage", *browser.run(pixel))
            browser.wait("document.querySelector('#cell h2')?.innerText === 'Track 1'")
            assert "0 to 1, 2 masks" in browser.text("#cell")
            browser.run("apply('link')")
            browser.wait("get('told').className === 'wrong'")
            assert "0 cells are picked" in browser.text("#told")
            for t in (0, 1):
                browser.run(f"go({t})")
                browser.wait(f"document.body.dataset.shown === '{t}'")
                at = dict(zip("xy", browser.place("#stage", *browser.run(pixel)), strict=True))
                for kind in ("mousePressed", "mouseReleased"):
                    told = {"type": kind, "button": "left", "clickCount": 1, "modifiers": 8, **at}
                    browser.ask("Input.dispatchMouseEvent", **told)
                browser.wait(f"document.querySelectorAll('#picked li').length === {t + 1}")
            browser.run("get('note').value = 'a, \"b\"'")
            browser.run("apply('unlink')")
            browser.wait("document.querySelectorAll('#rows li').length === 1")
            name, content = browser.download("#save")
            (tmp_path / name).write_bytes(content)
            (edit,) = read_edits(tmp_path / name)
            assert name == "01_edits.csv"
            assert edit.action == "unlink"
            assert content.decode().splitlines()[1] == 'unlink,0,1,1,1,"a, ""b"""'
            before = browser.run("state.view.zoom")
            browser.wheel("#stage", -300)
            browser.wait(f"state.view.zoom > {1.9 * before}")
            browser.run("Object.assign(state.view, { x: 1e5, y: 0 }); go(1, 1)")
            browser.wait("Math.abs(onStage(state.cells[0].path.at(-1))[0] - get('stage').clientWidth / 2) < 1")
            browser.press("0")
            browser.wait(f"state.view.zoom === {before}")
            browser.type("#wanted", "2")
            browser.wait("document.querySelector('#cell h2')?.innerText === 'Track 2'")
            browser.click("#play")
            browser.wait("document.body.dataset.shown === '0'")
            browser.click("#play")
            assert browser.run("location.hash").endswith("track=2")
            assert browser.complaints == []
            assert all(url.startswith((server.url, "blob:")) for url in browser.requests), browser.requests
            browser.visit("about:blank")
            browser.visit(server.url + "#movie=01&t=1&track=1")
            browser.wait("document.querySelector('#cell h2')?.innerText === 'Track 1'")
            assert browser.run("get('t').value") == "1"
            assert browser.run("state.rows.length") == 1, "corrections wait for the person who comes back"
            assert browser.complaints == []
        browser.run("void follow(2)")
        browser.wait("get('told').innerText.includes('Is samtrack view still running?')")
    finally:
        browser.close()


def test_projections_show_the_topmost_cell(tmp_path):
    out = make_result(tmp_path / "out", 3)
    with served(out) as server:
        shown = picture(server, "/01/frame/0/max.png")
        assert (shown[4, 4] == palette()[0]).all()
        assert (shown[15, 10] == palette()[1]).all()
        found = [
            json.loads(get(server, f"/01/at/0/max/{place}.json")[2])["track"] for place in ("8/8", "14/14", "19/0")
        ]
    assert found == [1, 2, 0]


def test_only_this_machine_is_answered(result):
    with served(result) as server:
        assert server.server_address[0] == LOOPBACK == "127.0.0.1"
        assert get(server, "/01/facts.json", Host="evil.example")[0] == 403
        assert get(server, "/01/facts.json", Host="")[0] == 403
        assert get(server, "/01/facts.json", Host=f"localhost:{server.server_address[1]}")[0] == 200


def test_files_of_the_result_are_served_and_no_others(result):
    secret = result.parent / "secret.txt"
    secret.write_text("secret")
    (result / "link.txt").symlink_to(secret)
    with served(result) as server:
        status, kind, body = get(server, "/files/01_report.html")
        assert (status, kind, body) == (200, "text/html; charset=utf-8", b"<html>the page</html>")
        for path in (
            "../secret.txt",
            "%2e%2e/secret.txt",
            "..%2fsecret.txt",
            "x/../../secret.txt",
            str(secret),
            f"/{secret}",
            "link.txt",
            "..",
            "01.ome.zarr",
            "a%00b",
            "x" * 5000,
        ):
            status, _, body = get(server, f"/files/{path}")
            assert status == 404, path
            assert b"secret" not in body.replace(b"secret.txt", b"")


def test_what_is_not_there_is_said(result):
    with served(result) as server:
        for path in ("/02/facts.json", "/01/frame/2/0.png", "/01/frame/0/9.png", "/nothing"):
            assert get(server, path)[0] == 404, path
        connection = http.client.HTTPConnection(*server.server_address, timeout=10)
        connection.request("POST", "/")
        assert connection.getresponse().status == 501
        connection.close()
        with pytest.raises(SettingsError, match="cannot be used"):
            Viewer(result, {}, server.server_address[1])


def test_a_result_has_a_port_of_its_own_unless_it_is_taken(result):
    movies = open_shown(result)
    with open_viewer(result, movies, None) as first:
        assert first.server_address[1] == port_of(result)
        assert port_of(result) in OWN_PORTS
        assert port_of(result) == port_of(result / ".." / result.name)
        with open_viewer(result, movies, None) as second:
            assert second.server_address[1] != first.server_address[1]
        with pytest.raises(SettingsError, match="cannot be used"):
            open_viewer(result, movies, first.server_address[1])
    assert len({port_of(result / str(i)) for i in range(20)}) > 15


def test_no_result_is_no_viewer(tmp_path, capsys):
    with pytest.raises(DataError, match="not the output folder"):
        open_shown(tmp_path)
    assert main(["view", "--web", str(tmp_path)]) == 2
    assert main(["view", "--web", "--port", "70000", str(tmp_path)]) == 2
    assert "expected 0 to 65535" in capsys.readouterr().err
    with pytest.raises(DataError, match="Name one"):
        one_of(["01", "02"], None, tmp_path)
    assert one_of(["01", "02"], "02", tmp_path) == "02"


def test_edits_go_to_the_file_or_say_what_is_missing(tmp_path):
    editing = Editing(tmp_path / "01_edits.csv")
    assert editing.told == "nothing is picked"
    editing.pick((3, 1))
    assert "Pick 2 cells" in editing.apply("link")
    assert not editing.path.exists()
    for cell in ((4, 2), (5, 7), (5, 7)):
        editing.pick(cell)
    assert editing.told == "track 1 in frame 3, track 2 in frame 4"
    editing.note = "seen"
    assert editing.apply("link") == "01_edits.csv: link,3,1,4,2,seen"
    assert editing.picked == []
    assert editing.path.read_text().splitlines() == [",".join(EDIT_COLUMNS), "link,3,1,4,2,seen"]


def test_without_napari_it_is_said_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "napari", None)
    with pytest.raises(SettingsError, match=r"pip install 'samtrack\[view\]'"):
        require_napari()
    assert main(["view", str(tmp_path)]) == 2
    assert "--web" in capsys.readouterr().err


WINDOW = """
import sys, time
from pathlib import Path
import napari, numpy as np
from PIL import Image
from qtpy.QtWidgets import QApplication, QPushButton
from samtrack.cli import main

out = Path(sys.argv[1])

def look():
    viewer = napari.current_viewer()
    image, labels, paths = viewer.layers
    for _ in range(40):
        QApplication.processEvents()
        time.sleep(0.02)
    Image.fromarray(viewer.screenshot(canvas_only=True, flash=False)).save(out.parent / "window.png")
    depth = [1] if image.ndim == 4 else []
    for frame in (0, 1):
        world = labels.data_to_world([frame, *depth, 6, 7])
        viewer.dims.set_point(0, frame)
        if depth:
            viewer.dims.set_current_step(1, 1)
        event = type("Click", (), {
            "modifiers": ("Alt",), "position": world, "view_direction": None, "dims_displayed": list(viewer.dims.displayed)
        })
        labels.mouse_drag_callbacks[-1](labels, event)
    for button in viewer.window._qt_window.findChildren(QPushButton):
        if button.objectName() == "unlink":
            button.click()
    print("lazy", type(image.data if not image.multiscale else image.data[0]).__module__.split(".")[0])
    print("levels", len(image.data) if image.multiscale else 1, "editable", labels.editable)
    print("scale", *image.scale, "|", *labels.scale, "|", *paths.scale)
    print("units", *[str(unit) for unit in image.units])
    print("colour", np.allclose(labels.get_color(1)[:3], paths.track_colors[0][:3], atol=0.01))
    viewer.close()

napari.run = look
sys.exit(main(["view", str(out)]))
"""


@contextmanager
def display(folder):
    """A screen of its own, seen by nobody."""
    read, write = os.pipe()
    with (folder / "xvfb.log").open("w") as log:
        screen = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", "1024x768x24"], pass_fds=[write], stderr=log
        )
    os.close(write)
    with os.fdopen(read) as number:
        yield f":{number.readline().strip()}"
    screen.terminate()
    screen.wait(10)


@pytest.mark.skipif(importlib.util.find_spec("napari") is None, reason="napari is not installed (the extra view)")
@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="Xvfb is not installed: napari draws with OpenGL on a screen")
def test_napari_shows_a_result_and_takes_corrections(tmp_path):
    result = make_result(tmp_path / "out", 3)
    with display(result.parent) as screen:
        done = subprocess.run(
            [sys.executable, "-c", WINDOW, str(result)],
            env={**os.environ, "DISPLAY": screen, "QT_QPA_PLATFORM": "xcb", "NAPARI_CONFIG": ""},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert "lazy dask" in said
    assert "levels 2 editable False" in said
    assert "scale 1.0 2.0 0.5 0.5 | 1.0 2.0 0.5 0.5 | 1.0 2.0 0.5 0.5" in said
    assert "units pixel micrometer micrometer micrometer" in said
    assert "colour True" in said
    assert np.asarray(Image.open(result.parent / "window.png"))[..., :3].max() > 100
    (edit,) = read_edits(result / "01_edits.csv")
    assert edit.text == "unlink,0,1,1,1"

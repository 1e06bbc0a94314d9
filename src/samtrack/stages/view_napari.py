"""``samtrack view``: a result in napari, read as it is looked at, with a panel in which a person corrects it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from samtrack.config.layout import Layout
from samtrack.errors import DataError, SettingsError
from samtrack.io.corrections import append_edits
from samtrack.io.pyramid import Pyramid, open_tracked, sequences_in
from samtrack.io.tables import read_table
from samtrack.view.colours import colour_of, palette
from samtrack.view.edits import ACTIONS, Picked, rows_for
from samtrack.view.picture import limits_of
from samtrack.view.tails import TAIL, Tails

if TYPE_CHECKING:
    from napari import Viewer
    from napari.components import ViewerModel
    from napari.layers import Labels

log = logging.getLogger("samtrack")

INSTALL = "pip install 'samtrack[view]'"

KEYS = {"link": "Shift-L", "unlink": "Shift-U", "divide": "Shift-D", "delete": "Shift-X", "relabel": "Shift-R"}
"""Keys of the actions; those of napari itself have no Shift."""


class Editing:
    """The cells that are picked, and the file to which edits of them go."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.picked: list[Picked] = []
        self.note = ""

    def pick(self, cell: Picked) -> None:
        """Pick a cell, or let go one that is picked."""
        if cell in self.picked:
            self.picked.remove(cell)
        else:
            self.picked.append(cell)

    def apply(self, action: str) -> str:
        """Append the edit to the file and let go of its cells; says what was done, or what is to be picked."""
        try:
            rows = rows_for(action, self.picked, self.note)
        except DataError as error:
            return str(error)
        append_edits(self.path, rows)
        self.picked.clear()
        return f"{self.path.name}: " + "; ".join(",".join(row).rstrip(",") for row in rows)

    @property
    def told(self) -> str:
        """What is picked, in words."""
        return ", ".join(f"track {track} in frame {frame}" for frame, track in self.picked) or "nothing is picked"


def require_napari() -> None:
    """Raise unless napari and a Qt are installed."""
    try:
        import napari  # noqa: F401 - whether it can be imported
        import qtpy  # noqa: F401 - whether it finds a Qt
    except Exception as error:  # qtpy raises its own errors where it finds no Qt
        raise SettingsError(
            f"samtrack view needs napari and a Qt ({error or type(error).__name__}). Install them with `{INSTALL}`, or use "
            "`samtrack view --web`, which needs neither."
        ) from error


def add_layers(viewer: ViewerModel | Viewer, out: Path, sequence: str) -> Labels:
    """Image, tracks' labels and tracks of a result as layers; nothing but a few planes is read. Returns the labels."""
    from napari.utils.colormaps import Colormap, CyclicLabelColormap

    image, labels = open_tracked(out, sequence)
    path = Layout(out, sequence).table
    if not path.is_file():
        raise DataError(f"{path}: is missing. Let the run finish first.")
    tails = Tails(read_table(path))
    scale = (1.0, *image.scale.um_per_voxel)
    space = "micrometer" if image.scale.is_calibrated else "pixel"
    how: dict[str, Any] = {"scale": scale, "units": ("pixel", *(space for _ in image.shape))}  # frames, not minutes
    colours = palette() / 255
    middle = image.plane(len(image.levels) - 1, image.n_frames // 2, image.n_planes // 2)
    viewer.add_image(
        **_lazy(image),
        name=f"{sequence} image",
        contrast_limits=limits_of(middle),
        colormap="gray",
        **how,
    )
    cyclic = CyclicLabelColormap(colors=np.concatenate([[[0, 0, 0, 0]], _opaque(colours)]), name="tracks")
    layer = viewer.add_labels(**_lazy(labels), name=f"{sequence} tracks", colormap=cyclic, opacity=0.5, **how)
    points = tails.points()
    if len(points):
        place = colour_of(points[:, 0].astype(np.int64))
        tracks = viewer.add_tracks(
            points,
            features={"colour": place / (len(colours) - 1)},
            graph=tails.graph(),
            name=f"{sequence} paths",
            tail_length=TAIL,
            colormaps_dict={"colour": Colormap(_opaque(colours), interpolation="zero")},
            **how,
        )
        tracks.color_by = "colour"
    layer.editable = False  # masks are not painted here: corrections speak of tracks
    viewer.layers.selection.active = layer
    viewer.dims.axis_labels = ("t", *"zyx"[-len(image.shape) :])
    viewer.dims.set_current_step(0, 0)
    return layer


def add_editing(viewer: Viewer, layer: Labels, editing: Editing) -> Any:
    """Picking by Alt and a click, keys, and a panel with a button for each action; returns the panel."""
    from qtpy.QtWidgets import QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

    panel = QWidget()
    column = QVBoxLayout(panel)
    column.addWidget(QLabel("Alt + click picks a cell of the layer\n" + layer.name))
    picked, said, note = QLabel(editing.told), QLabel(""), QLineEdit()
    note.setPlaceholderText("note")
    for label in (picked, said):
        label.setWordWrap(True)

    def act(action: str) -> None:
        """Write the edit and show what was written."""
        editing.note = note.text()
        said.setText(editing.apply(action))
        picked.setText(editing.told)

    def on_click(_layer: Labels, event: Any) -> None:
        """Pick the cell under the pointer."""
        if "Alt" in event.modifiers and (
            cell := cell_at(layer, event.position, event.view_direction, event.dims_displayed)
        ):
            editing.pick(cell)
            picked.setText(editing.told)

    column.addWidget(picked)
    column.addWidget(note)
    for action, needs in ACTIONS.items():
        button = QPushButton(f"{action}  ({KEYS[action]})")
        button.setObjectName(action)
        button.setToolTip(needs)
        button.clicked.connect(lambda _=False, action=action: act(action))
        column.addWidget(button)
        viewer.bind_key(KEYS[action], lambda _viewer, action=action: act(action), overwrite=True)
    column.addWidget(said)
    column.addStretch()
    layer.mouse_drag_callbacks.append(on_click)
    viewer.window.add_dock_widget(panel, name="corrections", area="right")
    return panel


def cell_at(layer: Labels, position: Any, view_direction: Any = None, displayed: Any = None) -> Picked | None:
    """Frame and track under a place in the world; None on the background."""
    value = layer.get_value(position, view_direction=view_direction, dims_displayed=displayed, world=True)
    track = value[1] if isinstance(value, tuple) else value  # of several levels: (level, value)
    if not track:
        return None
    return round(float(layer.world_to_data(position)[0])), int(track)


def view(out: Path, sequence: str | None, edits: Path | None) -> None:
    """Open napari on a sequence of a result, until its window is closed."""
    require_napari()
    import napari

    name = one_of(sequences_in(out), sequence, out)
    path = edits or out / f"{name}_edits.csv"
    viewer = napari.Viewer(title=f"samtrack: {out.resolve().name} {name}")
    add_editing(viewer, add_layers(viewer, out, name), Editing(path))
    log.info("%s: corrections go to %s; apply them with `samtrack correct %s --edits %s`", out, path, out, path)
    napari.run()


def one_of(names: list[str], sequence: str | None, out: Path) -> str:
    """The sequence of a name; without one the only one."""
    if not names:
        raise DataError(f"{out}: holds no NAME.ome.zarr, so it is not the output folder of a run.")
    if sequence is None and len(names) == 1:
        return names[0]
    if sequence not in names:
        raise DataError(
            f"{out}: holds the sequences {', '.join(names)}, found --sequence {sequence or '(none)'}. Name one."
        )
    return str(sequence)


def _lazy(pyramid: Pyramid) -> dict[str, Any]:
    """The levels as Dask arrays, of which chunks are read when they are shown, as arguments of a layer."""
    import dask.array

    levels = [dask.array.from_zarr(level) for level in pyramid.levels]
    return {"data": levels, "multiscale": True} if len(levels) > 1 else {"data": levels[0], "multiscale": False}


def _opaque(colours: Any) -> Any:
    return np.column_stack([colours, np.ones(len(colours))])

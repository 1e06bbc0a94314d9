"""The registry of weights: every name that ``sam2.weights`` may hold, where its files come from, and what they must sum to.

A checksum stands here only where it is published; ``None`` means that the first fetch records what it got, and says so.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from samtrack.errors import WeightsError

HUGGING_FACE = "https://huggingface.co"
"""Where repositories are fetched from; the environment variable HF_ENDPOINT names a mirror."""

META = "https://dl.fbaipublicfiles.com/segment_anything_2"
"""Where Meta publishes the official files; 072824 holds SAM 2, 092824 SAM 2.1."""

SHIPPED = "samtrack-tiny"
"""The SAM 2 network that comes with the package."""

SHIPPED_3D = "samtrack-tiny-3d"
"""The SAM-Med3D network that comes with the package."""


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One file of a set of weights: its name in the cache, its address, its SHA-256 and its size where published."""

    name: str
    url: str
    sha256: str | None = None
    n_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class WeightsEntry:
    """One name of the registry. ``revision`` is a commit, a date or a branch.

    Without files it ships with the package, in ``folder`` below that of the networks.
    """

    name: str
    architecture: str
    licence: str
    size_mb: float
    source: str
    revision: str = ""
    files: tuple[WeightFile, ...] = ()
    gated: bool = False
    folder: str = ""

    @property
    def ships(self) -> bool:
        """Whether it is part of the package."""
        return not self.files

    @property
    def main_file(self) -> WeightFile:
        """The file that holds the numbers."""
        return self.files[-1]


def entry_named(name: str) -> WeightsEntry:
    """The registry's entry of a name; an unknown one is an error that says which names are near."""
    if name in REGISTRY:
        return REGISTRY[name]
    near = difflib.get_close_matches(name, REGISTRY, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Known names: {', '.join(REGISTRY)}."
    raise WeightsError(
        f"weights {name!r}: neither a name in the registry nor an existing file or folder. {hint} "
        "`samtrack weights list` shows all names; relative paths count from the current folder."
    )


@dataclass(frozen=True, slots=True)
class _Sums:
    """What is published about a Hugging Face repository: commit, checksums of config.json and of the numbers."""

    revision: str = "main"
    config: str | None = None
    weights: str | None = None
    n_bytes: int | None = None


_SAM21_SUMS = {
    "tiny": _Sums(
        "de431c4043854a71d8101e17995dfe596bf101a5",
        "860aff9751b139d83a4ad7df1e5535416fded533e0ead02625edbefcb9953cce",
        "48c14467e5cf9e51870511feb72c89688e82dd74523142c0538b663e193ac2a7",
        155_908_064,
    ),
    "small": _Sums(
        "ee5bba1d82bb8749febdf90f45e84b687142ba03",
        "97ff9f65b76d107acda4247885f0a5555d0048850ae3c5f97183df289aaecde9",
        "0a4067b11ce1e23d5229203f11c718a823060d15a4b23fa2372a7d4b77cbbc60",
    ),
    "base-plus": _Sums("b7320756a13354e7530a63935656d35b2f91a290"),
    "large": _Sums(
        "665f8e2ad61cf5f53d65644ff27c8ee525124610",
        "00446988cf4d617118d2d347eabe2c46aebed744628facdd540508be30b69ec3",
        "dc407dce21301fd94abb395c5099b4f2c455fdc8a8f261ac3d0ea6d4cd197230",
        897_897_416,
    ),
}

_OFFICIAL_SUMS = {
    ("sam2", "tiny"): "65b50056e05bcb13694174f51bb6da89c894b57b75ccdf0ba6352c597c5d1125",
    ("sam2", "small"): "95949964d4e548409021d47b22712d5f1abf2564cc0c3c765ba599a24ac7dce3",
    ("sam2", "base-plus"): "d0bb7f236400a49669ffdd1be617959a8b1d1065081789d7bbff88eded3a8071",
    ("sam2", "large"): "7442e4e9b732a508f80e141e7c2913437a3610ee0c77381a66658c3a445df87b",
    ("sam2.1", "tiny"): "7402e0d864fa82708a20fbd15bc84245c2f26dff0eb43a4b5b93452deb34be69",
    ("sam2.1", "small"): "6d1aa6f30de5c92224f8172114de081d104bbd23dd9dc5c58996f0cad5dc4d38",
    ("sam2.1", "base-plus"): "a2345aede8715ab1d5d31b4a509fb160c5a4af1970f199d9054ccfb746c004c5",
    ("sam2.1", "large"): "2647878d5dfa5098f2f8649825738a9345572bae2d4350a2468587ece47dd318",
}
"""SHA-256 of Meta's .pt files."""

_SIZES_MB = {"tiny": 156, "small": 184, "base-plus": 323, "large": 898}
"""Four bytes for each of the 38.9, 46, 80.8 and 224.4 million parameters."""


def _hugging_face(name: str, repository: str, sums: _Sums, size_mb: float, **more: str | bool) -> WeightsEntry:
    """An entry whose files are config.json and model.safetensors of a repository."""
    address = f"{HUGGING_FACE}/{repository}/resolve/{sums.revision}"
    files = (
        WeightFile("config.json", f"{address}/config.json", sums.config),
        WeightFile("model.safetensors", f"{address}/model.safetensors", sums.weights, sums.n_bytes),
    )
    told = {"architecture": "sam2_video", "licence": "Apache-2.0", "gated": False, **more}
    return WeightsEntry(
        name,
        str(told["architecture"]),
        str(told["licence"]),
        size_mb,
        f"{HUGGING_FACE}/{repository}",
        sums.revision,
        files,
        bool(told["gated"]),
    )


def _official(family: str, size: str) -> WeightsEntry:
    """An entry whose only file is Meta's .pt; its architecture is told from the shapes in it."""
    date = {"sam2": "072824", "sam2.1": "092824"}[family]
    file_name = f"{family}_hiera_{size.replace('-', '_')}.pt"
    file = WeightFile(file_name, f"{META}/{date}/{file_name}", _OFFICIAL_SUMS[family, size])
    name = f"{family}-hiera-{size}-pt"
    return WeightsEntry(name, "sam2_video", "Apache-2.0", _SIZES_MB[size], file.url, date, (file,))


def _sam_med3d(name: str, file_name: str) -> WeightsEntry:
    """An entry of the published SAM-Med3D, one .pth file."""
    source = f"{HUGGING_FACE}/blueyo0/SAM-Med3D"
    file = WeightFile(file_name, f"{source}/resolve/main/{file_name}")
    return WeightsEntry(name, "sam_med3d", "Apache-2.0", 402, source, "main", (file,))


def _entries() -> tuple[WeightsEntry, ...]:
    shipped = WeightsEntry(SHIPPED, "sam2_video", "BSD-3-Clause", 6, "ships with samtrack", folder="sam2/tiny")
    shipped_3d = WeightsEntry(SHIPPED_3D, "sam_med3d", "BSD-3-Clause", 6, "ships with samtrack", folder="sammed3d/tiny")
    sam21 = [
        _hugging_face(f"sam2.1-hiera-{size}", f"facebook/sam2.1-hiera-{size}", _SAM21_SUMS[size], mb)
        for size, mb in _SIZES_MB.items()
    ]
    sam2 = [
        _hugging_face(f"sam2-hiera-{size}", f"facebook/sam2-hiera-{size}", _Sums(), mb)
        for size, mb in _SIZES_MB.items()
    ]
    official = [_official(family, size) for family in ("sam2.1", "sam2") for size in _SIZES_MB]
    edgetam = _hugging_face("edgetam", "yonigozlan/EdgeTAM-hf", _Sums(), 56, architecture="edgetam_video")
    sam3 = _hugging_face(
        "sam3-tracker",
        "facebook/sam3",
        _Sums(
            "3c879f39826c281e95690f02c7821c4de09afae7",
            weights="6d06f0a5f84e435071fe6603e61d0b4cc7b40e0d39d487cfd4d67d8cc11cc14a",
            n_bytes=3_439_938_512,
        ),
        3440,
        architecture="sam3_tracker_video",
        licence="SAM License",
        gated=True,
    )
    return (
        shipped,
        shipped_3d,
        *sam21,
        *sam2,
        *official,
        edgetam,
        sam3,
        _sam_med3d("sam-med3d-turbo", "sam_med3d_turbo.pth"),
    )


REGISTRY: dict[str, WeightsEntry] = {entry.name: entry for entry in _entries()}
"""Every name, in the order in which people should consider them."""

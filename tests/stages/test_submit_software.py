"""The software folder: versions, weights and link model of the user, settings that find them."""

from __future__ import annotations

import hashlib
from importlib import metadata
from importlib.resources import files

import pytest
import yaml

from samtrack.config import build_config
from samtrack.config.weights import REGISTRY
from samtrack.errors import SubmissionError
from samtrack.stages.submit_software import pinned_packages, take_weights, write_settings, write_sums

LINKED = {"segment": {"method": "given"}, "fill": {"method": "shape"}, "link": {"sam2": "off"}}


def config_of(**sections):
    return build_config({"dataset": "Demo", **LINKED, **sections})


def sha256_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_versions_are_those_of_all_that_is_needed():
    packages = pinned_packages("samtrack")
    assert packages["numpy"] == metadata.version("numpy")
    assert packages["torch"] == metadata.version("torch").partition("+")[0]
    assert "contourpy" in packages, "what matplotlib needs is needed, too"
    assert "pytest" not in packages
    assert "samtrack" not in packages
    assert list(packages) == sorted(packages)
    with pytest.raises(SubmissionError, match="no-such-package is not installed"):
        pinned_packages("no-such-package")


def test_a_run_that_asks_no_network_takes_none(tmp_path):
    assert take_weights(config_of(), tmp_path, False) == ([], {}, [])
    assert not list(tmp_path.iterdir())


def test_weights_that_ship_are_told_and_not_copied(tmp_path):
    used, replaced, fetched = take_weights(config_of(fill={"method": "sam2"}), tmp_path, False)
    assert [(one.network, one.name, one.origin) for one in used] == [("sam2", "samtrack-tiny", "ships with samtrack")]
    assert (replaced, fetched) == ({}, [])


def test_weights_and_link_model_of_the_user_are_copied(tmp_path, sam2_folder):
    model = tmp_path / "mine.json"
    model.write_bytes((files("samtrack.link") / "default_model.json").read_bytes())
    software = tmp_path / "SW"
    software.mkdir()
    link = {"sam2": "off", "model": str(model)}
    config = config_of(fill={"method": "sam2"}, sam2={"weights": str(sam2_folder)}, link=link)
    used, replaced, fetched = take_weights(config, software, False)
    sums = {"sam2": sha256_of(sam2_folder / "model.safetensors"), "link.model": sha256_of(model)}
    assert {one.network: one.sha256 for one in used} == sums
    assert replaced == {
        "sam2.weights": f"weights/{sums['sam2'][:12]}",
        "link.model": f"weights/{sums['link.model'][:12]}/mine.json",
    }
    assert fetched == []
    assert (software / replaced["link.model"]).read_bytes() == model.read_bytes()
    assert sorted(path.name for path in (software / replaced["sam2.weights"]).iterdir()) == [
        "config.json",
        "model.safetensors",
    ]
    write_settings(software / "Demo.yaml", config, replaced)
    plain = yaml.safe_load((software / "Demo.yaml").read_text())
    assert (plain["sam2"]["weights"], plain["link"]["model"]) == (replaced["sam2.weights"], replaced["link.model"])
    assert str(tmp_path) not in (software / "Demo.yaml").read_text()
    write_sums(software / "Demo.sha256", software, used)
    told = dict(line.split("  ")[::-1] for line in (software / "Demo.sha256").read_text().splitlines())
    assert told[f"{replaced['sam2.weights']}/model.safetensors"] == sums["sam2"]


@pytest.mark.parametrize("with_fetched", [False, True])
def test_fetched_weights_are_named_or_packed(tmp_path, sam2_folder, with_fetched):
    name = "edgetam"  # its checksums are not published, so any bytes will do
    cache, software = tmp_path / "cache", tmp_path / "SW"
    (cache / name).mkdir(parents=True)
    for file in ("config.json", "model.safetensors"):
        (cache / name / file).write_bytes((sam2_folder / file).read_bytes())
    config = config_of(fill={"method": "sam2"}, sam2={"weights": name, "cache": str(cache)})
    used, replaced, fetched = take_weights(config, software, with_fetched)
    assert (replaced, fetched) == ({}, [name])
    assert REGISTRY[name].source in used[0].origin
    assert (software / "weights" / "cache" / name / "model.safetensors").exists() == with_fetched
    software.mkdir(exist_ok=True)
    write_sums(software / "sums", software, used)
    told = dict(line.split("  ")[::-1] for line in (software / "sums").read_text().splitlines())
    assert told[f"weights/cache/{name}/model.safetensors"] == sha256_of(sam2_folder / "model.safetensors")

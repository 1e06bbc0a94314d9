import dataclasses

import pytest

from samtrack.config.weights import REGISTRY
from samtrack.doctor.weights import check_cache, check_weights, installed_sha256, numbers_in
from samtrack.io.weights_cache import write_record

NAME = "sam2.1-hiera-tiny"


@pytest.fixture(autouse=True)
def _no_network_settings(monkeypatch):
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)


def asked(situation, tmp_path, name=NAME):
    return situation({"sam2": {"weights": name, "cache": str(tmp_path / "cache")}})


def test_the_weights_that_ship_are_fine(situation, tmp_path, told):
    now = asked(situation, tmp_path, "samtrack-tiny")
    assert told(check_weights(now))["sam2.weights samtrack-tiny"][0] == "ok"
    assert {verdict for verdict, _ in told(check_cache(now)).values()} == {"ok"}


def test_missing_weights_are_a_note_and_a_problem_where_they_cannot_be_fetched(situation, tmp_path, told, monkeypatch):
    now = asked(situation, tmp_path)
    verdict, said = told(check_weights(now))[f"sam2.weights {NAME}"]
    assert verdict == "note"
    assert f"samtrack weights fetch {NAME}" in said
    monkeypatch.setenv("https_proxy", "http://me:secret@proxy:80")
    said = told(check_weights(now))[f"sam2.weights {NAME}"][1]
    assert "proxy:80" in said
    assert "secret" not in said
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert told(check_weights(now))[f"sam2.weights {NAME}"][0] == "problem"


def test_gated_weights_need_a_token(situation, tmp_path, told):
    assert told(check_weights(asked(situation, tmp_path, "sam3-tracker")))["sam2.weights sam3-tracker"][0] == "problem"


def test_a_wrong_sum_is_a_problem(situation, tmp_path, told):
    folder = tmp_path / "cache" / NAME
    folder.mkdir(parents=True)
    for file in REGISTRY[NAME].files:
        (folder / file.name).write_bytes(b"not the weights")
    verdict, said = told(check_weights(asked(situation, tmp_path)))[f"sam2.weights {NAME}"]
    assert verdict == "problem"
    assert "damaged or replaced" in said


def test_the_users_own_weights(situation, tmp_path, told):
    mine = tmp_path / "mine"
    now = asked(situation, tmp_path, str(mine))
    checked = f"sam2.weights {mine}"
    mine.mkdir()
    assert told(check_weights(now))[checked][0] == "problem", "an empty folder"
    (mine / "model.safetensors").write_bytes(b"numbers")
    assert told(check_weights(now))[checked][0] == "ok"
    write_record(mine / "model.safetensors", "0" * 64)
    assert told(check_weights(now))[checked][0] == "problem", "not what was recorded"
    assert numbers_in(mine / "model.safetensors") == [mine / "model.safetensors"]


def test_an_unknown_name_says_which_are_near(situation, tmp_path, told):
    verdict, said = told(check_weights(asked(situation, tmp_path, "sam2.1-hiera-tny")))["sam2.weights sam2.1-hiera-tny"]
    assert verdict == "problem"
    assert NAME in said


def test_a_cache_that_cannot_be_written(situation, tmp_path, told, read_only):
    now = situation({"sam2": {"weights": NAME, "cache": str(read_only / "cache")}})
    assert "problem" in {verdict for verdict, _ in told(check_cache(now)).values()}


def test_a_local_cache_is_no_use_on_other_nodes(situation, tmp_path):
    now = asked(situation, tmp_path)
    now = dataclasses.replace(now, profile=situation({}, {"executor": "slurm", "jobs": 1}).profile)
    assert [f.verdict.value for f in check_cache(now)] in (["ok", "note"], ["ok"])


def test_sums_of_the_wheel_are_used_where_it_is_installed(tmp_path):
    assert installed_sha256(tmp_path / "no such file") is None

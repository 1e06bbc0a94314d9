import numpy as np
import tifffile

from samtrack.doctor.configuration import load


def verdicts(path, text):
    path.write_text(text)
    config, findings = load(path)
    return config, [(f.verdict.value, f.found) for f in findings]


def test_none_given():
    config, findings = load(None)
    assert config is None
    assert [f.verdict.value for f in findings] == ["ok"]


def test_one_that_loads(tmp_path):
    (tmp_path / "images").mkdir()
    for frame in range(3):
        tifffile.imwrite(tmp_path / "images" / f"t{frame:03}.tif", np.zeros((8, 8), np.uint8))
    text = f"sequences: [{{name: '01', images: {tmp_path}/images, frames: 3}}]\n"
    config, found = verdicts(tmp_path / "c.yaml", text)
    assert config.sequences[0].name == "01"
    assert [verdict for verdict, _ in found] == ["ok", "ok"]


def test_files_that_are_missing_are_told_one_by_one(tmp_path):
    text = f"sequences: [{{name: a, images: {tmp_path}/x}}, {{name: b, images: {tmp_path}/y, masks: {tmp_path}/z}}]\n"
    config, found = verdicts(tmp_path / "c.yaml", text)
    assert config is not None
    assert [verdict for verdict, _ in found] == ["ok", "problem", "problem"]
    assert "images" in found[1][1]


def test_a_wrong_key_and_no_movie(tmp_path):
    config, found = verdicts(tmp_path / "c.yaml", "link: {max_gap: 3}\n")
    assert config is None
    assert found[0][0] == "problem"
    assert "link.max_gap" in found[0][1]
    assert ("problem", "names no movie") in verdicts(tmp_path / "c.yaml", "dataset: x\n")[1]

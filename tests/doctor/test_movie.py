import numpy as np
import pytest
import tifffile

from samtrack.doctor.movie import check_movies


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "01"
    folder.mkdir()
    for number in range(3):
        tifffile.imwrite(folder / f"t{number:03d}.tif", np.full((64, 96), number, np.uint16))
    return folder


def asked(situation, images, **more):
    return situation({"sequences": [{"name": "01", "images": str(images), **more.pop("sequence", {})}], **more})


def test_a_movie_that_can_be_read(situation, images, told):
    said = told(check_movies(asked(situation, images, movie={"um_per_voxel": [0.5, 0.5]})))
    assert said["movie 01"][0] == "ok"
    assert "3 frames of 64 x 96, uint16" in said["movie 01"][1]
    assert said["voxel size of movie 01"] == ("ok", "0.5 x 0.5 µm ")
    assert said["space for the movies"][0] == "ok"


def test_an_unknown_voxel_size_is_a_note(situation, images, told):
    verdict, said = told(check_movies(asked(situation, images)))["voxel size of movie 01"]
    assert verdict == "note"
    assert "movie.um_per_voxel" in said


def test_a_last_frame_that_was_cut_off_is_a_problem(situation, images, told):
    last = images / "t002.tif"
    last.write_bytes(last.read_bytes()[:-4000])
    verdict, said = told(check_movies(asked(situation, images)))["movie 01"]
    assert verdict == "problem"
    assert "t002.tif" in said


def test_another_number_of_frames_than_said(situation, images, told):
    said = told(check_movies(asked(situation, images, sequence={"frames": 4})))
    assert said["frames of movie 01"][0] == "problem"


def test_too_little_space_for_the_movies(situation, images, told, monkeypatch):
    monkeypatch.setattr("samtrack.doctor.movie.SPACE_FACTOR", 1e12)
    assert told(check_movies(asked(situation, images)))["space for the movies"][0] == "note"


def test_a_simulated_movie_needs_nothing(situation, told):
    now = situation({"sequences": [{"name": "01", "simulate": {"shape_px": [64, 64]}}]})
    assert told(check_movies(now)) == {"movie 01": ("ok", "is simulated by the run ")}

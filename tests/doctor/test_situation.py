from samtrack.stages.needs import OVERHEAD_MB


def test_which_stages_ask_which_network(situation):
    now = situation()
    assert now.stages_of_networks == {"fill": "sam2"}
    assert now.stages_on_gpus == ["fill"]
    now = situation({"sam2": {"device": "cpu"}})
    assert now.stages_on_gpus == []
    now = situation({"fill": {"method": "shape"}})
    assert now.networks == []
    assert now.job_memory_gb == now.config.resources.memory_gb + OVERHEAD_MB / 1000


def test_propagate_asks_sam2_where_links_want_it(situation, tmp_path):
    raw = {"link": {"sam2": "on"}, "sequences": [{"name": "01", "images": "x"}], "fill": {"method": "shape"}}
    assert situation(raw).stages_of_networks == {"propagate": "sam2"}


def test_jobs_of_movies_that_can_be_looked_at_and_of_any_movie(situation):
    many = {"frames": 2000, "shape_px": [2000, 2000], "cells": {"count": 2000, "cycle_hours": None}}
    now = situation({"sequences": [{"name": "01", "simulate": many}]})
    assert now.largest_job == "associate"
    assert now.job_memory_gb > 15
    assert now.planned.blocks.frames != "auto"
    lost = situation({"sequences": [{"name": "01", "images": "nowhere"}]})
    assert lost.planned.sequences == ()
    assert lost.largest_job == "fill"
    assert "simulate" not in lost.asked
    assert "simulate" in now.asked

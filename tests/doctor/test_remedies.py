from samtrack.doctor.remedies import less_memory, less_time
from samtrack.stages.needs import needs

MOVIES = {"sequences": [{"name": "01", "simulate": {"frames": 30, "shape_px": [64, 64]}}], "blocks": {"frames": 10}}


def test_the_setting_named_makes_jobs_ask_for_less(situation):
    now = situation({**MOVIES, "resources": {"memory_gb": 30}})
    assert less_memory(now.planned, "fill", 32000, 16000) == "Set resources.memory_gb: 13.5"
    small = situation({**MOVIES, "resources": {"memory_gb": 13.5}})
    assert needs(small.planned, "fill").mem_mb <= 16000
    assert "sam2.memory_gb" in less_memory(now.planned, "fill", 32000, 1000)


def test_tables_shrink_with_blocks_where_there_are_blocks(situation):
    config = situation(MOVIES).planned
    assert less_memory(config, "link", 80000, 40000) == "Set blocks.frames: 5"
    assert less_memory(config, "associate", 80000, 40000) == ""
    assert less_memory(config, "measure", 80000, 40000) == "Set blocks.frames: 5"


def test_time_shrinks_with_blocks_down_to_the_least_that_jobs_ask_for(situation):
    config = situation(MOVIES).planned
    assert less_time(config, "segment", 120, 60).startswith("Set blocks.frames: 5 (or blocks.minutes")
    assert less_time(config, "ingest", 120, 60) == ""
    assert less_time(config, "segment", 120, 10) == ""

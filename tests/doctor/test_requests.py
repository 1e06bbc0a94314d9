import pytest

from samtrack.doctor.requests import partition_set_in, requests_of, rules_in, setting_of
from samtrack.stages.forecast import RULES
from samtrack.stages.needs import needs
from samtrack.stages.workflow import workflow_folder

CLUSTER = {"executor": "slurm", "jobs": 5, "cores": 8}
MOVIES = {"sequences": [{"name": "01", "simulate": {"frames": 30, "shape_px": [64, 64]}}], "blocks": {"frames": 3}}


def by_rule(situation, config=MOVIES, **keys):
    now = situation(config, {**CLUSTER, **keys})
    return now, {rule: request for request in requests_of(now) for rule in request.rules}


def test_jobs_ask_for_what_the_rules_say_and_more_at_the_last_attempt(situation):
    now, asked = by_rule(situation, retries=2)
    assert list(asked) != []
    for rule, request in asked.items():
        first, last = (needs(now.planned, rule, None, attempt, 8) for attempt in (1, 3))
        assert request.threads == first.threads
        assert request.minutes == (first.runtime_min, last.runtime_min)
        assert request.memory_mb == (first.mem_mb, last.mem_mb)
        assert request.gpus == first.gpu
    assert asked["fill"].gpus == 1
    assert asked["fill"].memory_mb == (10500, 23625)


def test_rules_that_ask_for_the_same_are_told_together(situation):
    _, asked = by_rule(situation)
    assert asked["segment"].rules == asked["link"].rules
    assert asked["fill"].rules == ("fill",)
    assert "segment, link" in asked["segment"].told
    assert setting_of(asked["fill"]) == "set-resources: fill"


def test_set_resources_count_and_defaults_only_for_what_rules_do_not_say(situation):
    keys = {
        "default-resources": {"mem_mb": 10**9, "runtime": 1, "slurm_partition": "cpu", "slurm_account": "lab"},
        "set-resources": {"link": {"mem_mb": "3000 * attempt"}, "fill": {"slurm_partition": "gpu", "runtime": "2h"}},
        "set-threads": {"link": 4},
        "retries": 1,
    }
    _, asked = by_rule(situation, **keys)
    assert asked["link"].memory_mb == (3000, 6000)
    assert asked["link"].threads == 4
    assert (asked["fill"].partition, asked["fill"].minutes) == ("gpu", (120, 120))
    assert (asked["segment"].partition, asked["segment"].account) == ("cpu", "lab")
    assert asked["segment"].memory_mb[0] == 8500
    assert partition_set_in(asked["segment"]) == "default-resources"
    assert partition_set_in(asked["fill"]) == "set-resources: fill"


@pytest.mark.parametrize(("cores", "wide", "rows"), [(8, 8, 2), (4, 4, 3), (100, 10, 1)])
def test_a_group_asks_for_its_jobs_side_by_side_and_one_row_after_the_other(situation, cores, wide, rows):
    groups = {"groups": ["measure=light"], "group-components": ["light=20"], "cores": cores}
    now, asked = by_rule(situation, **groups)
    one = needs(now.planned, "measure", None, 1, cores)
    assert asked["measure"].memory_mb[0] == wide * one.mem_mb, "ten blocks"
    assert asked["measure"].minutes[0] == rows * one.runtime_min
    assert asked["measure"].threads == wide
    assert "group light" in asked["measure"].told


def test_training_is_looked_at_where_the_profile_names_it(situation):
    assert "train_sammed3d" not in by_rule(situation)[1]
    request = by_rule(situation, **{"set-resources": {"train_sammed3d": {"runtime": "1d"}}})[1]["train_sammed3d"]
    assert (request.gpus, request.minutes, request.memory_mb) == (1, (1440, 1440), (None, None))


def test_every_rule_with_a_cost_is_one_of_the_workflow():
    assert set(RULES) <= set(rules_in(workflow_folder()))

import pytest

from samtrack.doctor.requests import OTHERS, check_requests, requests_of, rules_of
from samtrack.stages.workflow import workflow_folder

SINFO = """\
cpu*|up|1:00:00|2|16000|8|(null)|idle
gpu|up|1:00:00|1|16000|8|gpu:2|idle
away|up|1:00:00|1|16000|8|(null)|down
"""
DEFAULTS = {"slurm_partition": "cpu", "runtime": 50, "mem_mb": 8000}
ON_GPU = {"fill": {"slurm_partition": "gpu"}}


def said(situation, told, program, **keys):
    program("sinfo", f"cat <<END\n{SINFO}END")
    keys = {"executor": "slurm", "jobs": 5, "default-resources": DEFAULTS, "set-resources": ON_GPU, **keys}
    return told(check_requests(situation({}, keys)))


def test_jobs_that_fit(situation, told, program):
    program("sbatch", "exit 0")
    found = said(situation, told, program)
    assert {verdict for verdict, _ in found.values()} == {"ok"}
    assert "--gres=gpu:1" in found["job of fill"][1]
    assert "--mem=10000" in found["job of fill"][1], "what the workflow asks for, not the default"


@pytest.mark.parametrize(
    ("rule", "asked", "verdict", "word"),
    [
        ("fill", {"slurm_partition": "cpu"}, "problem", "Set slurm_partition in set-resources: fill: gpu"),
        ("link", {"slurm_partition": "nowhere"}, "problem", "does not exist"),
        ("link", {"slurm_partition": "away"}, "problem", "no node"),
        ("link", {"runtime": "2h"}, "problem", "cpu allows 60 min"),
        ("link", {"runtime": "40 * attempt"}, "note", "at the last attempt"),
        ("link", {"mem_mb": "64GB"}, "problem", "nodes of cpu have 16000 MB"),
    ],
)
def test_jobs_that_do_not_fit(situation, told, program, rule, asked, verdict, word):
    program("sbatch", "exit 0")
    keys = {"set-resources": {**ON_GPU, rule: asked}, "retries": 1}
    program("sinfo", f"cat <<END\n{SINFO}END")
    keys = {"executor": "slurm", "jobs": 5, "default-resources": DEFAULTS, **keys}
    found = [f for f in check_requests(situation({}, keys)) if f.checked == f"job of {rule}" and f.verdict != "ok"]
    assert [f.verdict.value for f in found] == [verdict]
    assert word in f"{found[0].found} {found[0].do}"


def test_what_slurm_itself_refuses(situation, told, program):
    program(
        "sbatch", "case \"$*\" in *gres*) echo 'Invalid account or account/partition combination' >&2; exit 1;; esac"
    )
    found = said(situation, told, program)
    assert found["job of fill"][0] == "problem"
    assert "Invalid account" in found["job of fill"][1]
    assert found[f"job of {OTHERS}"][0] == "ok"


def test_rules_tell_what_they_ask_for_themselves(tmp_path):
    (tmp_path / "workflow" / "rules").mkdir(parents=True)
    (tmp_path / "workflow" / "rules" / "a.smk").write_text(
        "rule one:\n    resources:\n        mem_mb=5,\n        runtime=3,\n    shell:\n        'x'\n\n\n"
        "rule two:\n    shell:\n        'y'\n"
    )
    assert rules_of(tmp_path) == {"one": {"mem_mb", "runtime"}, "two": frozenset()}
    assert {"ingest", "segment", "link", "fill"} <= set(rules_of(workflow_folder()))


def test_defaults_do_not_count_where_all_rules_ask_for_themselves(situation):
    now = situation({}, {"executor": "slurm", "default-resources": {"mem_mb": 10**9, "runtime": 5}})
    rules = {"one": frozenset({"mem_mb"}), "two": frozenset({"mem_mb", "runtime"})}
    others = requests_of(now, rules)[0]
    assert others.memory_mb == (None, None)
    assert others.minutes == (5, 5)


def test_without_slurm_nothing_is_asked(situation):
    assert list(check_requests(situation())) == []

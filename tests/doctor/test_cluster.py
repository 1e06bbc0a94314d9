import math

import pytest

from samtrack.doctor.cluster import check_slurm, check_status_command, gpus_in, parse_sinfo

SINFO = """\
cpu*|up|2-00:00:00|10|192000|48|(null)|idle
cpu*|up|2-00:00:00|2|384000|48|(null)|down*
gpu|up|infinite|3|512000|64|gpu:a100:4(S:0-1)|mixed
old|inact|1:00:00|1|64000+|16|gpu:2|drained
"""
CLUSTER = {"executor": "slurm", "jobs": 5}
ACCOUNTING = "echo 'AccountingStorageType   = accounting_storage/{kind}'; echo 'MinJobAge               = {age} sec'"


def test_partitions_are_the_most_that_a_node_has():
    found = parse_sinfo(SINFO)
    assert list(found) == ["cpu", "gpu", "old"]
    cpu, gpu, old = found.values()
    assert (cpu.is_default, cpu.limit_min, cpu.n_nodes, cpu.n_usable, cpu.memory_mb) == (True, 2880, 12, 10, 384000)
    assert (gpu.gpus, gpu.limit_min, gpu.is_default) == (4, math.inf, False)
    assert (old.is_up, old.n_usable, old.memory_mb, old.gpus) == (False, 0, 64000, 2)
    assert parse_sinfo("nonsense\n") == {}


@pytest.mark.parametrize(
    ("gres", "n"),
    [("(null)", 0), ("gpu:2", 2), ("gpu:a100:4(S:0,1),shard:8", 4), ("gpu:a100:2,gpu:v100:1", 3), ("gpu", 1)],
)
def test_gpus_by_gres(gres, n):
    assert gpus_in(gres) == n


def slurm(program, sinfo=SINFO):
    program("sinfo", f'[ "$1" = --version ] && echo slurm 23.11.4 || cat <<END\n{sinfo}END')
    program("squeue", "echo 1; echo 2")
    program("sbatch", "exit 0")
    program("scontrol", '[ "$1" = --version ] && echo slurm 23.11.4 || ' + ACCOUNTING.format(kind="none", age=300))


def test_a_cluster_that_answers(situation, told, program):
    slurm(program)
    said = told(check_slurm(situation({}, CLUSTER)))
    assert said["Slurm"] == ("ok", "slurm 23.11.4 ")
    assert "2 jobs" in said["squeue"][1]
    assert {verdict for verdict, _ in said.values()} <= {"ok", "note"}


def test_no_slurm_is_fine_until_the_profile_wants_it(situation, told, program):
    assert told(check_slurm(situation()))["Slurm"][0] == "ok"
    verdict, said = told(check_slurm(situation({}, CLUSTER)))["Slurm"]
    assert verdict == "problem"
    assert "login node" in said
    assert list(check_status_command(situation({}, CLUSTER))) == []


def test_commands_that_know_no_cluster(situation, told, program):
    program("sinfo", "echo 'sinfo: fatal: Could not establish a configuration source' >&2; exit 1")
    assert told(check_slurm(situation()))["Slurm"][0] == "ok"
    assert told(check_slurm(situation({}, CLUSTER)))["Slurm"][0] == "problem"


def test_a_controller_that_is_away(situation, told, program):
    slurm(program)
    program(
        "sinfo",
        '[ "$1" = --version ] && echo slurm 23.11.4 || { echo "Unable to contact slurm controller" >&2; exit 1; }',
    )
    program("squeue", "echo 'Unable to contact slurm controller' >&2; exit 1")
    said = told(check_slurm(situation({}, CLUSTER)))
    assert said["partitions"][0] == "problem"
    assert said["squeue"][0] == "problem"


@pytest.mark.parametrize(
    ("asked", "has_sacct", "kind", "age", "verdict"),
    [
        ("squeue", True, "none", 300, "ok"),
        ("squeue", True, "slurmdbd", 300, "ok"),
        ("squeue", True, "none", 60, "problem"),
        ("squeue", False, "none", 60, "note"),
        ("squeue", True, "slurmdbd", 60, "note"),
        ("sacct", True, "none", 300, "problem"),
        ("sacct", True, "slurmdbd", 300, "note"),
        (None, True, "none", 300, "problem"),
        (None, False, "none", 300, "ok"),
    ],
)
def test_which_way_of_asking_is_safe(situation, told, program, asked, has_sacct, kind, age, verdict):
    program("scontrol", '[ "$1" = --version ] && exit 0; ' + ACCOUNTING.format(kind=kind, age=age))
    if has_sacct:
        program("sacct", "exit 0")
    keys = {**CLUSTER, **({"slurm-status-command": asked} if asked else {})}
    assert told(check_status_command(situation({}, keys)))["slurm-status-command"][0] == verdict


def test_a_shorter_first_wait_makes_squeue_safe(situation, told, program):
    program("scontrol", '[ "$1" = --version ] && exit 0; ' + ACCOUNTING.format(kind="none", age=60))
    program("sacct", "exit 0")
    keys = {**CLUSTER, "slurm-status-command": "squeue", "slurm-init-seconds-before-status-checks": 20}
    assert told(check_status_command(situation({}, keys)))["slurm-status-command"][0] == "ok"

"""What all rules share: configuration, plan of blocks, paths, what re-runs a rule; short calls into the package only."""

import os
import time

from samtrack.config import network_of, trigger
from samtrack.config.layout import KEPT_TABLE, RUN_CONFIG, Layout, trained_folder
from samtrack.stages import plan
from samtrack.stages.address import Address
from samtrack.stages.jobs import Jobs, limit_memory
from samtrack.stages.pins import pins_fingerprint
from samtrack.stages.progress import gather
from samtrack.stages.summary import begin, end, planned, say, summary_of_errors
from samtrack.stages.tally import Tally

STARTED = time.time()
plan.put_commands_on_path()

CONFIG = planned(config)
OUT = CONFIG.out
RUN_FILE = str(plan.Path(OUT) / RUN_CONFIG)
JOBS = Jobs(CONFIG, workflow.cores)
limit_memory(workflow)
gather(OUT, workflow)
TALLY = Tally(CONFIG, say)
ADDRESS = {sequence.name: Address(CONFIG, sequence) for sequence in CONFIG.sequences}
PATHS = Layout(plan.Path(OUT), "{sequence}")  # with wildcards, for the rules
LOGS = str(plan.Path(OUT) / "logs" / "{sequence}")
TIMES = str(plan.Path(OUT) / "benchmarks" / "{sequence}")


wildcard_constraints:
    sequence="|".join(name.replace(".", r"\.").replace("+", r"\+") for name in ADDRESS),
    block=r"[0-9]+-[0-9]+",


def triggers(stage):
    """The text whose change re-runs a stage."""
    return trigger(CONFIG, stage)


def environment(stage):
    """The conda environment of a stage: with PyTorch where its method asks a network."""
    return f"../../envs/{'torch' if network_of(CONFIG, stage) else 'core'}.yaml"


def files(*kinds):
    """A function of the wildcards: a fingerprint of the user's files of these kinds, computed by the main process only."""

    def of(wildcards):
        sequence = ADDRESS[wildcards.sequence].sequence
        wanted = kinds if workflow.is_main_process else ()
        return "".join(plan.fingerprint(CONFIG, sequence, kind) for kind in wanted)

    return of


def link_model():
    """A fingerprint of the user's link model; a changed one re-runs the rule."""
    return plan.model_fingerprint(CONFIG) if workflow.is_main_process else ""


def corrections(sequence):
    """A fingerprint of the corrections that the decision keeps; empty without any."""
    return pins_fingerprint(CONFIG, sequence) if workflow.is_main_process else ""


def weights(network):
    """What the weights of a network (a section: sam2, sammed3d) are known by; others re-run the rule."""
    return plan.weights_fingerprint(CONFIG, network) if workflow.is_main_process else ""


def every_block(path):
    """A function of the wildcards: the files of all blocks of the sequence."""
    return lambda wildcards: [
        path(ADDRESS[wildcards.sequence].layout, block)
        for block in ADDRESS[wildcards.sequence].names
    ]


def blocks_read_by(stage, path, needed=lambda address: True):
    """A function of the wildcards: the files of the blocks that a stage reads for the job's block, its own included."""

    def of(wildcards):
        address = ADDRESS[wildcards.sequence]
        names = address.neighbours(stage, address.block(wildcards.block).core)
        return [path(address.layout, name) for name in names if needed(address)]

    return of


def store(path):
    """The file that appears last in a Zarr store: what rules name when they mean the store."""
    return path / "zarr.json"


def targets_of(sequence):
    """The files that a sequence ends in."""
    address = ADDRESS[sequence.name]
    return [str(address.layout.page), *address.files, *address.checks]

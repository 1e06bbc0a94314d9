"""What all checks look at: the configuration, the profile, and what follows from both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from samtrack.config import Config, SequenceSettings, network_of
from samtrack.doctor.machine import allowed_cores
from samtrack.doctor.profile import Profile
from samtrack.errors import SamtrackError
from samtrack.io.cgroups import Cgroups
from samtrack.stages.facts import facts_of
from samtrack.stages.forecast import RULES, rules_of
from samtrack.stages.needs import Needs, needs
from samtrack.stages.plan import asks_network, complete

DRAWING_STAGES = ("segment", "propagate", "fill")
"""Stages (and rules) whose jobs may ask a network."""

NETWORKS = ("sam2", "sammed3d")
"""Sections of the configuration that describe a network."""

ANY_MOVIE = SequenceSettings(name="any", images="any")
"""In place of movies where none can be looked at: their rules are those of any movie."""


@dataclass(frozen=True)
class Situation:
    """The configuration (the defaults if none was given), the profile, and where limits of processes are written."""

    config: Config = field(default_factory=Config)
    path: Path | None = None
    profile: Profile = field(default_factory=Profile)
    cgroups: Cgroups = field(default_factory=Cgroups)

    @property
    def out(self) -> Path:
        """Where results go; the current folder as long as nobody says."""
        return Path(self.config.out).expanduser() if self.path else Path.cwd()

    @property
    def networks(self) -> list[str]:
        """Sections of the networks that some stage asks."""
        return [name for name in NETWORKS if asks_network(self.config, name)]

    @property
    def stages_of_networks(self) -> dict[str, str]:
        """Stage to the section of the network that it asks, for those that ask one."""
        found = {stage: self._network_of(stage) for stage in DRAWING_STAGES}
        return {stage: network for stage, network in found.items() if network in self.networks}

    def _network_of(self, stage: str) -> str:
        return "sam2" if stage == "propagate" and self.propagates else network_of(self.config, stage) or ""

    @property
    def propagates(self) -> bool:
        """Whether SAM 2 is asked where cells go."""
        return any(self.config.links_with_sam2(sequence) for sequence in self.config.sequences)

    @property
    def stages_on_gpus(self) -> list[str]:
        """Stages whose jobs ask for a GPU."""
        pairs = self.stages_of_networks.items()
        return [stage for stage, network in pairs if getattr(self.config, network).device != "cpu"]

    @property
    def cores(self) -> int | None:
        """Cores that jobs share: those that the profile says, else those of this machine; None on a cluster."""
        return self.profile.cores or (None if self.profile.uses_slurm else allowed_cores(self.cgroups)[0])

    @cached_property
    def planned(self) -> Config:
        """The configuration as jobs know it, with frames and blocks; without movies if they cannot be looked at."""
        try:
            config = complete(self.config)
            for sequence in config.sequences:
                facts_of(config, sequence)
        except SamtrackError:  # said by the checks of the configuration and of the movies
            return self.config.model_copy(update={"sequences": ()})
        return config

    @cached_property
    def asked(self) -> Mapping[str, tuple[Needs, Needs]]:
        """What the jobs of each rule of the run ask for, at the first and at the last attempt; the most of all movies."""
        config = self.planned
        run = {rule for sequence in config.sequences or (ANY_MOVIE,) for rule in rules_of(config, sequence)}
        return {
            rule: (
                needs(config, rule, cores=self.cores),
                needs(config, rule, attempt=self.profile.attempts, cores=self.cores),
            )
            for rule in RULES
            if rule in run
        }

    @property
    def largest_job(self) -> str:
        """The rule whose jobs ask for the most memory."""
        return max(self.asked, key=lambda rule: self.asked[rule][0].mem_mb)

    @property
    def job_memory_gb(self) -> float:
        """Memory that the largest job asks for."""
        return self.asked[self.largest_job][0].mem_mb / 1000

"""What all checks look at: the configuration, the profile, and what follows from both."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from samtrack.config import Config, network_of
from samtrack.doctor.cgroups import Cgroups
from samtrack.doctor.profile import Profile
from samtrack.stages.plan import asks_network

DRAWING_STAGES = ("segment", "propagate", "fill")
"""Stages (and rules) whose jobs may ask a network."""

NETWORKS = ("sam2", "sammed3d")
"""Sections of the configuration that describe a network."""


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
    def job_memory_gb(self) -> float:
        """Memory that the largest job may take: its own, and that of the network it asks."""
        of_networks = [getattr(self.config, network).memory_gb for network in self.stages_of_networks.values()]
        return float(self.config.resources.memory_gb + max(of_networks, default=0.0))

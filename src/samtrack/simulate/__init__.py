"""Movies that are made instead of recorded, with their truth: for tests, calibration and training.

A recipe (`SimulateSettings`) becomes a lineage, then shapes, then pictures, then damage, each a pure function of recipe,
seed and frame.
"""

from samtrack.simulate.movie import SimulatedFrame, SimulatedMovie, simulate_movie

__all__ = ["SimulatedFrame", "SimulatedMovie", "simulate_movie"]

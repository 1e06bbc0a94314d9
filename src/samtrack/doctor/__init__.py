"""Whether this machine, this cluster and this configuration are fit for a run, and what to do where they are not.

`examine` goes through all checks; each looks at one thing and says what it found as data (`Finding`). No check can stop or
hang the others. Heavy packages are not imported: torch is asked in a process of its own, Slurm by its commands.
"""

from samtrack.doctor.checks import examine
from samtrack.doctor.finding import Finding, Verdict

__all__ = ["Finding", "Verdict", "examine"]

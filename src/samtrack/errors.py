"""Every error that samtrack raises on purpose: one root, one child per kind of cause.

A message says, in this order: what is wrong, the value found, the value expected, what follows if that is not
obvious, and what to do. The command line prints the message alone (no traceback) and exits with status 2.
"""


class SamtrackError(Exception):
    """Root of all deliberate errors; everything else that escapes is a bug."""


class SettingsError(SamtrackError, ValueError):
    """The configuration is wrong: unknown key, value out of range, fields that contradict each other."""


class DataError(SamtrackError, ValueError):
    """A file is missing, damaged, or holds something else than promised."""


class PlanError(SamtrackError, ValueError):
    """The blocks of a run do not fit together, or two runs share one output folder."""


class WeightsError(SamtrackError, ValueError):
    """A weight file is missing, of another architecture, or has the wrong checksum."""


class SubmissionError(SamtrackError, ValueError):
    """A result breaks a rule of the Cell Tracking Challenge, or cannot be expressed in its format."""

"""The command line: one subcommand per stage, and ``run`` for a whole movie.

A command only says where to work; what to do stands in the configuration. Heavy packages are imported by the stage that
needs them, so that ``--help`` comes at once. Errors that samtrack raises on purpose are printed as one message and end
the program with status 2.
"""

from samtrack.cli.main import main

__all__ = ["main"]

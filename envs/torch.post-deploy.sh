#!/usr/bin/env bash
# Runs once, inside the new environment, in the folder in which Snakemake was started: the project's root.
set -euo pipefail
python -m pip install --no-deps --editable .

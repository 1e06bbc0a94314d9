"""samtrack: from images of cells to tracks that pass every rule of the Cell Tracking Challenge.

    images ─ingest→ OME-Zarr ─segment→ labels ─measure→ detections ─link→ candidates ─associate→ tracks
           ─fill→ missing masks ─export→ OME-Zarr labels, tables, CTC masks ─validate, evaluate, report→ page

Blocks of frames are segmented, measured, linked and filled in parallel; the decision is made once per movie.
Start with `snakemake --cores 2 --configfile config/datasets/NAME.yaml`; all results lie below the file's `out`.
"""

from snakemake.utils import min_version

from samtrack.stages.terminal import shorten_terminal

min_version("9.0")
shorten_terminal(workflow)


configfile: "config/config.yaml"


container: "envs/samtrack.sif"  # with --sdm apptainer alone


include: "workflow/rules/common.smk"
include: "workflow/rules/simulate.smk"
include: "workflow/rules/weights.smk"
include: "workflow/rules/ingest.smk"
include: "workflow/rules/segment.smk"
include: "workflow/rules/propagate.smk"
include: "workflow/rules/link.smk"
include: "workflow/rules/associate.smk"
include: "workflow/rules/export.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/train.smk"


rule all:
    input:
        [targets_of(sequence) for sequence in CONFIG.sequences],


onstart:
    begin(CONFIG, workflow)
    TALLY.start(workflow)


onsuccess:
    TALLY.close("is done")
    end(CONFIG)


onerror:
    TALLY.close("stopped")
    say(summary_of_errors(CONFIG, STARTED))

"""Simulated movies, for sequences with a recipe instead of images.

REQUIRED INPUTS   none
OUTPUTS           OUT/simulated/SEQUENCE/t*.tif, SEQUENCE_GT/TRA, SEQUENCE_GT/SEG, SEQUENCE_ERR_SEG
"""


rule simulate:
    output:
        truth=str(
            plan.Path(OUT) / "simulated" / "{sequence}_GT" / "TRA" / "man_track.txt"
        ),
    params:
        config=RUN_FILE,
        recipe=lambda wildcards: ADDRESS[wildcards.sequence].recipe,
        triggers=triggers("simulate"),
    log:
        os.path.join(LOGS, "simulate.log"),
    benchmark:
        os.path.join(TIMES, "simulate.tsv")
    threads: JOBS.threads("simulate")
    resources:
        **JOBS.resources("simulate"),
    conda:
        "../../envs/core.yaml"
    shell:
        "samtrack simulate --config {params.config:q} --sequence {wildcards.sequence:q}"
        " 2>&1 | tee {log:q}"

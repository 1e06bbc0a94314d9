"""Images, however they come, to one OME-Zarr 0.5 per sequence.

REQUIRED INPUTS   the sequence's images
OUTPUTS           OUT/SEQUENCE.ome.zarr
"""


rule ingest:
    input:
        lambda wildcards: ADDRESS[wildcards.sequence].made_by_us,
    output:
        movie=store(PATHS.movie),
    params:
        config=RUN_FILE,
        files=files("images"),
        triggers=triggers("ingest"),
    log:
        os.path.join(LOGS, "ingest.log"),
    benchmark:
        os.path.join(TIMES, "ingest.tsv")
    threads: JOBS.threads("ingest")
    resources:
        **JOBS.resources("ingest"),
    conda:
        "../../envs/core.yaml"
    shell:
        "samtrack ingest --config {params.config:q} --sequence {wildcards.sequence:q} --workers {threads}"
        " 2>&1 | tee {log:q}"

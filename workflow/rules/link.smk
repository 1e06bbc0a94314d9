"""Labels to detections, detections to candidate links, divisions and merges with probabilities. Nothing is decided here.

REQUIRED INPUTS   OUT/SEQUENCE_work/labels/BLOCK.zarr of the block and of those that follow within the longest gap; where SAM 2 is
                  asked, what it said: OUT/SEQUENCE_work/evidence/BLOCK.parquet of the same
OUTPUTS           OUT/SEQUENCE_work/{detections,links,divisions,merges}/BLOCK.parquet, OUT/SEQUENCE_work/typical.json
"""


rule measure:
    input:
        movie=store(PATHS.movie),
        labels=store(PATHS.labels("{block}")),
    output:
        detections=PATHS.detections("{block}"),
    params:
        config=RUN_FILE,
        triggers=triggers("measure"),
    log:
        os.path.join(LOGS, "measure", "{block}.log"),
    benchmark:
        os.path.join(TIMES, "measure", "{block}.tsv")
    threads: JOBS.threads("measure")
    resources:
        **JOBS.resources("measure"),
    conda:
        "../../envs/core.yaml"
    shell:
        "samtrack measure --config {params.config:q} --sequence {wildcards.sequence:q} --block {wildcards.block}"
        " --workers {threads} 2>&1 | tee {log:q}"


rule summarise:
    input:
        detections=every_block(Layout.detections),
    output:
        typical=PATHS.typical,
    params:
        config=RUN_FILE,
        triggers=triggers("measure"),
    log:
        os.path.join(LOGS, "summarise.log"),
    benchmark:
        os.path.join(TIMES, "summarise.tsv")
    threads: JOBS.threads("summarise")
    resources:
        **JOBS.resources("summarise"),
    conda:
        "../../envs/core.yaml"
    shell:
        "samtrack measure --summarise --config {params.config:q} --sequence {wildcards.sequence:q}"
        " 2>&1 | tee {log:q}"


rule link:
    input:
        movie=store(PATHS.movie),
        labels=blocks_read_by("link", lambda layout, block: store(layout.labels(block))),
        detections=blocks_read_by("link", Layout.detections),
        typical=PATHS.typical,
        evidence=blocks_read_by("link", Layout.evidence, lambda a: a.asks_sam2),
    output:
        links=PATHS.links("{block}"),
        divisions=PATHS.divisions("{block}"),
        merges=PATHS.merges("{block}"),
    params:
        config=RUN_FILE,
        triggers=triggers("link"),
        model=link_model(),
    log:
        os.path.join(LOGS, "link", "{block}.log"),
    benchmark:
        os.path.join(TIMES, "link", "{block}.tsv")
    threads: JOBS.threads("link")
    resources:
        **JOBS.resources("link"),
    conda:
        "../../envs/core.yaml"
    shell:
        "samtrack link --config {params.config:q} --sequence {wildcards.sequence:q} --block {wildcards.block}"
        " 2>&1 | tee {log:q}"

"""The decision, once per movie; whose lineages are kept; masks for the frames in which a tracked cell was missed, by block.

REQUIRED INPUTS   OUT/SEQUENCE_work/{detections,links,divisions,merges}/BLOCK.parquet of all blocks; with fill.method
                  'sam2' or 'prompts3d' the weights; where it is, the file of corrections (associate.pinned)
OUTPUTS           OUT/SEQUENCE_work/decided/*.parquet, OUT/SEQUENCE_work/filled/BLOCK.parquet; with lineages
                  'from_first_frame' OUT/SEQUENCE_work/lineages/*.parquet
"""


rule associate:
    input:
        detections=every_block(Layout.detections),
        links=every_block(Layout.links),
        divisions=every_block(Layout.divisions),
        merges=every_block(Layout.merges),
        typical=PATHS.typical,
    output:
        tracks=PATHS.decided / "tracks.parquet",
        assigned=PATHS.decided / "assigned.parquet",
        links=PATHS.decided / "links.parquet",
        divisions=PATHS.decided / "divisions.parquet",
        merges=PATHS.decided / "merges.parquet",
    params:
        config=RUN_FILE,
        triggers=lambda wildcards: triggers("associate")
        + corrections(wildcards.sequence),
    log:
        os.path.join(LOGS, "associate.log"),
    benchmark:
        os.path.join(TIMES, "associate.tsv")
    threads: JOBS.threads("associate")
    resources:
        **JOBS.resources("associate"),
    conda:
        "../../envs/core.yaml"
    shell:
        "samtrack associate --config {params.config:q} --sequence {wildcards.sequence:q}"
        " 2>&1 | tee {log:q}"


rule lineages:
    input:
        movie=store(PATHS.movie),
        typical=PATHS.typical,
        labels=every_block(lambda layout, block: store(layout.labels(block))),
        detections=every_block(Layout.detections),
        tracks=rules.associate.output.tracks,
        assigned=rules.associate.output.assigned,
    output:
        kept=PATHS.followed / KEPT_TABLE,
    params:
        config=RUN_FILE,
        files=files("first_frame"),
        triggers=triggers("lineages"),
    log:
        os.path.join(LOGS, "lineages.log"),
    benchmark:
        os.path.join(TIMES, "lineages.tsv")
    threads: JOBS.threads("lineages")
    resources:
        **JOBS.resources("lineages"),
    conda:
        "../../envs/core.yaml"
    shell:
        "samtrack associate --lineages --config {params.config:q} --sequence {wildcards.sequence:q}"
        " 2>&1 | tee {log:q}"


rule fill:
    input:
        movie=store(PATHS.movie),
        typical=PATHS.typical,
        labels=blocks_read_by("fill", lambda layout, block: store(layout.labels(block))),
        detections=blocks_read_by("fill", Layout.detections),
        tracks=rules.associate.output.tracks,
        assigned=rules.associate.output.assigned,
        merges=rules.associate.output.merges,
        kept=lambda wildcards: ADDRESS[wildcards.sequence].followed,
        weights=plan.weights_mark(CONFIG, network_of(CONFIG, "fill")),
    output:
        patches=PATHS.patches("{block}"),
    params:
        config=RUN_FILE,
        triggers=triggers("fill"),
        weights=weights(network_of(CONFIG, "fill")),
    log:
        os.path.join(LOGS, "fill", "{block}.log"),
    benchmark:
        os.path.join(TIMES, "fill", "{block}.tsv")
    threads: JOBS.threads("fill")
    resources:
        **JOBS.resources("fill"),
    conda:
        environment("fill")
    shell:
        "samtrack fill --config {params.config:q} --sequence {wildcards.sequence:q} --block {wildcards.block}"
        " --workers {threads} 2>&1 | tee {log:q}"

"""The decision as files: labels and tables for people, masks and res_track.txt for the CTC, and a check of its rules.

REQUIRED INPUTS   OUT/SEQUENCE_work/{labels,detections,decided,filled}
OUTPUTS           OUT/SEQUENCE.ome.zarr/labels/tracks, OUT/SEQUENCE_tracks.{csv,parquet}, OUT/SEQUENCE_RES,
                  OUT/SEQUENCE_validation.txt, and as export.files says OUT/SEQUENCE_tracks.geff, OUT/SEQUENCE_trackmate.xml
"""


rule export_tracks:
    input:
        movie=store(PATHS.movie),
        labels=every_block(lambda layout, block: store(layout.labels(block))),
        detections=every_block(Layout.detections),
        patches=every_block(Layout.patches),
        tracks=rules.associate.output.tracks,
        kept=lambda wildcards: ADDRESS[wildcards.sequence].followed,
    output:
        tracked=store(PATHS.tracked),
        table=PATHS.table,
        table_csv=PATHS.table_csv,
    params:
        config=RUN_FILE,
        triggers=triggers("export"),
    log:
        os.path.join(LOGS, "export_tracks.log"),
    benchmark:
        os.path.join(TIMES, "export_tracks.tsv")
    threads: JOBS.threads("export_tracks")
    resources:
        **JOBS.resources("export_tracks"),
    conda:
        "../../envs/core.yaml"
    shell:
        "samtrack export --part tracks --config {params.config:q} --sequence {wildcards.sequence:q}"
        " --workers {threads} 2>&1 | tee {log:q}"


rule export_ctc:
    input:
        tracked=store(PATHS.tracked),
        table=PATHS.table,
        tracks=rules.associate.output.tracks,
    output:
        result=PATHS.result / "res_track.txt",
    params:
        config=RUN_FILE,
        triggers=triggers("export"),
    log:
        os.path.join(LOGS, "export_ctc.log"),
    benchmark:
        os.path.join(TIMES, "export_ctc.tsv")
    threads: JOBS.threads("export_ctc")
    resources:
        **JOBS.resources("export_ctc"),
    conda:
        "../../envs/core.yaml"
    shell:
        "samtrack export --part ctc --config {params.config:q} --sequence {wildcards.sequence:q}"
        " --workers {threads} 2>&1 | tee {log:q}"


rule export_files:
    input:
        table=PATHS.table,
        tracked=store(PATHS.tracked),
        tracks=rules.associate.output.tracks,
    output:
        [
            PATHS.export_file(kind)
            for kind in CONFIG.export.files or ["geff"]  # of [] nobody asks for any
        ],
    params:
        config=RUN_FILE,
        triggers=triggers("files"),
    log:
        os.path.join(LOGS, "export_files.log"),
    benchmark:
        os.path.join(TIMES, "export_files.tsv")
    threads: JOBS.threads("export_files")
    resources:
        **JOBS.resources("export_files"),
    conda:
        "../../envs/core.yaml"
    shell:
        "samtrack export --part files --config {params.config:q} --sequence {wildcards.sequence:q}"
        " --workers {threads} 2>&1 | tee {log:q}"


rule validate:
    input:
        result=PATHS.result / "res_track.txt",
    output:
        problems=PATHS.problems,
    params:
        result=lambda wildcards, input: os.path.dirname(input.result),
        triggers=triggers("validate"),
    log:
        os.path.join(LOGS, "validate.log"),
    benchmark:
        os.path.join(TIMES, "validate.tsv")
    threads: JOBS.threads("validate")
    resources:
        **JOBS.resources("validate"),
    conda:
        "../../envs/core.yaml"
    shell:
        "samtrack validate {params.result:q} --out {output.problems:q} --workers {threads} 2>&1 | tee {log:q}"

"""The page that shows a result.

REQUIRED INPUTS   OUT/SEQUENCE.ome.zarr with its tracks, OUT/SEQUENCE_work/decided, scores and check where there are any
OUTPUTS           OUT/SEQUENCE_report.html
"""


rule report:
    input:
        movie=store(PATHS.movie),
        tracked=store(PATHS.tracked),
        table=PATHS.table,
        detections=every_block(Layout.detections),
        tracks=rules.associate.output.tracks,
        checks=lambda wildcards: ADDRESS[wildcards.sequence].checks,
    output:
        page=report(PATHS.page, category="tracks", caption="../report/page.rst"),
    params:
        config=RUN_FILE,
        triggers=triggers("report"),
    log:
        os.path.join(LOGS, "report.log"),
    benchmark:
        os.path.join(TIMES, "report.tsv")
    threads: JOBS.threads("report")
    resources:
        **JOBS.resources("report"),
    conda:
        "../../envs/report.yaml"
    shell:
        "samtrack report --config {params.config:q} --sequence {wildcards.sequence:q} 2>&1 | tee {log:q}"

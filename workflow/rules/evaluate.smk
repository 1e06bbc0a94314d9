"""Scores against the truth, for sequences that have one.

REQUIRED INPUTS   OUT/SEQUENCE_RES and the sequence's truth
OUTPUTS           OUT/SEQUENCE_scores.json, OUT/SEQUENCE_scores.csv
"""


rule evaluate:
    input:
        result=PATHS.result / "res_track.txt",
    output:
        scores=PATHS.scores,
        scores_csv=PATHS.scores_csv,
    params:
        config=RUN_FILE,
        result=lambda wildcards, input: os.path.dirname(input.result),
        truth=lambda wildcards: ADDRESS[wildcards.sequence].sources.truth,
        stem=lambda wildcards, output: os.path.splitext(output.scores)[0],
        triggers=triggers("evaluate"),
    log:
        os.path.join(LOGS, "evaluate.log"),
    benchmark:
        os.path.join(TIMES, "evaluate.tsv")
    threads: JOBS.threads("evaluate")
    resources:
        **JOBS.resources("evaluate"),
    conda:
        "../../envs/core.yaml"
    shell:
        "samtrack evaluate {params.result:q} --truth {params.truth:q} --config {params.config:q}"
        " --out {params.stem:q} --workers {threads} 2>&1 | tee {log:q}"

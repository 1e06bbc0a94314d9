"""What SAM 2 says of each cell: where it goes and where it came from. Only where link.sam2 asks for it.

REQUIRED INPUTS   OUT/SEQUENCE.ome.zarr, OUT/SEQUENCE_work/typical.json, labels and detections of the block and of those that
                  follow within link.propagate_frames; OUT/weights.sha256: the weights of SAM 2 are here
OUTPUTS           OUT/SEQUENCE_work/evidence/BLOCK.parquet
"""


rule propagate:
    input:
        movie=store(PATHS.movie),
        labels=blocks_read_by(
            "propagate", lambda layout, block: store(layout.labels(block))
        ),
        detections=blocks_read_by("propagate", Layout.detections),
        typical=PATHS.typical,
        weights=plan.weights_mark(CONFIG, "sam2"),
    output:
        evidence=PATHS.evidence("{block}"),
    params:
        config=RUN_FILE,
        triggers=triggers("propagate"),
        weights=weights("sam2"),
    log:
        os.path.join(LOGS, "propagate", "{block}.log"),
    benchmark:
        os.path.join(TIMES, "propagate", "{block}.tsv")
    threads: JOBS.threads("propagate")
    resources:
        **JOBS.resources("propagate"),
    conda:
        "../../envs/torch.yaml"
    shell:
        "samtrack propagate --config {params.config:q} --sequence {wildcards.sequence:q} --block {wildcards.block}"
        " --workers {threads} 2>&1 | tee {log:q}"

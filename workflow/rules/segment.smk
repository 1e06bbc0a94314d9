"""The cells of every frame, block by block: found in the images, or read from the masks given.

REQUIRED INPUTS   OUT/SEQUENCE.ome.zarr; with segment.method 'given' the sequence's masks
OUTPUTS           OUT/SEQUENCE_work/labels/BLOCK.zarr
"""


rule segment:
    input:
        movie=store(PATHS.movie),
    output:
        labels=store(PATHS.labels("{block}")),
    params:
        config=RUN_FILE,
        files=files("masks"),
        triggers=triggers("segment"),
    log:
        os.path.join(LOGS, "segment", "{block}.log"),
    benchmark:
        os.path.join(TIMES, "segment", "{block}.tsv")
    resources:
        mem_mb=int(CONFIG.resources.memory_gb * 1000),
    conda:
        "../../envs/core.yaml"
    shell:
        "samtrack segment --config {params.config:q} --sequence {wildcards.sequence:q} --block {wildcards.block}"
        " --workers {threads} 2>&1 | tee {log:q}"

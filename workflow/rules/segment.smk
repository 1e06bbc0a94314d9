"""The cells of every frame, block by block: found in the images, or read from the masks given.

REQUIRED INPUTS   OUT/SEQUENCE.ome.zarr; with segment.method 'given' the sequence's masks, with 'sam2' the weights,
                  with segment.seeds.method 'file' the sequence's seeds
OUTPUTS           OUT/SEQUENCE_work/labels/BLOCK.zarr; OUT/SEQUENCE_work/diameter.json where no diameter is given
"""


rule diameter:
    input:
        movie=store(PATHS.movie),
    output:
        diameter=PATHS.diameter,
    params:
        config=RUN_FILE,
        triggers=triggers("segment"),
    log:
        os.path.join(LOGS, "diameter.log"),
    benchmark:
        os.path.join(TIMES, "diameter.tsv")
    conda:
        "../../envs/core.yaml"
    shell:
        "samtrack segment --diameter --config {params.config:q} --sequence {wildcards.sequence:q} 2>&1 | tee {log:q}"


rule segment:
    input:
        movie=store(PATHS.movie),
        diameter=lambda wildcards: ADDRESS[wildcards.sequence].measured_diameter,
        weights=plan.weights_mark(CONFIG) if draws_with_sam2(CONFIG, "segment") else [],
    output:
        labels=store(PATHS.labels("{block}")),
    params:
        config=RUN_FILE,
        files=files("masks", "seeds"),
        weights=sam2_weights() if draws_with_sam2(CONFIG, "segment") else "",
        triggers=triggers("segment"),
    log:
        os.path.join(LOGS, "segment", "{block}.log"),
    benchmark:
        os.path.join(TIMES, "segment", "{block}.tsv")
    threads: CONFIG.resources.workers if draws_with_sam2(CONFIG, "segment") else 1
    resources:
        gpu=int(draws_with_sam2(CONFIG, "segment") and CONFIG.sam2.device != "cpu"),
        mem_mb=int(
            (
                CONFIG.resources.memory_gb
                + CONFIG.sam2.memory_gb * draws_with_sam2(CONFIG, "segment")
            )
            * 1000
        ),
    conda:
        environment("segment")
    shell:
        "samtrack segment --config {params.config:q} --sequence {wildcards.sequence:q} --block {wildcards.block}"
        " --workers {threads} 2>&1 | tee {log:q}"

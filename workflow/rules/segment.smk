"""The cells of every frame, block by block: found in the images, or read from the masks given.

REQUIRED INPUTS   OUT/SEQUENCE.ome.zarr; with segment.method 'given' the sequence's masks, with 'sam2' or 'prompts3d' the weights,
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
    threads: JOBS.threads("diameter")
    resources:
        **JOBS.resources("diameter"),
    conda:
        "../../envs/core.yaml"
    shell:
        "samtrack segment --diameter --config {params.config:q} --sequence {wildcards.sequence:q} 2>&1 | tee {log:q}"


rule segment:
    input:
        movie=store(PATHS.movie),
        diameter=lambda wildcards: ADDRESS[wildcards.sequence].measured_diameter,
        weights=plan.weights_mark(CONFIG, network_of(CONFIG, "segment")),
    output:
        labels=store(PATHS.labels("{block}")),
    params:
        config=RUN_FILE,
        files=files("masks", "seeds"),
        weights=weights(network_of(CONFIG, "segment")),
        triggers=triggers("segment"),
    log:
        os.path.join(LOGS, "segment", "{block}.log"),
    benchmark:
        os.path.join(TIMES, "segment", "{block}.tsv")
    threads: JOBS.threads("segment")
    resources:
        **JOBS.resources("segment"),
    conda:
        environment("segment")
    shell:
        "samtrack segment --config {params.config:q} --sequence {wildcards.sequence:q} --block {wildcards.block}"
        " --workers {threads} 2>&1 | tee {log:q}"

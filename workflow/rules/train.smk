"""A SAM-Med3D network fine-tuned on the masks of this run's sequences: `snakemake --configfile … train`.

Not part of a tracking run; one that names OUT/weights/NAME in sammed3d.weights draws by it and knows it by its hash.

REQUIRED INPUTS   images and masks (else truth) of the sequences; the weights that train3d.start names
OUTPUTS           OUT/weights/NAME: config.json, model.safetensors, curves, samples, a checkpoint to go on from
"""


localrules:
    train,


rule train:
    input:
        str(trained_folder(CONFIG) / "model.safetensors"),


rule train_sammed3d:
    input:
        [address.made_by_us for address in ADDRESS.values()],
    output:
        weights=str(trained_folder(CONFIG) / "model.safetensors"),
    params:
        config=RUN_FILE,
        out=lambda wildcards, output: os.path.dirname(output.weights),
        files=lambda wildcards: (
            plan.fingerprints(CONFIG) if workflow.is_main_process else ""
        ),
        triggers=triggers("train3d"),
    log:
        str(plan.Path(OUT) / "logs" / "train_sammed3d.log"),
    benchmark:
        str(plan.Path(OUT) / "benchmarks" / "train_sammed3d.tsv")
    threads: CONFIG.train3d.workers + 1
    resources:
        gpu=int(CONFIG.train3d.device != "cpu"),
        mem_mb=int(CONFIG.resources.memory_gb * 1000) + 4000,
        runtime=24 * 60,  # stopped by it, the next attempt goes on from the last checkpoint
    conda:
        "../../envs/torch.yaml"
    shell:
        "samtrack train sammed3d --config {params.config:q} --out {params.out:q} 2>&1 | tee {log:q}"

"""The weights of SAM 2, brought to this machine before any job needs them: the one rule that may use the network.

It runs where the run was started, never on a compute node, and only if some stage uses SAM 2: such a rule names
`plan.weights_mark(CONFIG)` among its inputs and `sam2_weights()` among its parameters.

REQUIRED INPUTS   none
OUTPUTS           OUT/weights.sha256: what the weights sum to
"""


localrules:
    fetch_weights,


rule fetch_weights:
    output:
        mark=str(plan.Path(OUT) / plan.WEIGHTS_MARK),
    params:
        config=RUN_FILE,
        weights=sam2_weights(),
    log:
        os.path.join(OUT, "logs", "weights.log"),
    conda:
        "../../envs/core.yaml"
    shell:
        "samtrack weights fetch --config {params.config:q} --mark {output.mark:q} 2>&1 | tee {log:q}"

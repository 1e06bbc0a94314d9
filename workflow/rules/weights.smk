"""The weights of networks, brought to this machine before any job needs them: the only rules that may use the network.

They run where the run was started, never on a compute node, and only if some stage asks the network of a section (sam2,
sammed3d): such a rule names `plan.weights_mark(CONFIG, SECTION)` among its inputs and `weights(SECTION)` among its parameters.

REQUIRED INPUTS   none
OUTPUTS           OUT/weights.sha256, OUT/weights_3d.sha256: what the weights sum to
"""


localrules:
    fetch_weights,
    fetch_weights_3d,


rule fetch_weights:
    output:
        mark=str(plan.Path(OUT) / plan.WEIGHTS_MARKS["sam2"]),
    params:
        config=RUN_FILE,
        weights=weights("sam2"),
    log:
        str(plan.Path(OUT) / "logs" / "weights.log"),
    conda:
        "../../envs/core.yaml"
    shell:
        "samtrack weights fetch --config {params.config:q} --mark {output.mark:q} 2>&1 | tee {log:q}"


rule fetch_weights_3d:
    output:
        mark=str(plan.Path(OUT) / plan.WEIGHTS_MARKS["sammed3d"]),
    params:
        config=RUN_FILE,
        weights=weights("sammed3d"),
    log:
        str(plan.Path(OUT) / "logs" / "weights_3d.log"),
    conda:
        "../../envs/core.yaml"
    shell:
        "samtrack weights fetch --config {params.config:q} --network sammed3d --mark {output.mark:q} 2>&1 | tee {log:q}"

def test_which_stages_ask_which_network(situation):
    now = situation()
    assert now.stages_of_networks == {"fill": "sam2"}
    assert now.stages_on_gpus == ["fill"]
    now = situation({"sam2": {"device": "cpu"}})
    assert now.stages_on_gpus == []
    now = situation({"fill": {"method": "shape"}})
    assert now.networks == []
    assert now.job_memory_gb == now.config.resources.memory_gb


def test_propagate_asks_sam2_where_links_want_it(situation, tmp_path):
    raw = {"link": {"sam2": "on"}, "sequences": [{"name": "01", "images": "x"}], "fill": {"method": "shape"}}
    assert situation(raw).stages_of_networks == {"propagate": "sam2"}

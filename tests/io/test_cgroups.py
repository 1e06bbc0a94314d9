from samtrack.io.cgroups import Cgroups


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_version_2_the_tightest_of_all_groups_above_holds(tmp_path):
    put(tmp_path / "self", "0::/batch/job7/step\n")
    put(tmp_path / "fs/batch/job7/step/memory.max", "max\n")
    put(tmp_path / "fs/batch/job7/memory.max", "4000000000\n")
    put(tmp_path / "fs/batch/memory.max", "9000000000\n")
    put(tmp_path / "fs/batch/job7/cpu.max", "150000 100000\n")
    put(tmp_path / "fs/batch/cpu.max", "max 100000\n")
    groups = Cgroups(tmp_path / "self", tmp_path / "fs")
    assert groups.memory_limit() == 4_000_000_000
    assert groups.cpu_limit() == 1.5


def test_version_1(tmp_path):
    put(tmp_path / "self", "4:memory:/job\n3:cpu,cpuacct:/job\n1:name=systemd:/\n")
    put(tmp_path / "fs/memory/job/memory.limit_in_bytes", "2000000000\n")
    put(tmp_path / "fs/memory/memory.limit_in_bytes", "9223372036854771712\n")
    put(tmp_path / "fs/cpu,cpuacct/job/cpu.cfs_quota_us", "200000\n")
    put(tmp_path / "fs/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n")
    put(tmp_path / "fs/cpu,cpuacct/cpu.cfs_quota_us", "-1\n")
    put(tmp_path / "fs/cpu,cpuacct/cpu.cfs_period_us", "100000\n")
    groups = Cgroups(tmp_path / "self", tmp_path / "fs")
    assert groups.memory_limit() == 2_000_000_000
    assert groups.cpu_limit() == 2.0


def test_the_group_of_the_host_is_not_seen_inside_a_container(tmp_path):
    put(tmp_path / "self", "4:memory:/docker/abc\n")
    put(tmp_path / "fs/memory/memory.limit_in_bytes", "1000000000\n")
    assert Cgroups(tmp_path / "self", tmp_path / "fs").memory_limit() == 1_000_000_000


def test_no_groups_no_limits(tmp_path):
    groups = Cgroups(tmp_path / "none", tmp_path / "none")
    assert groups.memory_limit() is None
    assert groups.cpu_limit() is None

"""A real Slurm of two nodes on this machine, for tests: started, broken, looked at and stopped from Python.

Nothing of it needs systemd or control groups, and all of it lies in one folder: keys, sockets, logs, state. The nodes claim
more cores and memory than there are; node n1 has two GPUs that are no GPUs (`/dev/null`, `/dev/zero`).
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

NODES = ("n1", "n2")
PROGRAMS = ("munged", "munge", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo")
PACKAGES = "slurm-wlm munge"
SEARCHED = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])

CONFIGURATION = """\
ClusterName=pretend
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={box}/munge.socket,cred_expire=10
CredType=cred/munge
SlurmctldPidFile={box}/slurmctld.pid
SlurmctldLogFile={box}/slurmctld.log
StateSaveLocation={box}/state
SlurmdPidFile={box}/slurmd.%n.pid
SlurmdLogFile={box}/slurmd.%n.log
SlurmdSpoolDir={box}/spool.%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
MpiDefault=none
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
GresTypes=gpu
SlurmctldTimeout=10
SlurmdTimeout=10
KillWait=2
ReturnToService=2
MinJobAge=7200
SchedulerParameters=batch_sched_delay=0,sched_interval=5,bf_interval=5
JobCompType=jobcomp/filetxt
JobCompLoc={box}/completed.log
NodeName=n1 NodeAddr=127.0.0.1 Port={port_n1} CPUs=16 RealMemory=64000 Gres=gpu:2 Weight=10 State=UNKNOWN
NodeName=n2 NodeAddr=127.0.0.1 Port={port_n2} CPUs=16 RealMemory=64000 State=UNKNOWN
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=600 DefMemPerCPU=500 State=UP
"""
"""Timers are short, so that a lost node is seen within 15 s; work goes to n2 first (lower weight), GPU work to n1.

Without control groups memory is looked at once a second and a job above its request is killed (OverMemoryKill)."""

GPUS = "AutoDetect=off\nNodeName=n1 Name=gpu File=/dev/null,/dev/zero\n"
"""Slurm wants one device file per GPU; these exist everywhere."""

SRUN = '#!/bin/sh\nSLURM_CONF={conf} exec {srun} "$@"\n'
"""Snakemake's job step takes SLURM_CONF away before it calls srun; on a cluster the file lies in /etc."""


@dataclass(frozen=True)
class Job:
    """One job as squeue tells it: memory as it was asked for, GPUs as Slurm writes them (``gres:gpu:1``)."""

    id: int
    name: str
    state: str
    node: str
    memory: str
    gpus: str
    comment: str


def missing() -> str:
    """Why no cluster can be started here; empty if one can."""
    absent = [name for name in PROGRAMS if shutil.which(name, path=SEARCHED) is None]
    return f"no {', '.join(absent)} here: `make test-slurm` installs {PACKAGES} as root" if absent else ""


def wait_until(true: Callable[[], object], what: str, seconds: float = 60, pause: float = 0.2) -> None:
    """Return when ``true()`` is; raise when that takes too long."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(pause)


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nothing listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@dataclass
class Cluster:
    """The cluster of one folder. `start` it, and `stop` it whatever happens."""

    box: Path
    daemons: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def conf(self) -> Path:
        return self.box / "slurm.conf"

    @property
    def environment(self) -> dict[str, str]:
        """Variables with which commands find this cluster, and its jobs this Python."""
        path = [str(self.box / "bin"), str(Path(sys.executable).parent), SEARCHED]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM", "SBATCH"))}
        return inherited | {"SLURM_CONF": str(self.conf), "PATH": os.pathsep.join(path), "USER": self._user()}

    def start(self) -> Cluster:
        """Bring it up; return when both nodes are idle."""
        self.box.mkdir(parents=True, exist_ok=True)
        self.box.chmod(0o755)  # munged wants its socket where everybody could reach it
        for name in ("state", "bin", *(f"spool.{node}" for node in NODES)):
            (self.box / name).mkdir()
        ports = free_ports(3)
        values = {"host": os.uname().nodename.split(".")[0], "user": self._user(), "box": self.box}
        values |= dict(zip(("port", "port_n1", "port_n2"), ports, strict=True))
        self.conf.write_text(CONFIGURATION.format(**values))
        (self.box / "gres.conf").write_text(GPUS)
        srun = self.box / "bin" / "srun"
        srun.write_text(SRUN.format(conf=self.conf, srun=shutil.which("srun", path=SEARCHED)))
        srun.chmod(0o755)
        key = self.box / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(128))
        try:
            options = {"socket": "munge.socket", "key-file": "munge.key", "log-file": "munged.log"}
            options |= {"pid-file": "munged.pid", "seed-file": "munged.seed"}
            self._daemon("munged", "-F", *(f"--{name}={self.box / file}" for name, file in options.items()))
            wait_until((self.box / "munge.socket").exists, "munged's socket", 20)
            self._daemon("slurmctld", "-D", "-i")
            wait_until(lambda: "is UP" in self.ask("scontrol", "ping", check=False), "slurmctld", 30)
            for node in NODES:
                self.bring_back(node)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Cancel what runs and end every daemon that `start` began."""
        if self._alive("slurmctld"):
            self.ask("scancel", "--user", self._user(), check=False)
            idle = [node for node in NODES if self._alive(node)]
            if idle:
                deadline = time.monotonic() + 15
                while self.ask("squeue", "--noheader", check=False).strip() and time.monotonic() < deadline:
                    time.sleep(0.2)
        for node in NODES:
            for process in self._steps(node):
                _kill(process)
        for name in (*NODES, "slurmctld", "munged"):
            self._end(name)

    def ask(self, *command: str, check: bool = True) -> str:
        """What a command of Slurm says."""
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False, timeout=60, cwd=self.box
        )
        if check and done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def jobs(self) -> list[Job]:
        """All jobs since the start, oldest first, ended ones included."""
        text = self.ask("squeue", "--noheader", "--states=all", "--format=%A|%j|%T|%N|%m|%k")
        rows = [line.split("|", 5) for line in text.splitlines() if line]
        asked = self.ask("squeue", "--noheader", "--states=all", "--Format=jobid:12,tres-per-job:40,tres-per-node:40")
        gpus = {words[0]: " ".join(words[1:]) for words in map(str.split, asked.splitlines()) if words}
        found = [Job(int(row[0]), *row[1:5], gpus=gpus.get(row[0], ""), comment=row[5]) for row in rows]
        return sorted(found, key=lambda job: job.id)

    def running(self) -> list[Job]:
        """Jobs that run now."""
        return [job for job in self.jobs() if job.state == "RUNNING"]

    def completed(self) -> dict[int, dict[str, str]]:
        """The completion log that slurmctld writes: job id to its fields (JobState, NodeList, StartTime, …)."""
        path = self.box / "completed.log"
        found = {}
        for line in path.read_text().splitlines() if path.exists() else []:
            fields = dict(part.partition("=")[::2] for part in line.split())
            found[int(fields["JobId"])] = fields
        return found

    def state(self, node: str) -> str:
        """idle, mixed, down, …; with an asterisk where the node does not answer."""
        return self.ask("sinfo", "--noheader", "--Node", "--nodes", node, "--format=%t").split()[0]

    def lose(self, node: str) -> None:
        """Pull the plug of a node: its daemon and everything that runs on it end at once, without a word."""
        steps = self._steps(node)
        self.daemons[node].kill()
        self.daemons.pop(node).wait()
        for process in steps:
            _kill(process)

    def bring_back(self, node: str) -> None:
        """Switch a node on; return when Slurm would give it work."""
        if not self._alive(node):
            self._daemon("slurmd", "-D", "-N", node, name=node)
        wait_until(lambda: self.state(node) in ("idle", "mix", "alloc"), f"node {node}", 60)

    def close(self) -> None:
        """Let no node begin another job; those that run go on."""
        self.ask("scontrol", "update", f"nodename={','.join(NODES)}", "state=drain", "reason=test")

    def open(self) -> None:
        """Let nodes begin jobs again."""
        self.ask("scontrol", "update", f"nodename={','.join(NODES)}", "state=resume")

    def _daemon(self, program: str, *arguments: str, name: str = "") -> None:
        path = shutil.which(program, path=SEARCHED)
        with (self.box / f"{name or program}.out").open("ab") as out:
            self.daemons[name or program] = subprocess.Popen(
                [str(path), *arguments],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                cwd=self.box,
            )

    def _alive(self, name: str) -> bool:
        return name in self.daemons and self.daemons[name].poll() is None

    def _end(self, name: str) -> None:
        if self._alive(name):
            self.daemons[name].terminate()
            try:
                self.daemons[name].wait(20)
            except subprocess.TimeoutExpired:
                self.daemons[name].kill()
                self.daemons[name].wait()
        self.daemons.pop(name, None)

    def _steps(self, node: str) -> list[psutil.Process]:
        """Processes of the jobs on a node. Only the tasks know its name, so their parents, which start them, follow."""
        found = []
        for process in psutil.process_iter(["name"]):
            if process.info["name"] == "slurmstepd":
                family = [process, *_below(process)]
                said = [_variables(one) for one in family]
                ours = any(one.get("SLURM_CONF") == str(self.conf) for one in said)
                if ours and any(one.get("SLURMD_NODENAME") == node for one in said):
                    found += family
        return found

    @staticmethod
    def _user() -> str:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name


def _below(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _variables(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return {}


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return

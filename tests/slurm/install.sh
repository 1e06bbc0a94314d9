#!/bin/sh
# Slurm and munge from the distribution's packages, for tests that start a cluster of their own. Never fails, never asks, never
# waits for long: where they cannot be had it says why, and the tests are skipped.
PATH=$PATH:/usr/sbin:/sbin
command -v slurmctld >/dev/null && command -v munged >/dev/null && exit 0
command -v apt-get >/dev/null || { echo "no apt-get here: install slurmctld, slurmd, munge yourself"; exit 0; }
if [ "$(id -u)" = 0 ]; then as_root=; else as_root="sudo --non-interactive"; fi
[ -z "$as_root" ] || $as_root true 2>/dev/null || { echo "installing Slurm needs root, or sudo without a password"; exit 0; }
get() { timeout 300 $as_root env DEBIAN_FRONTEND=noninteractive apt-get --quiet -o DPkg::Lock::Timeout=60 "$@" </dev/null; }
echo "installing slurm-wlm and munge ..."
log=$(mktemp)
{ get update && get install --yes --no-install-recommends slurm-wlm munge; } >"$log" 2>&1 ||
  { echo "Slurm could not be installed:"; tail -n 3 "$log"; }
rm -f "$log"

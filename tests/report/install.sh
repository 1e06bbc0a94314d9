#!/bin/sh
# A browser from the distribution's packages, for tests that look at the report page. Never fails: where it cannot be had it
# says why, and those tests are skipped.
for name in chromium chromium-browser google-chrome google-chrome-stable; do command -v "$name" >/dev/null && exit 0; done
command -v apt-get >/dev/null || { echo "no apt-get here: install chromium yourself for the tests of the report page"; exit 0; }
if [ "$(id -u)" = 0 ]; then as_root=; else as_root="sudo --non-interactive"; fi
install() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends chromium; }
echo "installing chromium ..."
log=$(mktemp)
{ $as_root apt-get update --quiet && install; } >"$log" 2>&1 || { echo "chromium could not be installed:"; tail -n 3 "$log"; }
rm -f "$log"

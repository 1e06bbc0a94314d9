#!/bin/sh
# What tests look through, from the distribution's packages: a browser for the report page, a screen for napari. Never fails:
# where one cannot be had it says why, and those tests are skipped.
wanted=
for name in chromium chromium-browser google-chrome google-chrome-stable none; do command -v "$name" >/dev/null && break; done
[ "$name" = none ] && wanted=chromium
# napari draws with OpenGL in a window of Qt, and Qt 6 wants these libraries of X11
command -v Xvfb >/dev/null || wanted="$wanted xvfb libgl1 libegl1 libgl1-mesa-dri libdbus-1-3 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0"
[ -n "$wanted" ] || exit 0
command -v apt-get >/dev/null || { echo "no apt-get here: install$wanted yourself for the tests of page and viewer"; exit 0; }
if [ "$(id -u)" = 0 ]; then as_root=; else as_root="sudo --non-interactive"; fi
# shellcheck disable=SC2086 - one word for each package
install() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends $wanted; }
echo "installing $wanted ..."
log=$(mktemp)
{ $as_root apt-get update --quiet && install; } >"$log" 2>&1 || { echo "$wanted could not be installed:"; tail -n 3 "$log"; }
rm -f "$log"

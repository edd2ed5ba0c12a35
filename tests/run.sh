#!/usr/bin/env bash
# The one test command: format, lints, all tests, documentation.
# Installs the system packages it needs where they are missing and it may (Debian, Ubuntu).
set -euo pipefail
cd "$(dirname "$0")/.."

# With CI=true artefacts live outside the checkout, so that a second run is warm.
if [ "${CI:-}" = true ]; then
  export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/chiaro/target}"
fi

# A software Vulkan driver, a virtual display and an X pointer for the tests that use the window.
missing=()
have() { command -v "$1" >/dev/null 2>&1; }
have Xvfb || missing+=(xvfb)
have xdotool || missing+=(xdotool)
have pkg-config || missing+=(pkg-config)
have cc || missing+=(gcc libc6-dev)
compgen -G '/usr/share/vulkan/icd.d/*.json' >/dev/null || missing+=(mesa-vulkan-drivers)
ldconfig -p 2>/dev/null | grep -q libvulkan.so.1 || missing+=(libvulkan1)
ldconfig -p 2>/dev/null | grep -q libxkbcommon-x11.so.0 || missing+=(libxkbcommon-x11-0)
ldconfig -p 2>/dev/null | grep -q libX11-xcb.so.1 || missing+=(libx11-xcb1)
ldconfig -p 2>/dev/null | grep -q libXcursor.so.1 || missing+=(libxcursor1)
ldconfig -p 2>/dev/null | grep -q libXi.so.6 || missing+=(libxi6)
ldconfig -p 2>/dev/null | grep -q libXrandr.so.2 || missing+=(libxrandr2)
if [ "${#missing[@]}" -gt 0 ]; then
  sudo=""
  [ "$(id -u)" = 0 ] || sudo="sudo -n"
  if have apt-get && $sudo true 2>/dev/null; then
    $sudo apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq "${missing[@]}" >/dev/null
  else
    echo "Please install: ${missing[*]}" >&2
  fi
fi

cargo fmt --check
cargo clippy --release --all-targets --locked -- -D warnings
cargo test --release --locked
# The kernels once more in the instruction sets that this machine would not choose.
for set in portable avx2; do
  CHIARO_INSTRUCTIONS=$set cargo test --release --locked --lib -- learn::kernels --skip gpu
done
RUSTDOCFLAGS="-D warnings" cargo doc --release --no-deps --locked --quiet

#!/bin/sh
# setup.sh EXTRAS: make the environment .venv hold this project with the named extras
# ("app", "app,test,dev"), at the pinned versions. Does nothing when that is already so.
# Environment: PYTHON (a Python >= 3.11), ENV (folder), TORCH_BACKEND (cpu, cu128, … for uv).
set -eu
cd "$(dirname "$0")/.."
extras=$1
env=${ENV:-.venv}
python=${PYTHON:-python3}
say() { printf '%s\n' "$*" >&2; }

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
    say "MIRAGE Viewer needs Python 3.11 or newer; '$python' is not. Set PYTHON=/path/to/python3.11."
    exit 2
}
sh tools/system_libraries.sh "$extras"

key=$({ cat pyproject.toml constraints.txt; echo "$python ${TORCH_BACKEND:-}"; } | cksum | tr -d ' \t')
name=$(printf '%s' "$extras" | tr ',' '-')
stamp="$env/.ready-$key-$name"
[ -e "$stamp" ] && [ -x "$env/bin/python" ] && exit 0

if [ ! -x "$env/bin/python" ]; then
    "$python" -m venv "$env" 2>/dev/null || {
        rm -rf "$env"
        command -v uv >/dev/null 2>&1 && uv venv -q --seed --python "$python" "$env"
    } || {
        say "Python's venv module is incomplete. On Debian or Ubuntu: apt-get install python3-venv"
        exit 2
    }
fi
uv=$env/bin/uv
[ -x "$uv" ] || uv=$(command -v uv || true)
if [ -z "$uv" ]; then
    "$env/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt uv
    uv=$env/bin/uv
fi
say "Installing MIRAGE Viewer [$extras] into $env …"
# Compiled once here: where Python may not write bytecode, every worker would compile all of torch.
"$uv" pip install --quiet --compile-bytecode --python "$env/bin/python" ${TORCH_BACKEND:+--torch-backend="$TORCH_BACKEND"} \
    -c constraints.txt -e ".[$extras]"
# What was ready for other pins is so no more; other extras at these pins stay ready.
for old in "$env"/.ready-*; do
    case $old in "$env/.ready-$key-"*) ;; *) rm -f "$old" ;; esac
done
touch "$stamp"

#!/bin/sh
# under_xvfb.sh COMMAND…: run it on a display: this one's, else one that nobody sees. Without
# either it runs all the same, and tests that need a display skip themselves and say so.
set -eu
export QT_QPA_PLATFORM=xcb
if [ -z "${DISPLAY:-}" ] && command -v xvfb-run >/dev/null 2>&1; then
    exec xvfb-run -a -s "-screen 0 1600x1000x24" "$@"
fi
exec "$@"

#!/bin/sh
# system_libraries.sh [EXTRAS]: make sure that the libraries Qt needs are there (Debian and Ubuntu;
# elsewhere they come with the desktop). As root the missing ones are installed, otherwise the command is printed.
set -eu
[ "$(uname -s)" = Linux ] || exit 0
command -v apt-get >/dev/null 2>&1 || exit 0

missing=
want() { # library package
    ldconfig -p 2>/dev/null | grep -q "$1" || [ -e "/usr/lib/$(uname -m)-linux-gnu/$1" ] || missing="$missing $2"
}
PATH=$PATH:/usr/sbin:/sbin
want libglib-2.0.so.0 libglib2.0-0
want libEGL.so.1 libegl1
want libGL.so.1 libgl1
want libOpenGL.so.0 libopengl0
want libxkbcommon.so.0 libxkbcommon0
want libxkbcommon-x11.so.0 libxkbcommon-x11-0
want libdbus-1.so.3 libdbus-1-3
want libfontconfig.so.1 libfontconfig1
want libxcb-cursor.so.0 libxcb-cursor0
want libxcb-icccm.so.4 libxcb-icccm4
want libxcb-image.so.0 libxcb-image0
want libxcb-keysyms.so.1 libxcb-keysyms1
want libxcb-render-util.so.0 libxcb-render-util0
want libxcb-shape.so.0 libxcb-shape0
want libxcb-xinerama.so.0 libxcb-xinerama0
case ${1:-} in *napari*)  # draws with OpenGL; its tests bring a display of their own
    want libGLX_mesa.so.0 libglx-mesa0
    want dri/swrast_dri.so libgl1-mesa-dri
    command -v xvfb-run >/dev/null 2>&1 || missing="$missing xvfb xauth"
    ;;
esac
[ -d /usr/share/fonts ] && [ -n "$(find /usr/share/fonts -name '*.ttf' -o -name '*.otf' | head -n 1)" ] \
    || missing="$missing fonts-dejavu-core"
python3 -c 'import ensurepip' 2>/dev/null || command -v uv >/dev/null 2>&1 || missing="$missing python3-venv"

[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ]; then
    echo "Installing system libraries:$missing" >&2
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >/dev/null
    # shellcheck disable=SC2086
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "System libraries are missing; the window may not open. Install them with:" >&2
    echo "    sudo apt-get install$missing" >&2
fi

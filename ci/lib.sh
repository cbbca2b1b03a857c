# Shared by the scripts in ci/: words to say, root when needed, and where things are kept.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${RLSPROOF_CACHE:-/var/cache/rlsproof}
majors="15 17 18"

say() { printf '\n== %s\n' "$*"; }
die() { printf '\n!! %s\n' "$*" >&2; exit 2; }

# as_root COMMAND...: run it as root, through sudo where we are somebody else.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo -- "$@"
    else die "this needs root: install sudo or run it as root: $*"
    fi
}

# host_major: the PostgreSQL major that this machine's own distribution ships.
host_major() {
    local version
    version=$(apt-cache policy postgresql 2>/dev/null | sed -n 's/^ *Candidate: \([0-9]*\)+.*/\1/p')
    [ -n "$version" ] && { printf '%s\n' "$version"; return; }
    as_root apt-get update -qq >&2
    apt-cache policy postgresql | sed -n 's/^ *Candidate: \([0-9]*\)+.*/\1/p'
}

# server_user: who runs servers and tests when root called us (initdb refuses root).
server_user() { id -un postgres 2>/dev/null || id -un nobody; }

# Shared by the scripts in ci/: words to say, root when needed, and where things are kept.
set -euo pipefail
export LC_ALL=C.UTF-8

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${RLSPROOF_CACHE:-/var/cache/rlsproof}
majors="15 17 18"
# Describing itself to a debugger is a third of what compiling a file costs.
test_cxxflags=-g0

# What was compiled before is not compiled again, where ccache is installed: the chroots build in a new folder each time.
if [ -d /usr/lib/ccache ]; then
    case :$PATH: in *:/usr/lib/ccache:*) ;; *) PATH=/usr/lib/ccache:$PATH ;; esac
    export PATH CCACHE_BASEDIR=$top CCACHE_NOHASHDIR=1
    [ ! -w "$cache" ] || export CCACHE_DIR=$cache/ccache
fi

say() { printf '\n== %s\n' "$*"; }
die() { printf '\n!! %s\n' "$*" >&2; exit 2; }

# tally NAME PASSED FAILED: the one form in which results are counted; ci/test adds these lines up.
tally() { printf '= %s: %d passed, %d failed\n' "$1" "$2" "$3"; [ "$3" = 0 ]; }

# as_root COMMAND...: run it as root, through sudo where we are somebody else.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo -- "$@"
    else die "this needs root: install sudo or run it as root: $*"
    fi
}

# candidate: the PostgreSQL major that apt would install, from what apt knows now.
candidate() { LC_ALL=C apt-cache policy postgresql 2>/dev/null | sed -n 's/^ *Candidate: \([0-9]*\)+.*/\1/p'; }

# host_major: the PostgreSQL major that this machine's own distribution ships.
host_major() {
    local version
    version=$(candidate)
    [ -n "$version" ] || { as_root apt-get update -qq >&2; version=$(candidate); }
    [ -n "$version" ] || die "apt knows no package named postgresql: Debian is needed (12 or later)"
    printf '%s\n' "$version"
}

# pg_config_of MAJOR: that major's own pg_config, wherever the one in PATH points.
pg_config_of() { printf '/usr/lib/postgresql/%s/bin/pg_config\n' "$1"; }

# major_of PG_CONFIG
major_of() { "$1" --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/'; }

# server_user: who runs servers and tests when root called us (initdb refuses root).
server_user() { id -un postgres 2>/dev/null || id -un nobody; }

# tree_files: the files of this tree, each ended by a NUL: what git tracks and what is new, nothing that was built.
# Root may be looking at somebody else's clone, which git distrusts unless told.
tree_files() {
    if [ -e "$top/.git" ] && command -v git >/dev/null; then
        git -C "$top" -c safe.directory='*' ls-files -z --cached --others --exclude-standard
    else
        (cd "$top" && find . -path ./build -prune -o -path ./.git -prune -o -type f ! -name '*.so' ! -name 'rlsproof--*.sql' \
            -print0 -o -path './src/sql/updates/*' -print0 -o -path './test/upgrade/*' -print0)
    fi
}

# copy_tree DIR: this tree's files into DIR. A file deleted but not yet committed is simply not there.
copy_tree() {
    tree_files | (cd "$top" && while IFS= read -r -d '' file; do [ -e "$file" ] && printf '%s\0' "$file"; done || true) |
        tar -C "$top" --null --no-recursion -T - -cf - | tar -C "$1" --no-same-owner -xf -
}

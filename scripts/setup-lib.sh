# shellcheck shell=bash
# Finds what the tests need and installs what is missing. Sourced by scripts/test.

readonly POSTGRES_VERSION_MIN=15
readonly SCHEMATHESIS_VERSION=4.32.5
# Tools that no system package brings in the version wanted, or that need no installation.
LTV_TOOLS=${LTV_TOOLS:-${CARGO_TARGET_DIR:-target}/tools}

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# Runs a command as root: directly, or through sudo, which may ask only if somebody can answer.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif ! have sudo; then
        fail "cannot run \`$*\`: neither root nor sudo. Install it by hand and try again"
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

# install WHAT APT_PACKAGES BREW_PACKAGES: the package lists are words; an empty one means "not available there".
install() {
    local what=$1
    local apt_packages brew_packages
    read -r -a apt_packages <<<"$2"
    read -r -a brew_packages <<<"$3"
    if have apt-get && [ ${#apt_packages[@]} -gt 0 ]; then
        echo "$what is missing: installing ${apt_packages[*]} with apt-get"
        as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq ||
            echo "apt-get update failed: trying with the package lists that are here" >&2
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${apt_packages[@]}" ||
            fail "apt-get could not install ${apt_packages[*]}"
    elif have brew && [ ${#brew_packages[@]} -gt 0 ]; then
        echo "$what is missing: installing ${brew_packages[*]} with brew"
        brew install "${brew_packages[@]}" || fail "brew could not install ${brew_packages[*]}"
    else
        fail "$what is missing, and neither apt-get nor brew can install it here. Install it by hand and try again"
    fi
}

need_rust() {
    local cargo_bin=${CARGO_HOME:-$HOME/.cargo}/bin
    if ! have cargo && [ -x "$cargo_bin/cargo" ]; then
        export PATH="$PATH:$cargo_bin"
    fi
    # A system-wide change of this size is the user's to make.
    have cargo || fail "Rust is missing. Install it with rustup (https://rustup.rs), then try again; rust-toolchain.toml picks the version"
    cargo --version >/dev/null || fail "cargo is here but does not run; see the message above"
}

need_c_compiler() {
    if ! have cc; then
        if [ "$(uname -s)" = Darwin ]; then
            fail "a C compiler is missing. Run \`xcode-select --install\`, then try again"
        fi
        install "a C compiler" "gcc libc6-dev" ""
    fi
    have cc || fail "a C compiler (cc) is still missing after its installation"
}

# One test proves by strace that an answer follows the flush to disk. Other systems have no strace, and leave it out.
need_strace() {
    if [ "$(uname -s)" = Linux ]; then
        have strace || install strace strace ""
        have strace || fail "strace is still missing after its installation"
    fi
}

# Prints the major version of the PostgreSQL server in folder $1; nothing if it is not a whole, working server.
postgres_major() {
    local program
    for program in initdb pg_ctl postgres createdb; do
        [ -x "$1/$program" ] || return 0
    done
    "$1/postgres" --version 2>/dev/null | sed -n 's/^postgres (PostgreSQL) \([0-9][0-9]*\).*/\1/p'
}

# Folders that may hold server binaries, one a line.
postgres_folders() {
    local program
    for program in postgres initdb; do
        if have "$program"; then
            dirname "$(command -v "$program")"
        fi
    done
    if have pg_config; then
        pg_config --bindir
    fi
    printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin
}

# Sets PG_BIN to the folder with the newest server that is new enough; fails quietly if there is none.
find_postgres() {
    local folder major best=0
    while IFS= read -r folder; do
        major=$(postgres_major "$folder")
        if [ -n "$major" ] && [ "$major" -ge "$POSTGRES_VERSION_MIN" ] && [ "$major" -gt "$best" ]; then
            best=$major
            PG_BIN=$folder
        fi
    done < <(postgres_folders)
    [ "$best" -gt 0 ]
}

# Debian's package makes and starts a cluster of its own. The tests make theirs, so it is told not to, for this once.
install_postgres() {
    local no_cluster=/etc/postgresql-common/createcluster.d/ltv-tests.conf
    if have apt-get; then
        as_root mkdir -p "${no_cluster%/*}"
        echo "create_main_cluster = false" | as_root tee "$no_cluster" >/dev/null
    fi
    # In a subshell, so that the file goes whether or not the installation succeeds.
    local status=0
    (install "PostgreSQL $POSTGRES_VERSION_MIN or newer" postgresql postgresql@16) || status=$?
    if have apt-get; then
        as_root rm -f "$no_cluster"
    fi
    return "$status"
}

# Exports PG_BIN, which the tests read, and makes sure that its server can run as this user.
need_postgres() {
    local major
    if [ -n "${PG_BIN:-}" ]; then
        major=$(postgres_major "$PG_BIN")
        if [ -z "$major" ] || [ "$major" -lt "$POSTGRES_VERSION_MIN" ]; then
            fail "PG_BIN names $PG_BIN, which holds no whole PostgreSQL $POSTGRES_VERSION_MIN or newer (initdb, pg_ctl, postgres, createdb)"
        fi
    elif ! find_postgres; then
        install_postgres || exit 1
        find_postgres ||
            fail "PostgreSQL is installed, but not in version $POSTGRES_VERSION_MIN or newer. Install one (https://www.postgresql.org/download) and set PG_BIN to its bin folder"
    fi
    export PG_BIN
    # The server refuses to run as root, so the tests step down to the user that its package made.
    if [ "$(id -u)" -eq 0 ]; then
        have setpriv || fail "setpriv (util-linux) is missing: as root, the tests start PostgreSQL through it. Install it, or run as another user"
        id postgres >/dev/null 2>&1 ||
            fail "there is no user \`postgres\`, as whom root's tests start PostgreSQL. Add it (useradd --system postgres), or run as another user"
        setpriv --reuid postgres --regid postgres --init-groups "$PG_BIN/initdb" --version >/dev/null ||
            fail "the user \`postgres\` cannot run $PG_BIN/initdb"
    fi
}

# Sets PROMTOOL. Debian's package of Prometheus would start a server, so only its tool is unpacked.
need_promtool() {
    local folder=$LTV_TOOLS/prometheus
    if have promtool; then
        PROMTOOL=promtool
    elif [ -x "$folder/usr/bin/promtool" ]; then
        PROMTOOL=$folder/usr/bin/promtool
    elif have apt-get && have dpkg-deb; then
        echo "promtool is missing: unpacking it from Debian's package into $folder"
        rm -rf "$folder" && mkdir -p "$folder"
        (cd "$folder" && apt-get download -qq prometheus) || {
            as_root apt-get update -qq || true
            (cd "$folder" && apt-get download -qq prometheus) || fail "apt-get could not download prometheus"
        }
        dpkg-deb --fsys-tarfile "$folder"/prometheus_*.deb | tar -x -C "$folder" ./usr/bin/promtool
        rm -f "$folder"/prometheus_*.deb
        PROMTOOL=$folder/usr/bin/promtool
    else
        install promtool "" prometheus
        PROMTOOL=promtool
    fi
    "$PROMTOOL" --version >/dev/null 2>&1 || fail "promtool is here but does not run"
    export PROMTOOL
}

# The first of these programs that is there.
first_of() {
    local program
    for program in "$@"; do
        if have "$program"; then
            command -v "$program"
            return
        fi
    done
    return 1
}

# Sets CHROMIUM, in which the pages are tested, and makes sure that there is a font to draw with.
need_chromium() {
    local mac="/Applications/Chromium.app/Contents/MacOS/Chromium"
    local -a names=(chromium chromium-browser google-chrome google-chrome-stable "$mac")
    if [ -z "${CHROMIUM:-}" ]; then
        CHROMIUM=$(first_of "${names[@]}") || {
            install Chromium "chromium fonts-dejavu-core" "--cask chromium"
            CHROMIUM=$(first_of "${names[@]}") || fail "Chromium is installed, but not found. Set CHROMIUM to the program"
        }
    fi
    "$CHROMIUM" --version >/dev/null 2>&1 || fail "$CHROMIUM does not run"
    export CHROMIUM
}

# Sets SCHEMATHESIS, in an environment of its own for Python.
need_schemathesis() {
    local folder=$LTV_TOOLS/schemathesis-$SCHEMATHESIS_VERSION
    if [ ! -x "$folder/bin/schemathesis" ]; then
        have python3 || install "Python 3" "python3 python3-venv" python
        # Debian keeps the module that makes environments in a package of its own.
        python3 -c 'import ensurepip, venv' 2>/dev/null || install "Python's venv" python3-venv ""
        echo "schemathesis is missing: installing $SCHEMATHESIS_VERSION with pip into $folder"
        rm -rf "$folder" && mkdir -p "$LTV_TOOLS"
        python3 -m venv "$folder"
        "$folder/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$SCHEMATHESIS_VERSION" || {
            rm -rf "$folder"
            fail "pip could not install schemathesis $SCHEMATHESIS_VERSION"
        }
    fi
    SCHEMATHESIS=$(cd "$folder/bin" && pwd)/schemathesis
    "$SCHEMATHESIS" --version >/dev/null || fail "schemathesis is here but does not run"
    export SCHEMATHESIS
}

#!/bin/sh
# Makes a Debian machine ready: system packages, a virtual environment, locked dependencies, the project itself.
# Usage: deploy/setup.sh runtime|dev   (VENV=.venv PYTHON=python3)
# Does nothing when everything is there already.
set -eu
cd "$(dirname "$0")/.."
kind=${1:?usage: deploy/setup.sh runtime|dev}
venv=${VENV:-.venv}
python=${PYTHON:-python3}
unusable=2

need=""
have() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'install ok installed'; }
want() { have "$1" || need="$need $1"; }

if command -v dpkg-query >/dev/null; then
    want libfbclient2              # the native Firebird client
    want firebird3.0-server-core   # the engine that runs embedded: demo and tests
    want firebird3.0-utils         # gbak and isql
    want libodbc2                  # the ODBC driver manager, which pyodbc's wheel links to
    [ "$kind" = dev ] && want odbc-postgresql # ODBC drivers whose behaviour the tests watch
    [ "$kind" = dev ] && want libsqliteodbc
    [ "$kind" = dev ] && want chromium # the operations page is tested in it
    [ "$kind" = dev ] && want chromium-driver
    [ "$kind" = dev ] && want curl # a test runs the curl line that `make serve` prints
    if [ "$kind" = dev ] && ! command -v cc >/dev/null; then # tests build a disk that loses power
        want gcc
        want libc6-dev
    fi
    if ! command -v "$python" >/dev/null; then
        want python3
        want python3-venv
    elif ! "$python" -c 'import ensurepip' 2>/dev/null; then
        want python3-venv
    fi
else
    echo "setup: this is no Debian; Firebird 3 (client and embedded engine) must be installed already" >&2
fi

if [ -n "$need" ]; then
    if [ "$(id -u)" -ne 0 ]; then
        echo "setup: packages are missing; run:  sudo apt-get install --no-install-recommends$need" >&2
        exit $unusable
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq || { echo "setup: apt-get update failed; mend the package sources first" >&2; exit $unusable; }
    # shellcheck disable=SC2086 # a list of names
    apt-get install -y -qq --no-install-recommends $need >/dev/null
fi

# The Firebird server that the tests start by themselves. The package would start a system service, so its files are only
# unpacked; nothing on the machine changes.
server=.cache/firebird-server
if [ "$kind" = dev ] && [ ! -x "$server/usr/sbin/firebird" ] && ! command -v /usr/sbin/firebird >/dev/null; then
    mkdir -p "$server"
    (
        cd "$server"
        apt-get download -qq firebird3.0-server 2>/dev/null || {
            [ "$(id -u)" -eq 0 ] && apt-get update -qq && apt-get download -qq firebird3.0-server
        } || { echo "setup: cannot fetch firebird3.0-server; run:  sudo apt-get update" >&2; exit $unusable; }
        dpkg -x firebird3.0-server_*.deb .
        rm -f firebird3.0-server_*.deb
    )
fi

# The PostgreSQL server that the tests start by themselves, unpacked for the same reason. Only the libraries that its
# package names are installed, without LLVM: it runs with jit off.
postgresql=.cache/postgresql
if [ "$kind" = dev ] && command -v dpkg-query >/dev/null &&
    ! ls "$postgresql"/usr/lib/postgresql/*/bin/initdb /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
    newest() { apt-cache depends postgresql 2>/dev/null | sed -n 's/^ *Depends: \(postgresql-[0-9]*\)$/\1/p'; }
    fetch() { package=$(newest) && [ -n "$package" ] && apt-get download -qq "$package" 2>/dev/null; }
    mkdir -p "$postgresql"
    (
        cd "$postgresql"
        fetch || { [ "$(id -u)" -eq 0 ] && apt-get update -qq && fetch; } || {
            echo "setup: cannot fetch PostgreSQL; run:  sudo apt-get update" >&2
            exit $unusable
        }
        need=""
        for library in $(dpkg-deb -f "$package"_*.deb Depends | tr ',' '\n' | awk '$1 ~ /^lib/ && $1 !~ /^libllvm/ { print $1 }'); do
            want "$library"
        done
        if [ -n "$need" ]; then
            if [ "$(id -u)" -ne 0 ]; then
                echo "setup: packages are missing; run:  sudo apt-get install --no-install-recommends$need" >&2
                exit $unusable
            fi
            # shellcheck disable=SC2086 # a list of names
            DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $need >/dev/null
        fi
        dpkg -x "$package"_*.deb .
        rm -rf "$package"_*.deb usr/lib/postgresql/*/lib/bitcode
    )
fi

command -v "$python" >/dev/null || { echo "setup: there is no $python; name one:  make PYTHON=python3 ..." >&2; exit $unusable; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "setup: $python is older than Python 3.11; name a newer one:  make PYTHON=python3.12 ..." >&2
    exit $unusable
}

lock=requirements/$kind.lock
stamp=$venv/.set-up-$kind
wanted=$(cat requirements/*.lock pyproject.toml | sha256sum)
# What the tests need contains what the demo needs.
if [ -f "$venv/.set-up-dev" ]; then
    stamp=$venv/.set-up-dev
    lock=requirements/dev.lock
fi
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ]; then
    [ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
    printf '%s\n' "$wanted" >"$stamp"
fi

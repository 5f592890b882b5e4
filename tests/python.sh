# Sourced by the scripts beside it: which Python to use, and an environment of no surprise.

unset ${!PYTHON@} # PYTHONPATH, PYTHONUNBUFFERED and their like change what is tested
NEEDS_PYTHON="needs Python 3.11 or newer with the venv module (Debian, Ubuntu: apt-get install python3-venv)"

find_python() { # the first Python that is new enough and can make a virtual environment
    local python
    for python in python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s\n' "$python"
            return
        fi
    done
}

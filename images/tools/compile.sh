#!/bin/sh
# compile.sh PREFIX: compiles the modules of an environment.  A person cannot write beside
# them, so each of their kernels would compile them anew, in two thirds of an import's time.
set -eu
# Templates of Python 2 and the like are no modules, and fail; `verify` looks at the others.
"$1/bin/python" -W ignore -m compileall -q -j 0 "$1"/lib/python3*/site-packages > /dev/null || true

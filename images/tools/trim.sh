#!/bin/sh
# trim.sh PREFIX: leaves out of an environment what nobody runs in a server.  Licences stay.
set -eu

# Packages' own tests, a quarter of a gigabyte.  Those of NumPy are imported by its
# `testing`, and pandas ships helpers among them.
find "$1/lib" -type d \( -name tests -o -name test \) -path '*/site-packages/*' \
    -not -path '*/numpy/*' -not -path '*/pandas/*' -prune -exec rm -rf {} +

# What a browser's debugger shows instead of the packed code.
find "$1" -type f \( -name '*.js.map' -o -name '*.css.map' \) -delete

# The hub's web pages: a person's server draws none of them.
rm -rf "$1/share/jupyterhub/static/components"

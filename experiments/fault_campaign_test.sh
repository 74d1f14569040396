#!/bin/sh
# Twenty runs in which something bad happens to a rank.
set -eu
"$1" --seeds=1..20

